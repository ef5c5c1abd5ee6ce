/** Avatars, and the list of who is here. */

import { byId, make, matchChildren, setText } from "./dom.js";
import { colourOf, initials } from "./text.js";

const COLOURS = 12; // as many as avatars.css has

/** Make a person's avatar: initials on the colour of the name. */
export function avatar(name) {
  const element = make("span", "");
  element.setAttribute("aria-hidden", "true");
  paintAvatar(element, name);
  return element;
}

/** Make an element the avatar of a name. */
export function paintAvatar(element, name) {
  element.classList.remove(...Array.from({ length: COLOURS }, (_, colour) => `colour-${colour}`));
  element.classList.add("avatar", `colour-${colourOf(name, COLOURS)}`);
  setText(element, initials(name));
}

/** Show who is in the current room. */
export function showPeople(chat) {
  const { members } = chat.current;
  const others = [...members].sort(([, a], [, b]) => a.name.localeCompare(b.name));
  const me = chat.name ? [[chat.member, { name: chat.name, isMe: true }]] : [];
  matchChildren(byId("people"), [...me, ...others], create, update);
  setText(byId("people-count"), String(members.size + 1));
  byId("people-panel").classList.toggle("doubtful", !chat.isConnected);
  setText(byId("people-hint"), hint(chat, members.size));
}

function hint({ isConnected, name }, others) {
  if (!name) return "";
  if (!isConnected) return "As it was before the connection was lost.";
  return others ? "" : "Just you so far. Open this page in a second window to see someone arrive.";
}

function create({ name }) {
  return make("li", "person", avatar(name), make("bdi", "person-name"), make("span", "person-you"));
}

function update(element, { name, isMe }) {
  const [picture, label, you] = element.children;
  paintAvatar(picture, name);
  setText(label, name);
  label.title = name;
  setText(you, isMe ? "you" : "");
}
