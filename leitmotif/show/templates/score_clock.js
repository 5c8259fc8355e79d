// Frames, seconds and timecode, as leitmotif/score/timecode.py has them.

class Clock {
  constructor(film) {
    [this.num, this.den] = film.fps;
    this.fps = this.num / this.den;
    this.base = Math.ceil(this.fps - 1e-9);
    this.drop = film.drop;
    this.start = film.start;
    this.frames = film.frames;
    this.length = this.seconds(film.frames);
  }

  seconds(frame) { return (frame * this.den) / this.num; }

  // The frame that is seen at a time: its start lies at or before it.
  frameAt(seconds) {
    const frame = Math.floor(seconds * this.fps + 1e-3);
    return Math.min(Math.max(frame, 0), this.frames - 1);
  }

  // The frame whose start is nearest, for the ends of cues.
  edgeAt(seconds) { return Math.min(Math.max(Math.round(seconds * this.fps), 0), this.frames); }

  timecode(frame) { return this.written(frame + this.start); }

  // The frame at which timecode shows a whole second.
  wholeSecond(n) {
    const minutes = Math.floor(n / 60), left = this.drop ? (this.base / 15) * (minutes - Math.floor(minutes / 10)) : 0;
    return n * this.base - left - this.start;
  }

  // A number of frames as a length, without the film's start and without dropped numbers.
  span(frames) {
    const seconds = Math.floor(frames / this.base), rest = frames % this.base;
    const two = (n) => String(n).padStart(2, "0");
    const h = Math.floor(seconds / 3600), m = Math.floor(seconds / 60) % 60, s = seconds % 60;
    return `${h ? `${h}:` : ""}${two(m)}:${two(s)}:${two(rest)}`;
  }

  written(frame) {
    const number = this.drop ? frame + this.dropped(frame) : frame;
    const seconds = Math.floor(number / this.base), rest = number % this.base;
    const two = (n) => String(n).padStart(2, "0");
    const parts = [Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60];
    return `${parts.map(two).join(":")}${this.drop ? ";" : ":"}${two(rest)}`;
  }

  dropped(frame) {
    const drop = this.base / 15, minute = 60 * this.base - drop;
    const tens = Math.floor(frame / (10 * minute + drop)), rest = frame % (10 * minute + drop);
    return 9 * drop * tens + Math.floor(Math.max(rest - drop, 0) / minute) * drop;
  }

  // A timecode that somebody typed, or null.
  parse(text) {
    const found = /^(?:(\d{1,2}):)?(\d{1,2}):(\d{1,2})[:;.](\d{1,2})$/.exec(text.trim());
    if (!found) return null;
    const [h, m, s, f] = found.slice(1).map((part) => Number(part || 0));
    let frame = ((60 * h + m) * 60 + s) * this.base + f;
    if (this.drop) {
      const minutes = 60 * h + m;
      frame -= (this.base / 15) * (minutes - Math.floor(minutes / 10));
    }
    frame -= this.start;
    return frame >= 0 && frame <= this.frames && f < this.base && m < 60 && s < 60 ? frame : null;
  }
}
