// A film over time: pictures, cuts, and curves in bands, on one clock. The mouse reads the values of
// a moment; a click tells its scene as the trigger `scene`.
const ROOM = 0.26, HEIGHT = 0.68; // of a band: above the curve, for its name, and the curve's own
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];
const clock = (s) => `${Math.floor(s / 60)}:${String(Math.floor(s % 60)).padStart(2, "0")}`;
const put = (parent, name, kind = "", text = "") => parent.appendChild(Object.assign(document.createElement(name), { className: kind, textContent: text }));

function draw(box, data) {
  const { duration, cuts, pictures, begins, curves } = data, bands = curves.length;
  const share = (t) => `${(100 * t) / duration}%`;
  const line = (parent, kind, d) => {
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("class", kind);
    path.setAttribute("d", d);
    return parent.appendChild(path);
  };
  box.replaceChildren();
  if (pictures.length) {
    const strip = put(box, "div", "strip");
    strip.style.aspectRatio = `${(16 * duration) / pictures[0][1]} / 9`;
    for (const [left, width, address] of pictures) {
      const image = put(strip, "img");
      Object.assign(image, { src: address, alt: "" });
      Object.assign(image.style, { left: share(left), width: share(width) });
    }
  }
  const plot = put(box, "div", "plot");
  const svg = plot.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "svg"));
  svg.setAttribute("viewBox", `0 0 ${duration} ${bands + 0.12}`);
  svg.setAttribute("preserveAspectRatio", "none");
  line(svg, "cut", cuts.map((t) => `M${t} 0V.1`).join(""));
  curves.forEach(({ name, colour, low, high, neutral, values }, band) => {
    const at = (value) => band + 0.12 + ROOM + HEIGHT * (1 - (Math.min(Math.max(value, low), high) - low) / (high - low));
    line(svg, "neutral", `M0 ${at(neutral)}H${duration}`);
    let pen = "M";
    const points = values.map((value, n) => {
      if (value === null) { pen = "M"; return ""; }
      const point = `${pen}${((begins[n] + (begins[n + 1] ?? duration)) / 2).toFixed(3)} ${at(value).toFixed(4)}`;
      pen = "L";
      return point;
    });
    line(svg, "curve", points.join("")).style.stroke = colour;
    put(plot, "span", "label", name).style.top = `${(100 * (band + 0.12)) / (bands + 0.12)}%`;
  });
  const axis = put(box, "div", "axis"), step = STEPS.find((s) => duration / s <= 8) ?? 7200;
  for (let t = 0; t <= duration * 0.985; t += step) put(axis, "span", "", clock(t)).style.left = share(t);
  const chosen = put(box, "div", "band"), hover = put(box, "div", "band hover"), tip = put(box, "div", "tip");
  box.spread = (band, first, last) => { // over stretches of time, the last included
    const end = begins[last + 1] ?? duration;
    Object.assign(band.style, { left: share(begins[first]), width: share(end - begins[first]) });
  };
  Object.assign(box, { chosen, hover, tip });
  hover.hidden = tip.hidden = true;
}

// The stretch of time under the pointer.
function moment(box, event) {
  const { begins, duration } = box.data, { left, width } = box.getBoundingClientRect();
  const time = ((event.clientX - left) / width) * duration;
  let first = 0, last = begins.length - 1;
  while (first < last) {
    const middle = (first + last + 1) >> 1;
    if (begins[middle] <= time) first = middle;
    else last = middle - 1;
  }
  return first;
}

function read(box, event) {
  const { data, hover, tip } = box, n = moment(box, event);
  if (!tip.hidden && box.at === n) return;
  box.at = n;
  const rows = [[data.time, clock(data.begins[n])]];
  if (data.scenes.length) rows.push(["", data.scenes[data.scene[n]]]);
  for (const { name, values } of data.curves) rows.push([name, values[n] === null ? "–" : String(Math.round(values[n]))]);
  tip.replaceChildren();
  for (const [name, value] of rows) { put(tip, "span", "", name); put(tip, "b", "", value); }
  box.spread(hover, n, n);
  hover.hidden = tip.hidden = false;
  const share = n / data.begins.length;
  Object.assign(tip.style, share < 0.5
    ? { left: `calc(${hover.style.left} + 1rem)`, right: "auto" }
    : { left: "auto", right: `calc(${100 - parseFloat(hover.style.left)}% + 1rem)` });
}

export default function ({ data, parentElement, setTriggerValue }) {
  const box = parentElement.querySelector(".course");
  if (box.of !== data.of) draw(box, data);
  Object.assign(box, { of: data.of, data });
  box.setAttribute("role", "img");
  box.setAttribute("aria-label", data.alt);
  box.chosen.hidden = data.chosen < 0;
  if (data.chosen >= 0) box.spread(box.chosen, data.scene.indexOf(data.chosen), data.scene.lastIndexOf(data.chosen));
  box.onpointermove = (event) => read(box, event);
  box.onpointerleave = () => { box.hover.hidden = box.tip.hidden = true; };
  box.onclick = (event) => setTriggerValue("scene", data.scene[moment(box, event)]);
}
