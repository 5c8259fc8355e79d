// The tracks of an answer. A card stays as long as its track does, one whose track has gone takes
// another, and only what has changed is drawn again: a sound that plays goes on. What a person does
// is sent as the trigger `act`: { act, track, value }.
const PARTS = ["head", "sound", "lines", "arc", "bars", "acts", "film"];

function made() {
  const card = Object.assign(document.createElement("article"), { className: "card", shown: {} });
  for (const part of PARTS)
    card[part] = card.appendChild(Object.assign(document.createElement("div"), { className: part }));
  card.arc.className = "arc";
  return card;
}

function fill(card, data, tell) {
  for (const part of PARTS) {
    if (card.shown[part] === data[part]) continue;
    card.shown[part] = data[part];
    if (part === "sound") listen(card.sound, data.sound);
    else if (part !== "arc") card[part].innerHTML = data[part];
    else if (data.arc) arc(card.arc, JSON.parse(data.arc), (at) => tell("place", data.track, at));
    else card.arc.replaceChildren();
  }
}

// A player is dear to build: one that is there takes the next track.
function listen(part, html) {
  const next = document.createElement("template");
  next.innerHTML = html;
  const [now, then] = [part, next.content].map((root) => [...root.querySelectorAll("img, audio")]);
  if (now.length && now.length === then.length)
    now.forEach((node, n) => {
      for (const { name, value } of then[n].attributes)
        if (node.getAttribute(name) !== value) node.setAttribute(name, value);
    });
  else part.replaceChildren(next.content);
  watchOutline(part);
}

// A sound that cannot be read has no outline: its sentence takes the place of the player.
function watchOutline(sound) {
  const outline = sound.querySelector("img");
  if (outline) outline.onerror = () => {
    const said = Object.assign(document.createElement("p"), { className: "soft", textContent: outline.dataset.broken });
    sound.replaceChildren(said);
  };
}

function put(list, card, next) {
  const heard = playing(card);
  if (card.isConnected && list.moveBefore) list.moveBefore(card, next);
  else list.insertBefore(card, next);
  for (const media of heard) if (media.paused) media.play();
}

const playing = (card) => [...card.querySelectorAll("audio, video")].filter((media) => !media.paused);

export default function ({ data, parentElement, setTriggerValue }) {
  const list = parentElement.querySelector(".cards");
  list.tell = (act, track, value = null) => setTriggerValue("act", { act, track, value });
  list.onclick = (event) => {
    const button = event.target.closest("[data-act]");
    if (button) list.tell(button.dataset.act, button.closest(".card").track);
  };
  // A moved slider has its answer brought here; what is older than what is shown comes too late.
  list.take = ({ of, n, cards }) => {
    if (of === list.of && n <= list.n) return;
    Object.assign(list, { of, n });
    draw(list, cards);
  };
  list.take(data);
}

function draw(list, cards) {
  const tell = (...said) => list.tell(...said);
  const before = new Map([...list.children].map((card) => [card.track, card]));
  const stay = new Map(cards.map((one) => [one.track, before.get(one.track)]));
  for (const track of stay.keys()) before.delete(track);
  const free = [...before.values()].filter((card) => !playing(card).length);
  let next = list.firstElementChild;
  for (const one of cards) {
    const card = stay.get(one.track) ?? free.shift() ?? made();
    before.delete(card.track);
    card.track = one.track;
    fill(card, one, tell);
    if (card === next) next = next.nextElementSibling;
    else put(list, card, next);
  }
  for (const card of before.values()) card.remove();
  clearTimeout(list.rest); // while sliders move, no sound is asked for
  list.rest = setTimeout(() => {
    list.seen ??= new IntersectionObserver(load);
    for (const sound of list.querySelectorAll("audio[preload=none]")) list.seen.observe(sound);
  }, 400);
}

// A sound is asked for once its player is in sight.
function load(entries, observer) {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    target.preload = "metadata";
    observer.unobserve(target);
  }
}
