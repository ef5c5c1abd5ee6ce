/** What a browser remembers between visits; a browser that refuses to remember is no obstacle. */

import { JOINED_ROOMS } from "./limits.js";
import { cleanName, roomName } from "./text.js";

const NAME = "hoofbeat.name";
const ROOMS = "hoofbeat.rooms";
const PEOPLE = "hoofbeat.people";
const DEFAULT_ROOMS = ["lobby", "tech", "random"];

/** The name this window goes by, or "": it survives a reload, but is not shared with other windows. */
export const windowName = () => cleanName(read(sessionStorage, NAME) ?? "");
/** The name last used in this browser, or "". */
export const lastName = () => cleanName(read(localStorage, NAME) ?? "");

/** Keep a name for this window and for the next visit. */
export function keepName(name) {
  write(sessionStorage, NAME, name);
  write(localStorage, NAME, name);
}

/** Return the names of the rooms joined before, or the ones everybody starts with. */
export function joinedRooms() {
  const kept = (read(localStorage, ROOMS) ?? "").split(" ").map(roomName).filter(Boolean);
  return kept.length ? [...new Set(kept)].slice(0, JOINED_ROOMS) : DEFAULT_ROOMS;
}

/** Keep the names of the joined rooms. */
export const keepRooms = (names) => write(localStorage, ROOMS, names.join(" "));

/** Whether the list of people stands open beside the conversation. */
export const isPeopleOpen = () => read(localStorage, PEOPLE) !== "closed";
/** Keep whether the list of people stands open. */
export const keepPeopleOpen = (open) => write(localStorage, PEOPLE, open ? "open" : "closed");

function read(storage, key) {
  try {
    return storage.getItem(key);
  } catch {
    return null; // no room, or private mode
  }
}

function write(storage, key, value) {
  try {
    storage.setItem(key, value);
  } catch {
    // Nothing is lost but the memory of it.
  }
}
