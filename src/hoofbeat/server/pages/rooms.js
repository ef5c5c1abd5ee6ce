/** The list of rooms, and moving between them with the keyboard. */

import { byId, icon, make, matchChildren, setText } from "./dom.js";

/** Show the joined rooms, which one is looked at, and what is unread. */
export function showRooms(chat) {
  const rooms = [...chat.rooms].map(([name, room]) => [name, { room, chat }]);
  matchChildren(byId("rooms"), rooms, create, update);
  byId("menu-badge").hidden = chat.unread === 0;
  byId("open-rooms").setAttribute("aria-label", chat.unread ? `Rooms, ${chat.unread} unread` : "Rooms");
}

/** Let the arrow keys walk the list, and Alt with them change the room from anywhere. */
export function listenForRoomKeys(chat, look) {
  byId("rooms").addEventListener("keydown", (event) => {
    const links = [...byId("rooms").querySelectorAll("a")];
    const place = placeFor(event.key, links.indexOf(document.activeElement), links.length);
    if (place === null || event.altKey) return;
    event.preventDefault();
    links[place].focus();
  });
  document.addEventListener("keydown", (event) => {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!step || !event.altKey || event.ctrlKey || event.metaKey) return;
    if (document.querySelector("dialog[open]")) return;
    event.preventDefault();
    const names = [...chat.rooms.keys()];
    const place = names.indexOf(chat.current.name) + step;
    look(names[(place + names.length) % names.length]);
  });
}

function placeFor(key, place, count) {
  if (key === "ArrowUp") return Math.max(0, place - 1);
  if (key === "ArrowDown") return Math.min(count - 1, place + 1);
  if (key === "Home") return 0;
  return key === "End" ? count - 1 : null;
}

function create({ room }) {
  const link = make("a", "room", make("span", "hash", "#"), make("bdi", "room-name", room.name));
  link.href = `#${encodeURIComponent(room.name)}`;
  link.firstChild.setAttribute("aria-hidden", "true");
  link.append(make("span", "badge"), make("span", "unseen"));
  const leave = make("button", "icon-button leave", icon("close"));
  leave.type = "button";
  leave.title = "Leave this room";
  leave.setAttribute("aria-label", leave.title);
  return make("li", "", link, leave);
}

function update(item, { room, chat }) {
  const [link, leave] = item.children;
  const [, , badge, words] = link.children;
  if (room === chat.current) link.setAttribute("aria-current", "page");
  else link.removeAttribute("aria-current");
  leave.hidden = room !== chat.current || chat.rooms.size < 2;
  link.classList.toggle("has-unread", room.unread > 0);
  badge.hidden = room.unread === 0;
  badge.setAttribute("aria-hidden", "true");
  setText(badge, room.unread > 99 ? "99+" : String(room.unread));
  setText(words, room.unread ? `, ${room.unread} unread` : "");
}
