// The film and two sounds that follow it: A is the cue's track, B the one it is compared with.
// Both are played by one audio clock, one of them silent: they cannot drift apart, and changing over
// is instant. The picture is held to that clock by changes of its speed that nobody sees.

const AHEAD_S = 0.5, NEAR_S = 0.004, FAR_S = 0.06, NUDGE = 0.04, MOVES = 4, KEPT = 4, FADE_S = 0.005;

class Sounds {
  constructor(context) {
    this.context = context;
    this.kept = new Map();  // address to {buffer} once it is decoded
  }

  // A cue's decoded sound, or null while it is fetched. The last few stay.
  get(address) {
    let entry = this.kept.get(address);
    if (entry) this.kept.delete(address);
    else { entry = { buffer: null }; this.fetch(address, entry); }
    this.kept.set(address, entry);
    while (this.kept.size > KEPT) this.kept.delete(this.kept.keys().next().value);
    return entry.buffer;
  }

  async fetch(address, entry) {
    try {
      const answer = await fetch(address);
      if (!answer.ok) throw new Error(String(answer.status));
      entry.buffer = await this.context.decodeAudioData(await answer.arrayBuffer());
    } catch {
      setTimeout(() => { if (this.kept.get(address) === entry) this.kept.delete(address); }, 1000);
    }
  }
}

// Sounds at their places in the film, by one clock: `base` says which second of the film is heard
// at which second of the clock.
class Mixer {
  constructor() {
    this.context = new AudioContext({ latencyHint: "interactive" });
    this.sounds = new Sounds(this.context);
    this.gains = { a: this.context.createGain(), b: this.context.createGain() };
    for (const gain of Object.values(this.gains)) gain.connect(this.context.destination);
    this.nodes = new Map();
    this.base = null;
    this.lates = [];
    this.before = Infinity;
    this.moves = 0;
  }

  get latency() { return this.context.outputLatency || this.context.baseLatency || 0; }

  // Second of the film that is heard now.
  get heard() { return this.base.film + this.context.currentTime - this.latency - this.base.at; }

  // Let exactly these be heard: a list of {side, address, start}, start in seconds of the film.
  play(wanted, time) {
    if (this.context.state !== "running") { this.context.resume(); return; }
    if (!this.base && !this.begun(time)) return;
    const names = new Set();
    for (const one of wanted) {
      const name = `${one.side} ${one.address} ${one.start}`;
      names.add(name);
      const buffer = this.sounds.get(one.address);
      if (buffer && !this.nodes.has(name)) this.start(name, one, buffer);
    }
    for (const name of [...this.nodes.keys()]) if (!names.has(name)) this.drop(name);
  }

  // Whether a picture that was told to play moves by now; then the clock is set by it.
  begun(time) {
    this.moves += time > this.before;
    this.before = time;
    if (this.moves < MOVES) return false;
    this.base = { film: time, at: this.context.currentTime - this.latency };
    this.lates = [];
    return true;
  }

  start(name, { side, start }, buffer) {
    const node = new AudioBufferSourceNode(this.context, { buffer });
    const when = Math.max(this.context.currentTime + 0.01, this.base.at + start - this.base.film);
    const offset = Math.max(this.base.film + when - this.base.at - start, 0);
    if (offset >= buffer.duration) return;
    node.connect(this.gains[side]);
    node.start(when, offset);
    this.nodes.set(name, node);
  }

  drop(name) {
    this.nodes.get(name).stop();
    this.nodes.delete(name);
  }

  stop() {
    for (const name of [...this.nodes.keys()]) this.drop(name);
    this.base = null;
    this.before = Infinity;
    this.moves = 0;
  }

  listen(side) {
    const now = this.context.currentTime;
    for (const [name, gain] of Object.entries(this.gains)) gain.gain.setTargetAtTime(name === side ? 1 : 0, now, FADE_S);
  }

  // By how much the sound is ahead of a second of the film: the middle of the last few looks,
  // because the two clocks of a browser tick unevenly. Null while nobody can say.
  ahead(time) {
    if (!this.base) return null;
    this.lates = [...this.lates.slice(-10), this.heard - time];
    return this.lates.length < 6 ? null : [...this.lates].sort((x, y) => x - y)[this.lates.length >> 1];
  }

  end() {
    this.stop();
    this.context.close();
  }
}

class Player {
  // told(frame) hears of every new place, changed() of playing, side and sound.
  constructor(video, told, changed) {
    this.video = video;
    this.mixer = new Mixer();
    this.told = told;
    this.changed = changed;
    this.side = "a";
    this.own = { at: 0, since: null };  // a clock for films that this browser cannot show
    this.plan = { cues: [], clock: null, compared: null };
    this.apart = [];
    this.heard = "";
    this.step = this.step.bind(this);
    video.preservesPitch = true;
    video.addEventListener("seeking", () => this.mixer.stop());
    video.addEventListener("waiting", () => this.mixer.stop());
    video.addEventListener("seeked", () => this.look());
    video.addEventListener("loadedmetadata", () => this.seek(this.place));
    for (const name of ["play", "playing", "pause", "ended"]) video.addEventListener(name, () => this.started());
    this.place = 0;
  }

  get shown() { return Boolean(this.video.getAttribute("src")) && !this.video.error; }

  get playing() { return this.shown ? !this.video.paused && !this.video.ended : this.own.since !== null; }

  // Playing, and the picture moves: it neither seeks nor waits for data.
  get running() { return this.playing && (!this.shown || (!this.video.seeking && this.video.readyState > 2)); }

  get time() {
    if (this.shown) return this.video.currentTime;
    const gone = this.own.since === null ? 0 : (performance.now() - this.own.since) / 1000;
    return Math.min(this.own.at + gone, this.plan.clock ? this.plan.clock.length : 0);
  }

  get frame() { return this.plan.clock ? this.plan.clock.frameAt(this.time) : 0; }

  // cues, clock; compared: {cue, sound} of side B.
  set(plan, address) {
    this.plan = plan;
    if (address !== undefined && this.video.getAttribute("src") !== address) {
      if (address) this.video.src = address; else this.video.removeAttribute("src");
    }
    for (const { address: sound } of this.wanted(20)) this.mixer.sounds.get(sound);
    this.follow();
  }

  async play() {
    this.mixer.context.resume();
    if (this.frame >= this.plan.clock.frames - 1) this.seek(0);
    if (this.shown) await this.video.play().catch(() => {});
    else this.own = { at: this.time, since: performance.now() };
    this.started();
  }

  pause() {
    if (this.shown) this.video.pause();
    else this.own = { at: this.time, since: null };
    this.started();
  }

  toggle() { if (this.playing) this.pause(); else this.play(); }

  seek(frame) {
    const { clock } = this.plan;
    if (!clock) return;
    this.place = Math.min(Math.max(frame, 0), clock.frames - 1);
    const time = clock.seconds(this.place + 0.5);  // the middle of the frame: no rounding reaches its neighbour
    this.mixer.stop();
    if (this.shown) this.video.currentTime = time;
    else this.own = { at: time, since: this.playing ? performance.now() : null };
    this.look();
  }

  listen(side) {
    this.side = side;
    this.follow();
    this.changed();
  }

  started() {
    if (this.playing && !this.stepping) { this.stepping = true; requestAnimationFrame(this.step); }
    this.follow();
    this.changed();
  }

  step() {
    this.look();
    if (!this.shown && this.playing && this.time >= this.plan.clock.length) this.pause();
    this.stepping = this.playing;
    if (this.stepping) requestAnimationFrame(this.step);
  }

  look() {
    if (!this.plan.clock) return;
    this.place = this.frame;
    this.follow();
    this.told(this.place);
  }

  // What is to be heard from here on for some seconds: at most two cues' worth, so that as much is kept.
  wanted(ahead) {
    const { clock, cues, compared } = this.plan, time = this.time, found = [];
    if (!clock) return found;
    for (const cue of cues) {
      const start = clock.seconds(cue.start);
      if (cue.muted || start > time + ahead || clock.seconds(cue.end) <= time) continue;
      if (cue.sound) found.push({ side: "a", address: cue.sound, start });
      if (compared && compared.cue === cue.n && compared.sound) found.push({ side: "b", address: compared.sound, start });
    }
    return found.slice(0, KEPT);
  }

  follow() {
    const { clock, cues, compared } = this.plan, { mixer } = this;
    if (!clock) return;
    const time = this.time, frame = clock.frameAt(time);
    const cue = cues.find((c) => c.start <= frame && frame < c.end && !c.muted);
    const other = cue && compared && compared.cue === cue.n && compared.sound;
    this.heard = this.side === "b" && other ? "b" : "a";
    mixer.listen(this.heard);
    if (!this.running) { mixer.stop(); this.video.playbackRate = 1; return; }
    mixer.play(this.wanted(AHEAD_S), time);
    const ahead = mixer.ahead(time);
    if (ahead === null) return;
    if (Math.abs(ahead) > (this.shown ? FAR_S : FAR_S / 3)) { mixer.stop(); return; }
    this.video.playbackRate = Math.abs(ahead) < NEAR_S ? 1 : 1 + Math.min(Math.max(1.5 * ahead, -NUDGE), NUDGE);
    this.noted(Math.abs(ahead));
  }

  // The last second's distances between the picture and what is heard, in seconds.
  noted(off) {
    this.apart.push(off);
    if (this.apart.length > 60) this.apart.shift();
  }

  // Their median; 0 before half of them are there.
  get drift() {
    const { apart } = this;
    return apart.length < 30 ? 0 : [...apart].sort((a, b) => a - b)[apart.length >> 1];
  }

  end() {
    this.pause();
    this.mixer.end();
  }
}
