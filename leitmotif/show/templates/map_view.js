// A catalogue as dots on a canvas: drag to move, wheel or buttons to zoom, type to find, click to
// hear, draw a line around tracks to keep them. Places are 0 to 65535 in both directions.
const PALETTE = ["#8a8a8a", "#6C63D9", "#149674", "#B9811A", "#C0527F", "#2B8CC4", "#7E9A1F", "#A4508B",
  "#D0663B", "#3F7F8C", "#5B8DEF", "#9C7A3C", "#4FA35A", "#B3475B", "#7A6FB0", "#2F9E9E"];
const UNIT = 65535;

const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

function view(root, data, tell) {
  const old = root.querySelector(".map");
  const state = old?.state ?? { zoom: 1, x: UNIT / 2, y: UNIT / 2, lasso: false };
  const box = document.createElement("div");
  box.className = "map" + (state.lasso ? " lasso" : "");
  box.state = state;
  const bar = box.appendChild(document.createElement("div"));
  bar.className = "bar";
  const find = bar.appendChild(document.createElement("input"));
  find.type = "search";
  find.placeholder = find.ariaLabel = data.words.find;
  find.value = state.find ?? "";
  const count = bar.appendChild(document.createElement("span"));
  const button = (word, name, act) => {
    const made = bar.appendChild(document.createElement("button"));
    made.textContent = word;
    made.ariaLabel = name;
    made.onclick = act;
    return made;
  };
  button("+", data.words.closer, () => zoom(1.5));
  button("−", data.words.farther, () => zoom(1 / 1.5));
  button("⤢", data.words.all, () => { Object.assign(state, { zoom: 1, x: UNIT / 2, y: UNIT / 2 }); paint(); });
  const lasso = button("◌ " + data.words.lasso, data.words.lasso, () => {
    state.lasso = !state.lasso;
    box.classList.toggle("lasso", state.lasso);
    lasso.setAttribute("aria-pressed", state.lasso);
  });
  lasso.setAttribute("aria-pressed", state.lasso);
  const canvas = box.appendChild(document.createElement("canvas"));
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", data.words.alt);
  const tip = box.appendChild(document.createElement("div"));
  tip.className = "tip";
  old ? old.replaceWith(box) : root.appendChild(box);

  const at = new Uint16Array(bytes(data.places).buffer);
  const colour = bytes(data.colours), doubtful = bytes(data.doubtful), n = colour.length;
  const titles = data.titles.split("\n"), lower = titles.map((t) => t.toLowerCase());
  const keep = new Uint8Array(n);
  let line = null, drag = null, matches = null;

  const size = () => {
    const w = canvas.clientWidth || 600, h = canvas.clientHeight || 460, ratio = window.devicePixelRatio || 1;
    if (canvas.width !== w * ratio || canvas.height !== h * ratio) [canvas.width, canvas.height] = [w * ratio, h * ratio];
    return [w, h, ratio, (0.92 * Math.min(w, h) * state.zoom) / UNIT];
  };
  const place = (px, py) => { const [w, h, , s] = size(); return [(px - w / 2) / s + state.x, -(py - h / 2) / s + state.y]; };
  const pixel = (x, y) => { const [w, h, , s] = size(); return [(x - state.x) * s + w / 2, -(y - state.y) * s + h / 2]; };

  function paint() {
    const [w, h, ratio, s] = size(), pen = canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, w, h);
    const r = Math.min(7, (n > 20000 ? 1.1 : n > 2000 ? 2 : 4) * Math.sqrt(state.zoom));
    for (const pass of matches ? [0, 1] : [1]) {
      const shown = Array.from(PALETTE, () => new Path2D()), hollow = Array.from(PALETTE, () => new Path2D());
      for (let i = 0; i < n; i++) {
        if (matches && keep[i] !== pass) continue;
        const x = (at[2 * i] - state.x) * s + w / 2, y = -(at[2 * i + 1] - state.y) * s + h / 2;
        if (x < -9 || y < -9 || x > w + 9 || y > h + 9) continue;
        const path = (doubtful[i] ? hollow : shown)[colour[i] % PALETTE.length];
        if (r < 1.5) path.rect(x - r, y - r, 2 * r, 2 * r);
        else { path.moveTo(x + r, y); path.arc(x, y, r, 0, 7); }
      }
      pen.globalAlpha = matches ? (pass ? 1 : 0.1) : 0.75;
      PALETTE.forEach((c, k) => { pen.fillStyle = pen.strokeStyle = c; pen.fill(shown[k]); pen.stroke(hollow[k]); });
    }
    pen.globalAlpha = 1;
    const text = getComputedStyle(box).color, ground = getComputedStyle(box).getPropertyValue("--st-background-color") || "#fff";
    if (data.star) {
      const [x, y] = pixel(...data.star);
      pen.beginPath();
      for (let k = 0; k < 10; k++) { const q = k % 2 ? 5 : 12, a = (Math.PI * k) / 5; pen.lineTo(x + q * Math.sin(a), y - q * Math.cos(a)); }
      pen.closePath();
      pen.fillStyle = "#6C63D9"; pen.strokeStyle = ground; pen.lineWidth = 2; pen.fill(); pen.stroke(); pen.lineWidth = 1;
    }
    pen.font = "600 12px sans-serif"; pen.textAlign = "center"; pen.lineJoin = "round";
    const taken = [];
    for (const name of data.names) {
      const wide = pen.measureText(name.name).width / 2;
      let [x, y] = pixel(name.x, name.y);
      if (x < 0 || y < 0 || x > w || y > h) continue;
      x = Math.min(Math.max(x, wide + 4), w - wide - 4);
      for (let k = 0; k < 6 && taken.some(([a, b, c]) => Math.abs(b - y) < 16 && Math.abs(a - x) < c + wide); k++) y += 17;
      taken.push([x, y, wide]);
      pen.strokeStyle = ground; pen.lineWidth = 4; pen.strokeText(name.name, x, y);
      pen.fillStyle = text; pen.fillText(name.name, x, y); pen.lineWidth = 1;
    }
    const border = line ?? (data.lasso ?? []);
    if (border.length) {
      pen.beginPath();
      border.forEach(([x, y]) => pen.lineTo(...pixel(x, y)));
      pen.closePath();
      pen.strokeStyle = "#6C63D9"; pen.lineWidth = 2; pen.setLineDash([5, 4]); pen.stroke(); pen.setLineDash([]); pen.lineWidth = 1;
    }
  }
  function search() {
    state.find = find.value;
    const typed = find.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    matches = typed.length ? 0 : null;
    for (let i = 0; typed.length && i < n; i++) { keep[i] = +typed.every((t) => lower[i].includes(t)); matches += keep[i]; }
    count.textContent = matches ?? "";
    paint();
  }
  function zoom(by, px, py) {
    const [w, h] = size(), [x, y] = place(px ?? w / 2, py ?? h / 2);
    const next = Math.min(Math.max(state.zoom * by, 0.5), 60), f = state.zoom / next;
    Object.assign(state, { zoom: next, x: x + (state.x - x) * f, y: y + (state.y - y) * f });
    paint();
  }
  function nearest(px, py) {
    const [x, y] = place(px, py), [, , , s] = size();
    let best = -1, least = (14 / s) ** 2;
    for (let i = 0; i < n; i++) {
      if (matches !== null && !keep[i]) continue;
      const d = (at[2 * i] - x) ** 2 + (at[2 * i + 1] - y) ** 2;
      if (d < least) [best, least] = [i, d];
    }
    return best;
  }
  const where = (e) => { const b = canvas.getBoundingClientRect(); return [e.clientX - b.left, e.clientY - b.top]; };
  canvas.onpointerdown = (e) => {
    canvas.setPointerCapture(e.pointerId);
    drag = { from: where(e), last: where(e), moved: false };
    if (state.lasso) line = [place(...where(e))];
  };
  canvas.onpointermove = (e) => {
    const [px, py] = where(e);
    if (!drag) {
      const i = nearest(px, py);
      tip.style.display = i < 0 ? "none" : "block";
      if (i >= 0) { tip.textContent = titles[i]; tip.style.left = Math.min(px + 10, canvas.clientWidth - 160) + "px"; tip.style.top = canvas.offsetTop + py + 14 + "px"; }
      return;
    }
    drag.moved ||= Math.hypot(px - drag.from[0], py - drag.from[1]) > 4;
    if (line) line.push(place(px, py));
    else if (drag.moved) {
      const [, , , s] = size();
      state.x -= (px - drag.last[0]) / s;
      state.y += (py - drag.last[1]) / s;
    }
    drag.last = [px, py];
    paint();
  };
  canvas.onpointerup = (e) => {
    const moved = drag?.moved, drawn = line;
    drag = line = null;
    if (drawn && moved) {
      const step = Math.ceil(drawn.length / 200);
      state.lasso = false;
      tell("lasso", drawn.filter((_, k) => k % step === 0).map(([x, y]) => [Math.round(x), Math.round(y)]));
    } else if (!moved) {
      const i = nearest(...where(e));
      if (i >= 0) tell("picked", i);
    }
    paint();
  };
  canvas.onpointerleave = () => { tip.style.display = "none"; };
  canvas.onwheel = (e) => { e.preventDefault(); zoom(Math.exp(-e.deltaY / 400), ...where(e)); };
  find.oninput = search;
  old?.sizes.disconnect();
  box.sizes = new ResizeObserver(paint);
  box.sizes.observe(canvas);
  search();
}

export default function ({ parentElement, data, setTriggerValue }) {
  view(parentElement, data, setTriggerValue);
}
