// Sliders in one element. A move is told to the address in `data`, which answers with what it
// changes: here, and in the list of tracks. Where there is no address, or it does not answer, it is
// told as the trigger `move`, which draws the page again. One is under way at a time; what is moved
// meanwhile goes with the next one.
const PAUSE_MS = 120; // a hand that rests while it holds a slider
const PATIENCE_MS = 5000; // for a redraw that may never come

const el = (name, kind = "", text = "") => Object.assign(document.createElement(name), { className: kind, textContent: text });
let made = 0;

function build(box, fixed) {
  const rows = fixed.sliders.map((slider) => {
    const row = el("div", "row"), name = el("div", "name"), label = el("label", "", slider.label);
    const input = el("input"), value = el("output");
    Object.assign(input, { type: "range", min: slider.low, max: slider.high, step: 0.1, id: `slider-${made++}` });
    label.htmlFor = input.id;
    value.setAttribute("aria-hidden", "true"); // the slider says it
    name.append(label);
    row.append(name, value, input);
    if (slider.help) {
      const why = el("button", "why", "?"), help = el("p", "", slider.help);
      help.id = `${input.id}-help`;
      help.hidden = true;
      why.type = "button";
      why.title = slider.help;
      why.setAttribute("aria-label", `${slider.label}: ${fixed.why}`);
      why.setAttribute("aria-expanded", "false");
      why.onclick = () => {
        help.hidden = !help.hidden;
        why.setAttribute("aria-expanded", String(!help.hidden));
      };
      input.setAttribute("aria-describedby", help.id);
      name.append(why);
      row.append(help);
    }
    input.onpointerdown = () => { box.held = slider.name; };
    input.onpointerup = input.onpointercancel = () => { box.held = ""; };
    input.oninput = () => { show(input, value); box.say({ [slider.name]: Number(input.value) }, PAUSE_MS); };
    input.onchange = () => box.say({ [slider.name]: Number(input.value) }, 0);
    return { name: slider.name, row, input, value };
  });
  const below = el("div", "below"), said = el("p", "said"), notes = el("div", "below");
  said.setAttribute("role", "status");
  below.append(said);
  let on = null, reset = null;
  if (fixed.switch) {
    const label = el("label", "switch");
    on = el("input");
    Object.assign(on, { type: "checkbox", title: fixed.switch.help });
    on.setAttribute("role", "switch");
    on.onchange = () => box.say({ on: on.checked }, 0);
    label.title = fixed.switch.help;
    label.append(on, fixed.switch.label);
    below.append(label);
  }
  if (fixed.reset) {
    reset = el("button", "reset");
    reset.type = "button";
    const icon = el("span", "icon", "undo");
    icon.setAttribute("aria-hidden", "true");
    reset.append(icon, fixed.reset);
    reset.onclick = () => box.reset();
    below.append(reset);
  }
  below.append(notes);
  box.replaceChildren(...rows.map(({ row }) => row), below);
  box.parts = { rows, said, on, reset, notes };
}

function show(input, value) {
  const text = Number(input.value).toFixed(1);
  if (value.textContent === text) return;
  value.textContent = text;
  input.setAttribute("aria-valuetext", text);
}

// Where everything stands now; what the hand is at is left alone.
function stand(box, moved) {
  const { rows, said, on, reset, notes } = box.parts;
  rows.forEach(({ name, input, value }, n) => {
    if (name in box.asked || name === box.held) return;
    input.value = moved.values[n];
    show(input, value);
  });
  if (said.textContent !== moved.said) said.textContent = moved.said;
  said.hidden = !moved.said;
  if (on) {
    on.parentElement.hidden = moved.on === null;
    if (!("on" in box.asked)) on.checked = moved.on;
  }
  if (reset) reset.disabled = !moved.said;
  const text = moved.notes.join("\n");
  if (notes.text !== text) {
    notes.text = text;
    notes.replaceChildren(...moved.notes.map((note) => el("p", "", note)));
  }
}

async function send(box) {
  clearTimeout(box.later);
  if (box.flying || !Object.keys(box.asked).length) return;
  const { address, of } = box, asked = box.asked;
  box.asked = {};
  box.flying = true;
  const answer = address && await tell(address, asked);
  if (!box.isConnected || of !== box.of) return; // another part of the film by now
  if (!answer || answer.redraw) {
    box.waits = { no: Date.now() + Math.random(), timer: setTimeout(arrived, PATIENCE_MS, box) };
    box.trigger({ of, no: box.waits.no, said: answer ? {} : asked });
    return;
  }
  if (answer.n > box.n) {
    box.n = answer.n;
    stand(box, answer.moved);
    document.querySelector(".cards")?.take?.(answer);
  }
  arrived(box);
}

function arrived(box) {
  clearTimeout(box.waits?.timer);
  box.flying = false;
  box.waits = null;
  send(box);
}

async function tell(address, asked) {
  try {
    const answer = await fetch(address, { method: "POST", body: JSON.stringify(asked), headers: { "content-type": "application/json" } });
    return answer.ok ? await answer.json() : null;
  } catch {
    return null; // nobody there: told once they are again
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  const box = parentElement.querySelector(".sliders"), { fixed, moved, address, of, n, heard } = data;
  box.trigger = (said) => setTriggerValue("move", said);
  box.address = address;
  if (box.of !== of) {
    clearTimeout(box.waits?.timer);
    Object.assign(box, { of, asked: {}, n: -1, held: "", flying: false, waits: null });
  }
  box.say = (asked, pause) => {
    Object.assign(box.asked, asked);
    clearTimeout(box.later);
    if (pause) box.later = setTimeout(send, pause, box);
    else send(box);
  };
  box.reset = () => { box.asked = { reset: true }; send(box); };
  const look = JSON.stringify(fixed), built = box.look !== look;
  if (built) build(box, fixed);
  box.look = look;
  if (box.waits?.no === heard) arrived(box);
  if (built || (n > box.n && !box.waits)) stand(box, moved);
  box.n = Math.max(n, box.n);
}
