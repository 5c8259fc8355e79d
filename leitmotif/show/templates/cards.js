// The tracks of an answer. A card stays as long as its track does, and of it only what has changed
// is drawn again, so that a sound that plays goes on. What a person does is sent as the trigger
// `act`: { act, track, value }.
const PARTS = ["head", "sound", "lines", "arc", "bars", "acts", "film"];

function made(track) {
  const card = Object.assign(document.createElement("article"), { className: "card", track, shown: {} });
  for (const part of PARTS)
    card[part] = card.appendChild(Object.assign(document.createElement("div"), { className: part }));
  card.arc.className = "arc";
  return card;
}

function fill(card, data, tell) {
  for (const part of PARTS) {
    if (card.shown[part] === data[part]) continue;
    card.shown[part] = data[part];
    if (part !== "arc") card[part].innerHTML = data[part];
    else if (data.arc) arc(card.arc, JSON.parse(data.arc), (at) => tell("place", data.track, at));
    else card.arc.replaceChildren();
    if (part === "sound") watchOutline(card.sound);
  }
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
  const playing = [...card.querySelectorAll("audio, video")].filter((media) => !media.paused);
  if (card.isConnected && list.moveBefore) list.moveBefore(card, next);
  else list.insertBefore(card, next);
  for (const media of playing) if (media.paused) media.play();
}

export default function ({ data, parentElement, setTriggerValue }) {
  const list = parentElement.querySelector(".cards");
  list.tell = (act, track, value = null) => setTriggerValue("act", { act, track, value });
  const tell = (...said) => list.tell(...said);
  list.onclick = (event) => {
    const button = event.target.closest("[data-act]");
    if (button) tell(button.dataset.act, button.closest(".card").track);
  };
  const before = new Map([...list.children].map((card) => [card.track, card]));
  let next = list.firstElementChild;
  for (const one of data) {
    const card = before.get(one.track) ?? made(one.track);
    before.delete(one.track);
    fill(card, one, tell);
    if (card === next) next = next.nextElementSibling;
    else put(list, card, next);
  }
  for (const card of before.values()) card.remove();
  clearTimeout(list.rest); // while sliders move, no sound is asked for
  list.rest = setTimeout(() => {
    for (const sound of list.querySelectorAll("audio[preload=none]")) sound.preload = "metadata";
  }, 400);
}
