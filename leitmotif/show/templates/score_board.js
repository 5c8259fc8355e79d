// The board: monitor, transport, timeline and the chosen cue. It draws what `data` says, shows at
// once what somebody does, and sends it as one operation after the other; the answer is new `data`.

const ICONS = {
  play: "M5 3l9 5-9 5z", pause: "M4 3h3v10H4zM9 3h3v10H9z",
  undo: "M6 3L2.5 6.5 6 10M3 6.5h6a4 4 0 010 8H6", redo: "M10 3l3.5 3.5L10 10M13 6.5H7a4 4 0 000 8h3",
  lock: "M4 7h8v7H4zM5.5 7V5a2.5 2.5 0 015 0v2", open: "M4 7h8v7H4zM5.5 7V4.5a2.5 2.5 0 014.6-1.3",
  mute: "M2 6h3l4-3v10L5 10H2zM11 6l3.5 4M14.5 6L11 10", sound: "M2 6h3l4-3v10L5 10H2zM11 5.5a3.5 3.5 0 010 5M12.7 3.5a6 6 0 010 9",
  split: "M8 1.5v13M2 5h3.5v6H2zM10.5 5H14v6h-3.5z", join: "M2 5h5v6H2zM9 5h5v6H9zM7 8h2",
  hit: "M4 14V2.5h8l-2 3 2 3H4", closer: "M8 3v10M3 8h10", wider: "M3 8h10", fit: "M2 4v8M14 4v8M4.5 8h7M6.5 6l-2 2 2 2M9.5 6l2 2-2 2",
  first: "M3 3v10M13 3L6 8l7 5z", away: "M4 4l8 8M12 4l-8 8",
};
const SNAP = 8, NARROW = 640;
const boards = new WeakMap();

function icon(name) {
  const filled = ["play", "pause"].includes(name);
  const paint = filled ? 'fill="currentColor"' : 'fill="none" stroke="currentColor" stroke-width="1.5" stroke-linejoin="round" stroke-linecap="round"';
  return `<svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"><path ${paint} d="${ICONS[name]}"/></svg>`;
}

function made(tag, classes = "", text = "") {
  const element = document.createElement(tag);
  if (classes) element.className = classes;
  if (text) element.textContent = text;
  return element;
}

class Board {
  constructor(root) {
    this.root = root;
    this.chosen = "";
    this.scale = 0;
    this.sent = 0;
    this.waiting = [];
    this.build();
    this.painter = new Painter(this.canvas);
    this.painter.loaded = () => this.paint();
    this.player = new Player(this.video, (f) => this.moved(f), () => { this.transport(); this.paint(); });
    this.sizes = new ResizeObserver(() => this.sized());
    this.sizes.observe(this.scroll);
    this.listen();
  }

  // ------------------------------------------------------------------ parts

  build() {
    const board = made("div", "board");
    board.tabIndex = -1;
    board.innerHTML = `
      <div class="top">
        <div class="monitor"><video playsinline preload="auto"></video><div class="still"></div></div>
        <div class="chosen"></div>
      </div>
      <div class="transport" role="toolbar"></div>
      <div class="time-line">
        <div class="heads" aria-hidden="true"></div>
        <div class="scroll" tabindex="0" role="group">
          <div class="content"><canvas></canvas><div class="cues"></div><div class="playhead"><i></i></div><div class="tip"></div></div>
        </div>
      </div>
      <div class="foot"><div class="said" role="status"></div><div class="keys"></div></div>`;
    this.root.replaceChildren(board);
    const get = (name) => board.querySelector(name);
    Object.assign(this, { board, video: get("video"), still: get(".still") });
    Object.assign(this, { panel: get(".chosen"), bar: get(".transport"), heads: get(".heads"), scroll: get(".scroll") });
    Object.assign(this, { content: get(".content"), canvas: get("canvas"), cues: get(".cues"), head: get(".playhead") });
    Object.assign(this, { tip: get(".tip"), said: get(".said"), keys: get(".keys") });
    this.content.style.height = `${HEIGHT}px`;
  }

  button(name, label, act, options = {}) {
    const button = made("button", options.classes || "");
    button.type = "button";
    button.dataset.act = name;
    if (options.icon) button.innerHTML = icon(options.icon);
    if (options.text) button.append(made("span", "", options.text));
    button.title = options.key ? `${label} (${options.key})` : label;
    button.setAttribute("aria-label", label);
    if (options.pressed !== undefined) button.setAttribute("aria-pressed", String(options.pressed));
    button.disabled = Boolean(options.disabled);
    button.addEventListener("click", (event) => {
      act();
      if (event.detail) this.scroll.focus({ preventScroll: true });  // Space stays with the film
    });
    return button;
  }

  // ------------------------------------------------------------------ what is known

  take(component) {
    this.component = component;
    const before = this.data, { data } = component;
    if (data.ack >= this.sent) this.inFlight = false;
    if (this.drag) { this.later = component; return; }
    this.data = data;
    this.words = data.words;
    this.clock = new Clock(data.film);
    if (!before || before.film.key !== data.film.key) { this.scale = 0; this.chosen = ""; this.player.place = 0; }
    if (!data.cues.some((c) => c.n === this.chosen)) this.chosen = this.beneath(before) || "";
    this.player.set({ cues: data.cues, clock: this.clock, compared: data.compared }, data.film.src || "");
    this.video.muted = !this.filmHeard();
    this.colours();
    this.lanes();
    this.sized();
    this.transport();
    this.inspect();
    this.tell();
    this.send();
    if (!data.pending) { clearInterval(this.poll); this.poll = 0; }
    else if (!this.poll) this.poll = setInterval(() => this.component.setTriggerValue("look", Date.now()), 600);
  }

  // What lies where the cue was that is gone now, else what is under the playhead, else the first.
  beneath(before) {
    const was = before && before.cues.find((c) => c.n === this.chosen);
    const at = was ? was.start : this.player.place;
    const found = this.data.cues.find((c) => c.start <= at && at < c.end) || this.data.cues[0];
    return found && found.n;
  }

  filmHeard() { return this.data.film.sound && this.own !== false; }

  cue(number = this.chosen) { return this.data.cues.find((c) => c.n === number); }

  colours() {
    const style = getComputedStyle(this.board);
    const read = (name, other) => style.getPropertyValue(name).trim() || other;
    this.look = { text: read("--st-text-color", "#222"), ground: read("--st-background-color", "#fff"), lane: read("--st-secondary-background-color", "#eee") };
  }

  // ------------------------------------------------------------------ sending

  // One operation after the other: the next waits until the page has answered the last.
  act(operation) {
    this.waiting.push(operation);
    this.send();
  }

  send() {
    if (this.inFlight || !this.waiting.length) return;
    this.inFlight = true;
    this.sent = Math.max(this.sent, this.data.ack) + 1;
    this.component.setTriggerValue("act", { id: this.sent, acts: this.waiting.splice(0) });
  }

  tell(text = this.data.said) {
    const { work } = this.data;
    this.said.textContent = text || (work ? work.text : "");
    this.said.classList.toggle("trouble", Boolean(text && !work));
    this.board.style.setProperty("--work", work ? work.share : 0);
    this.board.classList.toggle("working", Boolean(work));
    this.keys.textContent = this.words.keys;
  }

  // ------------------------------------------------------------------ transport

  transport() {
    if (!this.data) return;
    const w = this.words, { player } = this, cue = this.cue(), compared = this.data.compared;
    const state = JSON.stringify([player.playing, player.side, this.own, this.chosen, cue, compared, this.data.undo, this.data.redo, w.play, this.data.film.sound]);
    if (state === this.drawn) return;
    this.drawn = state;
    const focused = this.root.getRootNode().activeElement, name = focused && focused.dataset ? focused.dataset.act : "";
    const time = made("output", "timecode", this.clock.timecode(player.place));
    time.setAttribute("aria-label", w.timecode);
    const group = (...parts) => { const g = made("div", "group"); g.append(...parts); return g; };
    const index = this.data.cues.indexOf(cue), next = this.data.cues[index + 1];
    const inside = cue && cue.start < player.place && player.place < cue.end;
    const playing = player.playing;
    this.bar.replaceChildren(
      group(
        this.button("first", w.first, () => player.seek(0), { icon: "first", key: "Home" }),
        this.button("play", playing ? w.pause : w.play, () => player.toggle(), { icon: playing ? "pause" : "play", classes: "main", key: w.space }),
        time,
      ),
      group(
        this.side("a", w.side_a, true),
        this.side("b", w.side_b, Boolean(compared && cue && compared.cue === cue.n && compared.sound)),
        this.button("own", w.own_sound, () => this.hearFilm(), { icon: this.filmHeard() ? "sound" : "mute", text: w.film_sound, pressed: this.filmHeard(), disabled: !this.data.film.sound, key: "O", classes: "wide" }),
      ),
      group(
        this.button("undo", w.undo, () => this.act({ do: "undo" }), { icon: "undo", disabled: !this.data.undo, key: "Ctrl Z" }),
        this.button("redo", w.redo, () => this.act({ do: "redo" }), { icon: "redo", disabled: !this.data.redo, key: "Ctrl ⇧ Z" }),
      ),
      group(
        this.button("lock", cue && cue.locked ? w.unlock : w.lock, () => this.lock(), { icon: cue && cue.locked ? "lock" : "open", disabled: !cue, pressed: Boolean(cue && cue.locked), key: "L" }),
        this.button("mute", cue && cue.muted ? w.unmute : w.mute, () => this.mute(), { icon: "mute", disabled: !cue, pressed: Boolean(cue && cue.muted), key: "M" }),
        this.button("split", w.split, () => this.split(), { icon: "split", disabled: !inside, key: "S" }),
        this.button("join", w.join, () => this.join(), { icon: "join", disabled: !next, key: "J" }),
        this.button("hit", w.hit, () => this.hit(), { icon: "hit", disabled: !cue, key: "H" }),
      ),
      group(
        this.button("wider", w.wider, () => this.zoom(1 / 1.5), { icon: "wider", key: "−" }),
        this.button("fit", w.fit, () => this.fitted(), { icon: "fit", key: "0" }),
        this.button("closer", w.closer, () => this.zoom(1.5), { icon: "closer", key: "+" }),
      ),
    );
    this.time = time;
    if (name) { const again = this.bar.querySelector(`[data-act="${name}"]`); if (again) again.focus({ preventScroll: true }); }
  }

  side(side, label, there) {
    const pressed = this.player.side === side && there;
    return this.button(side, label, () => this.player.listen(side), { text: side.toUpperCase(), pressed, disabled: !there, classes: `side ${side}`, key: side.toUpperCase() });
  }

  hearFilm() {
    this.own = !this.filmHeard();
    this.video.muted = !this.filmHeard();
    this.transport();
  }

  moved(frame) {
    if (this.time) this.time.textContent = this.clock.timecode(frame);
    this.head.style.transform = `translateX(${this.clock.seconds(frame) * this.scale}px)`;
    this.board.dataset.frame = frame;
    this.board.dataset.drift = (1000 * this.player.drift).toFixed(1);
    this.board.dataset.heard = this.player.heard;
    this.board.dataset.running = [...this.player.mixer.nodes.keys()].map((name) => name[0]).join("");
    if (this.player.playing) this.keepInSight(frame);
    const inside = this.cue() && this.cue().start < frame && frame < this.cue().end;
    const split = this.bar.querySelector('[data-act="split"]');
    if (split) split.disabled = !inside;
    if (!this.data.film.src) this.showStill(frame);
  }

  // A film that browsers cannot play: its strip, one picture at a time.
  showStill(frame) {
    const { strip } = this.data;
    this.still.hidden = !strip;
    if (!strip) return;
    const at = Math.min(Math.floor(this.clock.seconds(frame) / strip.step), strip.n - 1);
    const rows = Math.ceil(strip.n / strip.cols);
    this.still.style.aspectRatio = `${strip.w} / ${strip.h}`;
    this.still.style.backgroundImage = `url("${strip.src}")`;
    this.still.style.backgroundSize = `${100 * strip.cols}% ${100 * rows}%`;
    const place = (n, of) => (of > 1 ? (100 * n) / (of - 1) : 0);
    this.still.style.backgroundPosition = `${place(at % strip.cols, strip.cols)}% ${place(Math.floor(at / strip.cols), rows)}%`;
  }

  keepInSight(frame) {
    const x = this.clock.seconds(frame) * this.scale, { scrollLeft, clientWidth } = this.scroll;
    if (x < scrollLeft || x > scrollLeft + clientWidth - 24) this.scroll.scrollLeft = Math.max(x - 40, 0);
  }

  // ------------------------------------------------------------------ timeline

  sized() {
    if (!this.data) return;
    const wide = this.scroll.clientWidth;
    this.least = (wide - 2) / this.clock.length;
    if (!this.scale || this.scale < this.least) this.scale = this.least;
    this.content.style.width = `${Math.max(Math.ceil(this.clock.length * this.scale), wide - 2)}px`;
    this.board.classList.toggle("narrow", this.board.clientWidth < NARROW);
    this.overlay();
    this.paint();
    this.moved(this.player.place);
  }

  zoom(by, middle = null) {
    const most = 40 * this.clock.fps;
    const at = middle === null ? this.clock.seconds(this.player.place) : middle;
    const offset = at * this.scale - this.scroll.scrollLeft;
    this.scale = Math.min(Math.max(this.scale * by, this.least), Math.max(most, this.least));
    this.sized();
    this.scroll.scrollLeft = at * this.scale - Math.min(Math.max(offset, 0), this.scroll.clientWidth);
    this.paint();
  }

  fitted() { this.scale = this.least; this.sized(); }

  paint() {
    if (!this.data) return;
    const view = { scale: this.scale, left: this.scroll.scrollLeft, width: this.scroll.clientWidth };
    this.painter.selected = this.chosen;
    this.painter.other = this.player.side === "b" ? this.data.compared : null;
    this.painter.paint(this.data, this.clock, view, this.look, this.drag && this.drag.cue);
  }

  lanes() {
    const w = this.words, lane = (name, top, tall) => {
      const head = made("div", "lane", name);
      head.style.top = `${top}px`;
      head.style.height = `${tall}px`;
      return head;
    };
    this.heads.replaceChildren(
      lane(w.lane_picture, TOPS.picture, PICTURE),
      lane(w.lane_speech, TOPS.speech, SPEECH),
      lane(w.lane_music, TOPS.music, MUSIC),
    );
    this.scroll.setAttribute("aria-label", w.timeline);
    this.board.classList.toggle("no-speech", !this.data.speech || !this.data.speech.length);
    this.content.dataset.silent = this.data.speech_said || "";
  }

  // Cues as elements that can be focused, dragged and read aloud, over their painted waveforms.
  overlay() {
    const kept = new Map([...this.cues.children].map((e) => [e.dataset.cue, e]));
    const shown = this.data.cues.map((cue) => {
      const element = kept.get(cue.n) || this.cueElement(cue.n);
      this.place(element, this.drag && this.drag.cue.n === cue.n ? this.drag.cue : cue);
      return element;
    });
    const focused = this.root.getRootNode().activeElement;
    if (shown.length !== this.cues.children.length || shown.some((e, k) => this.cues.children[k] !== e)) {
      this.cues.replaceChildren(...shown);
      if (focused && focused.isConnected && shown.some((e) => e.contains(focused))) focused.focus({ preventScroll: true });
    }
  }

  cueElement(number) {
    const cue = made("div", "cue");
    cue.dataset.cue = number;
    cue.append(made("button", "body"), this.handle("in"), this.handle("out"), made("div", "hits"));
    const body = cue.querySelector(".body");
    body.type = "button";
    body.append(made("b"), made("span", "name"), made("i"));
    body.addEventListener("focus", () => this.choose(number));
    return cue;
  }

  handle(which) {
    const handle = made("div", `handle ${which}`);
    handle.dataset.handle = which;
    handle.tabIndex = 0;
    handle.setAttribute("role", "slider");
    return handle;
  }

  place(element, cue) {
    const { clock, scale, words: w } = this;
    const x = clock.seconds(cue.start) * scale, wide = (clock.seconds(cue.end) - clock.seconds(cue.start)) * scale;
    Object.assign(element.style, { left: `${x}px`, width: `${Math.max(wide, 3)}px`, top: `${TOPS.music}px`, height: `${MUSIC}px` });
    for (const name of ["locked", "muted", "gone", "fitting"]) element.classList.toggle(name, Boolean(cue[name]));
    element.classList.toggle("selected", cue.n === this.chosen);
    element.classList.toggle("tiny", wide < 46);
    const [number, name, length] = element.querySelector(".body").children;
    number.textContent = cue.n;
    name.textContent = cue.title || w.no_track;
    length.textContent = clock.span(cue.end - cue.start);
    const said = [cue.n, cue.title || w.no_track, `${clock.timecode(cue.start)} – ${clock.timecode(cue.end)}`];
    if (cue.locked) said.push(w.locked);
    if (cue.muted) said.push(w.muted);
    element.querySelector(".body").setAttribute("aria-label", said.join(", "));
    for (const [which, frame] of [["in", cue.start], ["out", cue.end]]) {
      const handle = element.querySelector(`.handle.${which}`);
      handle.setAttribute("aria-label", `${w[which]} ${cue.n}`);
      handle.setAttribute("aria-valuemin", 0);
      handle.setAttribute("aria-valuemax", clock.frames);
      handle.setAttribute("aria-valuenow", frame);
      handle.setAttribute("aria-valuetext", clock.timecode(frame));
    }
    element.querySelector(".hits").replaceChildren(...cue.hits.map((hit) => this.flag(cue, hit)));
  }

  flag(cue, hit) {
    const flag = made("button", "flag");
    flag.type = "button";
    flag.style.left = `${(this.clock.seconds(hit.frame) - this.clock.seconds(cue.start)) * this.scale}px`;
    flag.classList.toggle("missed", hit.miss !== null && Math.abs(hit.miss) > 2);
    flag.title = `${hit.label ? `${hit.label} · ` : ""}${this.clock.timecode(hit.frame)} · ${hit.said}`;
    flag.setAttribute("aria-label", flag.title);
    flag.addEventListener("click", () => { this.choose(cue.n); this.player.seek(hit.frame); });
    return flag;
  }

  choose(number) {
    if (this.chosen === number) return;
    this.chosen = number;
    for (const element of this.cues.children) element.classList.toggle("selected", element.dataset.cue === number);
    this.transport();
    this.inspect();
    this.paint();
  }

  // ------------------------------------------------------------------ dragging

  listen() {
    this.scroll.addEventListener("scroll", () => this.paint(), { passive: true });
    this.content.addEventListener("pointerdown", (event) => this.grab(event));
    this.content.addEventListener("pointermove", (event) => this.pull(event));
    for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) {
      this.content.addEventListener(name, (event) => this.release(event));
    }
    this.scroll.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      this.zoom(event.deltaY < 0 ? 1.2 : 1 / 1.2, this.secondsAt(event));
    }, { passive: false });
    this.board.addEventListener("keydown", (event) => this.key(event));
    this.video.addEventListener("click", () => this.player.toggle());
    this.video.addEventListener("error", () => { if (this.data) { this.moved(this.player.place); this.transport(); } });
  }

  secondsAt(event) {
    const box = this.content.getBoundingClientRect();
    return (event.clientX - box.left) / this.scale;
  }

  grab(event) {
    if (event.button || event.target.closest(".flag")) return;
    const element = event.target.closest(".cue"), handle = event.target.closest(".handle");
    if (!element) {
      event.preventDefault();
      this.scroll.focus({ preventScroll: true });
      this.scrub = true;
      this.content.setPointerCapture(event.pointerId);
      this.player.seek(this.clock.frameAt(this.secondsAt(event)));
      return;
    }
    const cue = this.cue(element.dataset.cue);
    if (!cue) return;
    this.choose(cue.n);
    if (event.pointerType === "touch" && !handle) return;  // a finger on a cue scrolls; its ends are dragged
    event.preventDefault();
    (handle || element.querySelector(".body")).focus({ preventScroll: true });
    this.content.setPointerCapture(event.pointerId);
    this.drag = { what: handle ? handle.dataset.handle : "body", from: this.secondsAt(event), was: cue, cue: { ...cue }, moved: false };
  }

  pull(event) {
    if (this.scrub) { this.player.seek(this.clock.frameAt(this.secondsAt(event))); return; }
    if (!this.drag) return;
    const { was, what, from } = this.drag, delta = this.secondsAt(event) - from;
    if (!this.drag.moved && Math.abs(delta * this.scale) < 3) return;
    this.drag.moved = true;
    const free = this.room(was), frames = Math.round(delta * this.clock.fps), long = was.end - was.start;
    let { start, end } = was;
    if (what === "in") start = Math.min(Math.max(this.snapped(was.start + frames, was, event), free.low), was.end - 1);
    if (what === "out") end = Math.max(Math.min(this.snapped(was.end + frames, was, event), free.high), was.start + 1);
    if (what === "body") {
      start = this.snapped(was.start + frames, was, event);
      if (start === was.start + frames) start = this.snapped(was.end + frames, was, event) - long;
      start = Math.min(Math.max(start, free.low), free.high - long);
      end = start + long;
    }
    this.drag.cue = { ...was, start, end };
    this.tipped(what === "out" ? end : start, end - start);
    this.overlay();
    this.paint();
  }

  // Where a cue may lie: locked neighbours stay, others make way.
  room(cue) {
    const others = this.data.cues.filter((c) => c.n !== cue.n && c.locked);
    return {
      low: Math.max(0, ...others.filter((c) => c.end <= cue.start).map((c) => c.end)),
      high: Math.min(this.clock.frames, ...others.filter((c) => c.start >= cue.end).map((c) => c.start)),
    };
  }

  // The nearest cut, cue or word within a few pixels; holding Alt lets go.
  snapped(frame, cue, event) {
    if (event.altKey) return frame;
    const { data, clock } = this, near = (SNAP / this.scale) * clock.fps;
    const marks = [0, clock.frames, this.player.place, ...data.cuts];
    for (const c of data.cues) if (c.n !== cue.n) marks.push(c.start, c.end);
    for (const [a, b] of data.speech || []) marks.push(clock.edgeAt(a), clock.edgeAt(b));
    let best = frame, least = near;
    for (const mark of marks) if (Math.abs(mark - frame) < least) { best = mark; least = Math.abs(mark - frame); }
    return best;
  }

  tipped(frame, length) {
    this.tip.textContent = `${this.clock.timecode(frame)}  ·  ${this.clock.span(length)}`;
    this.tip.style.left = `${Math.min(this.clock.seconds(frame) * this.scale, this.scroll.scrollLeft + this.scroll.clientWidth - 190)}px`;
    this.tip.style.top = `${TOPS.music - 26}px`;
    this.tip.classList.add("on");
  }

  release() {
    this.scrub = false;
    if (!this.drag) return;
    const { was, cue, moved } = this.drag;
    this.drag = null;
    this.tip.classList.remove("on");
    if (moved && (cue.start !== was.start || cue.end !== was.end)) this.edges(was, cue.start, cue.end);
    if (this.later) { const { later } = this; this.later = null; this.take(later); }
    this.overlay();
    this.paint();
  }

  // New ends of a cue: seen at once, then sent.
  edges(cue, start, end) {
    Object.assign(cue, { start, end, fitting: Boolean(cue.track), hits: cue.hits.filter((h) => start <= h.frame && h.frame < end) });
    this.act({ do: "move", cue: cue.n, start, end });
    this.inspect();
    this.overlay();
    this.paint();
  }

  // ------------------------------------------------------------------ operations

  lock() { const cue = this.cue(); if (cue) { cue.locked = !cue.locked; this.done({ do: "lock", cue: cue.n, on: cue.locked }); } }

  mute() { const cue = this.cue(); if (cue) { cue.muted = !cue.muted; this.done({ do: "mute", cue: cue.n, on: cue.muted }); } }

  split() {
    const cue = this.cue(), at = this.player.place;
    if (cue && cue.start < at && at < cue.end) this.done({ do: "split", cue: cue.n, at });
  }

  join() {
    const cue = this.cue(), next = this.data.cues[this.data.cues.indexOf(cue) + 1];
    if (next) this.done({ do: "join", cue: cue.n, other: next.n });
  }

  hit() {
    const at = this.player.place, cue = this.data.cues.find((c) => c.start <= at && at < c.end) || this.cue();
    if (!cue) return;
    this.choose(cue.n);
    const there = cue.hits.map((h) => h.frame);
    this.hits(cue, there.includes(at) ? there.filter((f) => f !== at) : [...there, at]);
  }

  hits(cue, frames) { this.done({ do: "hit", cue: cue.n, frames }); }

  done(operation) {
    this.act(operation);
    this.transport();
    this.overlay();
    this.paint();
  }

  // ------------------------------------------------------------------ keys

  key(event) {
    const typing = event.target.closest("input"), handle = event.target.closest(".handle");
    if (typing || !this.data) return;
    const command = event.ctrlKey || event.metaKey, key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const step = event.shiftKey ? Math.round(this.clock.fps) : 1, { player } = this;
    const button = event.target.closest("button");
    if (key === " " && button && button.matches(":focus-visible") && !button.classList.contains("body")) return;
    const plain = {
      " ": () => player.toggle(), k: () => player.toggle(),
      a: () => player.listen("a"), b: () => player.listen("b"), x: () => player.listen(player.side === "a" ? "b" : "a"),
      l: () => this.lock(), m: () => this.mute(), s: () => this.split(), j: () => this.join(), h: () => this.hit(), o: () => this.hearFilm(),
      "[": () => this.toPlayhead("in"), "]": () => this.toPlayhead("out"),
      "+": () => this.zoom(1.5), "=": () => this.zoom(1.5), "-": () => this.zoom(1 / 1.5), 0: () => this.fitted(),
      Home: () => player.seek(0), End: () => player.seek(this.clock.frames - 1),
      ArrowLeft: () => (handle ? this.nudge(handle, -step) : player.seek(player.place - step)),
      ArrowRight: () => (handle ? this.nudge(handle, step) : player.seek(player.place + step)),
      ArrowUp: () => this.neighbour(-1), ArrowDown: () => this.neighbour(1),
      Escape: () => this.letGo(),
    };
    const commands = { z: () => this.act({ do: event.shiftKey ? "redo" : "undo" }), y: () => this.act({ do: "redo" }) };
    const todo = event.altKey ? null : command ? commands[key] : plain[key];
    if (!todo) return;
    event.preventDefault();
    event.stopPropagation();
    todo();
  }

  letGo() {
    if (!this.drag) return;
    this.drag = null;
    this.tip.classList.remove("on");
    this.overlay();
    this.paint();
  }

  neighbour(by) {
    const { cues } = this.data, at = cues.findIndex((c) => c.n === this.chosen) + by;
    if (!cues[at]) return;
    this.choose(cues[at].n);
    this.player.seek(cues[at].start);
    this.cues.children[at].querySelector(".body").focus({ preventScroll: true });
    this.keepInSight(cues[at].start);
  }

  toPlayhead(which) {
    const cue = this.cue(), at = this.player.place;
    if (!cue) return;
    const { low, high } = this.room(cue);
    if (which === "in" && at < cue.end) this.edges(cue, Math.max(at, low), cue.end);
    if (which === "out" && at + 1 > cue.start) this.edges(cue, cue.start, Math.min(at + 1, high));
  }

  // Arrow keys on an end: seen at once, sent when they rest.
  nudge(handle, by) {
    const cue = this.cue(handle.closest(".cue").dataset.cue), { low, high } = this.room(cue);
    if (handle.dataset.handle === "in") cue.start = Math.min(Math.max(cue.start + by, low), cue.end - 1);
    else cue.end = Math.max(Math.min(cue.end + by, high), cue.start + 1);
    this.overlay();
    this.paint();
    clearTimeout(this.nudged);
    this.nudged = setTimeout(() => this.edges(cue, cue.start, cue.end), 500);
  }

  // ------------------------------------------------------------------ the chosen cue

  inspect() {
    const cue = this.cue(), w = this.words, { panel } = this;
    const focused = this.root.getRootNode().activeElement;
    if (focused && focused.matches && focused.matches(".chosen input:not([type=checkbox])")) return;
    const name = focused && focused.dataset ? focused.dataset.act : "";
    if (!cue) { panel.replaceChildren(made("p", "soft", w.no_cue)); return; }
    const title = made("div", "title");
    title.append(made("b", "", cue.n), made("strong", "", cue.title || w.no_track), made("span", "soft", cue.artist));
    const facts = made("div", "facts");
    facts.append(this.field("in", w.in, cue.start), this.field("out", w.out, cue.end), this.length(cue));
    panel.replaceChildren(title, facts);
    if (cue.track) facts.append(this.stretching(cue));
    for (const [text, kind] of [[cue.gone, "trouble"], [cue.note, "soft"]]) if (text) panel.append(made("p", kind, text));
    if (cue.tracks.length) panel.append(this.candidates(cue));
    panel.append(this.hitList(cue));
    if (name) { const again = panel.querySelector(`[data-act="${CSS.escape(name)}"]`); if (again) again.focus({ preventScroll: true }); }
  }

  field(which, label, frame) {
    const box = made("label", "", label), input = made("input");
    input.value = this.clock.timecode(frame);
    input.spellcheck = false;
    input.inputMode = "numeric";
    input.dataset.field = which;
    const take = () => {
      const cue = this.cue(), typed = this.clock.parse(input.value);
      const start = which === "in" ? typed : cue.start, end = which === "out" ? typed : cue.end;
      if (typed !== null && typed !== frame && start < end) this.edges(cue, start, end);
      else input.value = this.clock.timecode(frame);
    };
    input.addEventListener("change", () => { input.blur(); take(); });
    input.addEventListener("keydown", (event) => { if (event.key === "Enter") input.blur(); if (event.key === "Escape") { input.value = this.clock.timecode(frame); input.blur(); } });
    box.append(input);
    return box;
  }

  length(cue) {
    const box = made("label", "", this.words.length), frames = cue.end - cue.start, value = made("output", "", this.clock.span(frames));
    value.append(made("small", "", this.words.exact.replace("{s}", this.clock.seconds(frames).toFixed(3)).replace("{n}", frames)));
    box.append(value);
    return box;
  }

  // Whether the track may be stretched, and by how much it is.
  stretching(cue) {
    const w = this.words, box = made("label", "stretch"), input = made("input");
    input.type = "checkbox";
    input.checked = Boolean(cue.stretch);
    input.dataset.act = "stretch";
    input.title = w.stretch_help;
    input.addEventListener("change", () => {
      Object.assign(cue, { stretch: input.checked, fitting: true });
      this.done({ do: "stretch", cue: cue.n, on: input.checked });
    });
    box.append(input, made("span", "", w.stretch));
    if (cue.speed !== 1) box.append(made("small", "", `${cue.speed > 1 ? "+" : "−"}${Math.abs(100 * (cue.speed - 1)).toFixed(2)} %`));
    return box;
  }

  candidates(cue) {
    const w = this.words, list = made("div", "tracks"), { compared } = this.data;
    list.append(made("h4", "", w.candidates));
    for (const track of cue.tracks) {
      const isA = cue.track === track.id, isB = Boolean(compared && compared.cue === cue.n && compared.track === track.id);
      const row = made("div", `track${isA ? " a" : ""}${isB ? " b" : ""}`);
      const name = made("span", "name", track.title);
      name.title = track.title;
      row.append(
        this.button(`take-${track.id}`, `${w.use}: ${track.title}`, () => this.takeTrack(cue, track), { text: "A", pressed: isA, classes: "mark", disabled: isA }),
        this.button(`compare-${track.id}`, `${w.compare}: ${track.title}`, () => this.compare(cue, track, isB), { text: "B", pressed: isB, classes: "mark", disabled: isA || cue.muted }),
        name,
        made("span", "soft", track.about),
      );
      if (isB && !compared.sound) row.append(made("span", "soft wait", compared.gone || w.fitting));
      list.append(row);
    }
    return list;
  }

  takeTrack(cue, track) {
    Object.assign(cue, { track: track.id, title: track.title, artist: track.artist, fitting: true, wave: "" });
    this.player.listen("a");
    this.done({ do: "take", cue: cue.n, track: track.id });
    this.inspect();
  }

  compare(cue, track, off) {
    this.act({ do: "compare", cue: cue.n, track: off ? "" : track.id });
    if (off) this.player.listen("a");
  }

  hitList(cue) {
    const w = this.words, list = made("div", "hit-list");
    list.append(made("h4", "", w.hits));
    if (!cue.hits.length) list.append(made("p", "soft", w.no_hits));
    for (const hit of cue.hits) {
      const row = made("div", "hit"), go = made("button", "go", this.clock.timecode(hit.frame));
      go.type = "button";
      go.addEventListener("click", () => this.player.seek(hit.frame));
      const far = hit.miss === null ? "" : Math.abs(hit.miss) > 2 ? "missed" : "landed";
      row.append(go, made("span", far, hit.said));
      row.append(this.button(`away-${hit.frame}`, w.remove_hit, () => this.hits(cue, cue.hits.filter((h) => h.frame !== hit.frame).map((h) => h.frame)), { icon: "away", classes: "bare" }));
      list.append(row);
    }
    return list;
  }

  end() {
    clearInterval(this.poll);
    clearTimeout(this.nudged);
    this.sizes.disconnect();
    this.player.end();
  }
}

export default function (component) {
  const root = component.parentElement.querySelector(".score-board");
  if (!boards.has(root)) boards.set(root, new Board(root));
  const board = boards.get(root);
  board.take(component);
  return () => { board.end(); boards.delete(root); };
}
