// Draws a film's curve and a track's loudness on one clock; the track can be dragged under the film.
// Plain values come in `data`; a place that was let go at is told to `choose`.
const MARGIN = 0.3; // of the film's length, shown before it and after it
const clock = (s) => `${Math.floor(s / 60)}:${String(Math.floor(s % 60)).padStart(2, "0")}`;

function arc(root, data, choose) {
  const { picture, loudness, r, z, places, words } = data;
  const seconds = picture.length, last = r.length - 1, margin = last ? MARGIN : 0;
  const view = seconds * (1 + 2 * margin);
  const draw = (name, kind, parent) => {
    const node = parent.appendChild(document.createElementNS("http://www.w3.org/2000/svg", name));
    if (kind) node.setAttribute("class", kind);
    return node;
  };
  const set = (node, values) => Object.entries(values).forEach(([n, v]) => node.setAttribute(n, v));
  root.replaceChildren();

  const svg = draw("svg", "", root);
  set(svg, { viewBox: `${-margin * seconds} 0 ${view} 100`, preserveAspectRatio: "none", tabindex: 0,
    role: "slider", "aria-label": words.drag, "aria-valuemin": 0, "aria-valuemax": last });
  set(draw("rect", "film", svg), { x: 0, y: 0, width: seconds, height: 100 });
  const scaled = (values, top, height) => {
    const low = Math.min(...values), span = Math.max(...values) - low || 1;
    return values.map((v) => top + height * (1 - (v - low) / span));
  };
  const line = (ys) => ys.map((y, t) => `${t ? "L" : "M"}${t + 0.5} ${y.toFixed(2)}`).join("");
  set(draw("path", "picture", svg), { d: line(scaled(picture, 5, 40)) });
  const track = draw("path", "music", svg);
  set(track, { d: `${line(scaled(loudness, 55, 40))}L${loudness.length - 0.5} 100L0.5 100Z` });

  const said = root.appendChild(Object.assign(document.createElement("div"), { className: "said" }));
  const label = said.appendChild(document.createElement("b"));
  const numbers = said.appendChild(document.createElement("span"));
  for (const [text, kind] of [[words.picture, "key"], [words.loudness, "key track"]])
    said.appendChild(Object.assign(document.createElement("i"), { className: kind, textContent: text }));
  const others = root.appendChild(Object.assign(document.createElement("div"), { className: "others" }));
  const buttons = places.map((place) => {
    const button = others.appendChild(document.createElement("button"));
    button.type = "button";
    button.textContent = `${place.suggested ? words.suggested + " " : ""}${clock(place.at)} · r ${place.r.toFixed(2)}`;
    button.onclick = () => { show(place.at); choose(place.at); };
    return [button, place.at];
  });

  let at = data.at;
  function show(place) {
    at = Math.min(Math.max(place, 0), last);
    const nearest = Math.round(at);
    set(track, { transform: `translate(${-at} 0)` });
    label.textContent = `${words.begins} ${clock(at)}`;
    numbers.textContent = `r ${r[nearest].toFixed(2)} · z ${z[nearest].toFixed(1)}`;
    set(svg, { "aria-valuenow": nearest, "aria-valuetext": `${label.textContent}, ${numbers.textContent}` });
    for (const [button, place] of buttons) button.setAttribute("aria-pressed", Math.abs(place - at) < 0.5);
  }
  show(at);
  if (!last) {  // the track is no longer than the film
    set(svg, { role: "img", "aria-label": `${words.picture}, ${words.loudness}` });
    svg.removeAttribute("tabindex");
    svg.style.cursor = "default";
    return;
  }

  let held = null;
  svg.onpointerdown = (event) => {
    held = { x: event.clientX, at };
    svg.setPointerCapture(event.pointerId);
    svg.classList.add("held");
  };
  svg.onpointermove = (event) => {
    if (held) show(held.at - ((event.clientX - held.x) / svg.clientWidth) * view);
  };
  svg.onpointerup = svg.onpointercancel = () => {
    if (!held) return;
    const moved = at !== held.at;
    held = null;
    svg.classList.remove("held");
    if (moved) { show(Math.round(at)); choose(at); }
  };
  svg.onkeydown = (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, PageDown: -10, PageUp: 10 }[event.key];
    if (!step) return;
    event.preventDefault();
    show(Math.round(at) + step);
  };
  svg.onkeyup = (event) => {
    if (event.key.startsWith("Arrow") || event.key.startsWith("Page")) choose(at);
  };
}
