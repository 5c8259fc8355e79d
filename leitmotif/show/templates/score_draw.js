// What the timeline shows: ruler, film strip, speech, and the music of every cue.

const RULER = 26, PICTURE = 56, SPEECH = 20, MUSIC = 104, GAP = 4;
const TOPS = { ruler: 0, picture: RULER, speech: RULER + PICTURE + GAP, music: RULER + PICTURE + SPEECH + 2 * GAP };
const HEIGHT = TOPS.music + MUSIC + GAP;
const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600];
const LOWEST_DB = -30, LABEL = 20;

// Colours that are told apart by the colour-blind, as in leitmotif/show/drawing.py.
const COLOURS = { cue: "#6C63D9", speech: "#149674", hit: "#D2601A", gain: "#B9811A", gone: "#C0392B" };

class Painter {
  constructor(canvas) {
    this.canvas = canvas;
    this.strip = null;
    this.waves = new Map();
  }

  // view: {scale (px a second), left (px), width (px)}; look: {text, ground, line} as colours.
  paint(data, clock, view, look, drag) {
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    const { canvas } = this;
    if (canvas.width !== Math.round(view.width * ratio) || canvas.height !== HEIGHT * ratio) {
      canvas.width = Math.round(view.width * ratio);
      canvas.height = HEIGHT * ratio;
      canvas.style.width = `${view.width}px`;
      canvas.style.height = `${HEIGHT}px`;
    }
    const c = canvas.getContext("2d");
    c.setTransform(ratio, 0, 0, ratio, 0, 0);
    c.clearRect(0, 0, view.width, HEIGHT);
    c.font = "11px system-ui, sans-serif";
    this.c = c; this.view = view; this.look = look; this.clock = clock;
    this.x = (seconds) => seconds * view.scale - view.left;
    const end = Math.min(this.x(clock.length), view.width);
    c.fillStyle = look.lane;
    c.fillRect(0, TOPS.picture, end, PICTURE);
    c.fillRect(0, TOPS.speech, end, SPEECH);
    c.fillRect(0, TOPS.music, end, MUSIC);
    this.ruler();
    this.pictures(data);
    this.speech(data);
    for (const cue of data.cues) this.music(drag && drag.n === cue.n ? drag : cue);
  }

  // Ticks at whole seconds of the timecode; closer ones at frames.
  ruler() {
    const { c, view, clock, look } = this;
    const step = this.step(), from = clock.frameAt(view.left / view.scale);
    const frames = Math.max(Math.round(step * clock.base), 1);
    let k = step < 1 ? Math.floor(from / frames) : Math.floor((from + clock.start) / frames);
    const at = (n) => (step < 1 ? n * frames : clock.wholeSecond(n * step));
    c.textBaseline = "middle";
    c.fillStyle = look.text;
    for (; at(k) <= clock.frames && this.x(clock.seconds(at(k))) < view.width; k++) {
      if (at(k + 1) <= 0) continue;
      const x = this.x(clock.seconds(at(k))), wide = this.x(clock.seconds(at(k + 1))) - x;
      c.globalAlpha = 0.35;
      if (at(k) >= 0) c.fillRect(Math.round(x) + 0.5, RULER - 8, 1, 8);
      for (let part = 1; part < 5; part++) {
        const small = x + (part * wide) / 5;
        if (small >= this.x(0) && small < this.x(clock.length)) c.fillRect(Math.round(small) + 0.5, RULER - 4, 1, 4);
      }
      c.globalAlpha = 0.75;
      if (at(k) >= 0) c.fillText(this.label(at(k), step), x + 4, 10);
    }
    c.globalAlpha = 1;
  }

  step() {
    const { view, clock } = this, wide = clock.length >= 3600 || clock.start ? 74 : 56;
    const frame = 1 / clock.base;
    const steps = [frame, 2 * frame, 5 * frame, 10 * frame, ...STEPS_S];
    return steps.find((s) => s * view.scale >= (s < 1 ? 96 : wide)) || 7200;
  }

  label(frame, step) {
    const whole = this.clock.timecode(frame);
    const short = this.clock.length < 3600 && !this.clock.start ? whole.slice(3) : whole;
    return step < 1 ? short : short.slice(0, -3);
  }

  pictures(data) {
    const { c, view, clock } = this, { strip, cuts } = data;
    if (strip && strip.src) {
      if (!this.strip || this.strip.address !== strip.src) {
        this.strip = new Image();
        this.strip.address = strip.src;
        this.strip.onload = () => this.loaded && this.loaded();
        this.strip.src = strip.src;
      }
      if (this.strip.complete && this.strip.naturalWidth) this.tiles(strip);
    }
    c.fillStyle = this.look.ground;
    c.globalAlpha = 0.85;
    for (const frame of cuts) {
      const x = this.x(clock.seconds(frame));
      if (x >= 0 && x <= view.width) c.fillRect(Math.round(x) - 0.5, TOPS.picture, 1.5, PICTURE);
    }
    c.globalAlpha = 1;
  }

  // One picture after the other, each of its tile's middle, at places that do not move with scrolling.
  tiles(strip) {
    const { c, view, clock } = this, wide = (strip.w / strip.h) * PICTURE;
    const end = this.x(clock.length);
    for (let k = Math.floor(view.left / wide); k * wide - view.left < view.width; k++) {
      const x = k * wide - view.left;
      if (x >= end) break;
      const time = ((k + 0.5) * wide) / view.scale;
      const at = Math.min(Math.max(Math.round(time / strip.step - 0.5), 0), strip.n - 1);
      const shown = Math.min(wide, end - x);
      const sx = (at % strip.cols) * strip.w, sy = Math.floor(at / strip.cols) * strip.h;
      c.drawImage(this.strip, sx, sy, (strip.w * shown) / wide, strip.h, x, TOPS.picture, shown, PICTURE);
    }
  }

  speech(data) {
    const { c, view } = this;
    c.fillStyle = COLOURS.speech;
    for (const [start, end] of data.speech || []) {
      const x = this.x(start), wide = Math.max((end - start) * view.scale, 2);
      if (x + wide < 0 || x > view.width) continue;
      this.round(x, TOPS.speech + 4, wide, SPEECH - 8, 4);
      c.fill();
    }
  }

  music(cue) {
    const { c, view, clock, look } = this;
    const from = clock.seconds(cue.start), x = this.x(from), wide = this.x(clock.seconds(cue.end)) - x;
    if (x + wide < 0 || x > view.width) return;
    const top = TOPS.music, colour = cue.gone ? COLOURS.gone : cue.muted ? look.text : COLOURS.cue;
    c.save();
    this.round(x + 0.5, top, wide - 1, MUSIC, 5);
    c.clip();
    c.fillStyle = colour;
    c.globalAlpha = cue.muted ? 0.08 : cue.n === this.selected ? 0.24 : 0.15;
    c.fillRect(x, top, wide, MUSIC);
    c.globalAlpha = cue.muted ? 0.1 : 0.32;
    c.fillRect(x, top, wide, LABEL);
    if (cue.muted) this.hatched(x, wide);
    else if (this.other && this.other.cue === cue.n) this.wave(this.other, from, COLOURS.gain);
    else this.wave(cue, from, colour);
    this.joins(cue);
    this.gains(cue);
    c.restore();
  }

  wave(cue, from, colour) {
    if (!cue.wave) return;
    const { c, view } = this, loud = this.levels(cue.wave), { hz } = cue;
    const middle = TOPS.music + LABEL + (MUSIC - LABEL) / 2, tall = (MUSIC - LABEL) / 2 - 4;
    const left = Math.max(Math.floor(this.x(from)), 0);
    const right = Math.min(this.x(from + loud.length / hz), view.width);
    c.fillStyle = colour;
    c.globalAlpha = 0.85;
    c.beginPath();
    for (let x = left; x < right; x += 2) {
      const a = Math.floor(((x + view.left) / view.scale - from) * hz);
      const b = Math.max(Math.ceil(((x + 2 + view.left) / view.scale - from) * hz), a + 1);
      let most = 0;
      for (let k = Math.max(a, 0); k < Math.min(b, loud.length); k++) most = Math.max(most, loud[k]);
      const high = Math.max((most / 255) * tall, 0.5);
      c.rect(x, middle - high, 1.4, 2 * high);
    }
    c.fill();
    c.globalAlpha = 1;
  }

  levels(wave) {
    if (!this.waves.has(wave)) {
      if (this.waves.size > 400) this.waves.clear();
      this.waves.set(wave, Uint8Array.from(atob(wave), (letter) => letter.charCodeAt(0)));
    }
    return this.waves.get(wave);
  }

  // Where a track is cut: a dashed line with a notch.
  joins(cue) {
    const { c, look } = this;
    c.strokeStyle = look.text;
    c.globalAlpha = 0.55;
    c.setLineDash([3, 3]);
    c.beginPath();
    for (const seconds of cue.joins || []) {
      const x = Math.round(this.x(seconds)) + 0.5;
      c.moveTo(x, TOPS.music + LABEL);
      c.lineTo(x, TOPS.music + MUSIC);
    }
    c.stroke();
    c.setLineDash([]);
    c.globalAlpha = 1;
  }

  gains(cue) {
    if (cue.muted || !cue.gain || !cue.gain.length) return;
    const { c, clock } = this, top = TOPS.music + LABEL + 5, tall = MUSIC - LABEL - 10;
    const y = (db) => top + (Math.max(Math.min(db, 0), LOWEST_DB) / LOWEST_DB) * tall;
    c.strokeStyle = COLOURS.gain;
    c.lineWidth = 1.75;
    c.beginPath();
    c.moveTo(this.x(clock.seconds(cue.start)), y(cue.gain[0][1]));
    for (const [frame, db] of cue.gain) c.lineTo(this.x(clock.seconds(frame)), y(db));
    c.lineTo(this.x(clock.seconds(cue.end)), y(cue.gain[cue.gain.length - 1][1]));
    c.stroke();
    c.lineWidth = 1;
  }

  hatched(x, wide) {
    const { c, view } = this;
    c.strokeStyle = this.look.text;
    c.globalAlpha = 0.14;
    c.beginPath();
    const end = Math.min(x + wide, view.width);
    for (let k = Math.max(x, 0) - ((Math.max(x, 0) - x) % 9) - MUSIC; k < end; k += 9) {
      c.moveTo(k, TOPS.music + MUSIC);
      c.lineTo(k + MUSIC, TOPS.music);
    }
    c.stroke();
    c.globalAlpha = 1;
  }

  round(x, y, wide, tall, r) {
    this.c.beginPath();
    this.c.roundRect(x, y, Math.max(wide, 1), tall, Math.min(r, Math.max(wide, 1) / 2));
  }
}
