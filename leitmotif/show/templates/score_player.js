// The film and two sounds that follow it: A is the cue's track, B the one it is compared with.
// Both run all the time, one of them silent, so that changing over is instant.

const NEAR_S = 0.008, FAR_S = 0.05, STRETCH = 0.04, BLOBS = 16;

class Follower {
  constructor(element) {
    this.element = element;
    this.lead = 0;      // seconds that a seek of this browser comes late
    this.asked = "";
    this.blobs = new Map();
    this.jumped = 0;
    this.lates = [];
    element.preservesPitch = true;
  }

  // Fetch a cue's sound, so that it is there when the playhead arrives.
  async fetched(address) {
    if (!this.blobs.has(address)) {
      this.blobs.set(address, fetch(address).then(async (answer) => {
        if (!answer.ok) throw new Error(String(answer.status));
        return URL.createObjectURL(await answer.blob());
      }));
      this.blobs.get(address).catch(() => this.blobs.delete(address));
      while (this.blobs.size > BLOBS) this.drop(this.blobs.keys().next().value);
    }
    return this.blobs.get(address);
  }

  drop(address) {
    const blob = this.blobs.get(address);
    this.blobs.delete(address);
    if (blob) blob.then(URL.revokeObjectURL, () => {});
  }

  async take(address) {
    if (this.asked === address) return;
    this.asked = address;
    this.element.pause();
    if (!address) return this.element.removeAttribute("src");
    const blob = await this.fetched(address).catch(() => "");
    if (this.asked === address && blob) this.element.src = blob;
  }

  // Keep to `target` seconds: small differences by speed, large ones by a jump.
  follow(target, playing) {
    const sound = this.element;
    if (!this.asked || sound.readyState < 1) return null;
    if (target >= sound.duration) { sound.pause(); return null; }
    if (!playing) {
      sound.pause();
      if (Math.abs(sound.currentTime - target) > 0.005) sound.currentTime = target;
      return null;
    }
    if (sound.paused) { sound.currentTime = target + this.lead; sound.play().catch(() => {}); this.jumped = performance.now(); return null; }
    if (sound.seeking) return null;
    if (performance.now() - this.jumped < 150) { this.lates = []; return null; }
    // The two clocks of a browser tick unevenly: the middle of the last few differences counts.
    this.lates = [...this.lates.slice(-8), target - sound.currentTime];
    const late = [...this.lates].sort((a, b) => a - b)[this.lates.length >> 1];
    if (Math.abs(late) > FAR_S && this.lates.length > 3) {
      this.lead = Math.min(Math.max(this.lead + late / 2, 0), 0.3);
      sound.currentTime = target + this.lead;
      this.jumped = performance.now();
    } else {
      sound.playbackRate = Math.abs(late) < NEAR_S ? 1 : 1 + Math.min(Math.max(1.5 * late, -STRETCH), STRETCH);
    }
    return this.lates.length > 3 ? Math.abs(late) : null;
  }

  end() {
    this.element.pause();
    for (const address of [...this.blobs.keys()]) this.drop(address);
  }
}

class Player {
  // told(frame) hears of every new place, changed() of playing, side and sound.
  constructor(video, soundA, soundB, told, changed) {
    this.video = video;
    this.sounds = { a: new Follower(soundA), b: new Follower(soundB) };
    this.told = told;
    this.changed = changed;
    this.side = "a";
    this.own = { at: 0, since: null };  // a clock for films that this browser cannot show
    this.plan = { cues: [], clock: null, compared: null };
    this.apart = [];
    this.step = this.step.bind(this);
    video.addEventListener("seeked", () => this.look());
    video.addEventListener("loadedmetadata", () => this.seek(this.place));
    for (const name of ["play", "pause", "ended"]) video.addEventListener(name, () => this.started());
    this.place = 0;
  }

  get shown() { return Boolean(this.video.getAttribute("src")) && !this.video.error; }

  get playing() { return this.shown ? !this.video.paused && !this.video.ended : this.own.since !== null; }

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
    for (const cue of plan.cues) if (cue.sound) this.near(cue);
    this.follow();
  }

  // Fetch what plays here and next.
  near(cue) {
    const { clock } = this.plan, ahead = clock.seconds(cue.start) - this.time;
    if (ahead < 20 && clock.seconds(cue.end) > this.time) this.sounds.a.fetched(cue.sound).catch(() => {});
  }

  async play() {
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
    if (this.playing && !this.running) { this.running = true; requestAnimationFrame(this.step); }
    this.follow();
    this.changed();
  }

  step() {
    this.look();
    if (!this.shown && this.playing && this.time >= this.plan.clock.length) this.pause();
    this.running = this.playing;
    if (this.running) requestAnimationFrame(this.step);
  }

  look() {
    if (!this.plan.clock) return;
    this.place = this.frame;
    this.follow();
    this.told(this.place);
  }

  follow() {
    const { clock, cues, compared } = this.plan;
    if (!clock) return;
    const time = this.time, frame = clock.frameAt(time);
    const cue = cues.find((c) => c.start <= frame && frame < c.end && !c.muted);
    const next = cues.find((c) => c.start > frame && c.sound);
    if (next) this.near(next);
    const other = cue && compared && compared.cue === cue.n ? compared.sound : null;
    this.sounds.a.take(cue && cue.sound ? cue.sound : "");
    this.sounds.b.take(other || "");
    const heard = this.side === "b" && other ? "b" : "a";
    for (const side of ["a", "b"]) {
      this.sounds[side].element.muted = side !== heard;
      const off = cue ? this.sounds[side].follow(time - clock.seconds(cue.start), this.playing) : null;
      if (!cue) this.sounds[side].element.pause();
      if (off !== null && side === heard) this.noted(off);
    }
  }

  // The last second's distances between the picture and the sound that is heard, in seconds.
  noted(off) {
    this.apart.push(off);
    if (this.apart.length > 60) this.apart.shift();
  }

  get drift() { return this.apart.length ? Math.max(...this.apart) : 0; }

  end() {
    this.pause();
    this.sounds.a.end();
    this.sounds.b.end();
  }
}
