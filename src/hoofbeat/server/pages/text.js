/** Words: cleaning what people type and what peers send, and small things derived from names. */

import { NAME_CHARACTERS, ROOM_CHARACTERS, TEXT_CHARACTERS } from "./limits.js";

// Control characters, and the marks that turn writing direction round for what follows them.
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;
const UNSEEN_BUT_LINES = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufeff]/g;

/** Return a name fit to be shown, or "" if nothing is left of it. */
export function cleanName(text) {
  const line = text.slice(0, NAME_CHARACTERS * 4).normalize("NFC").replace(UNSEEN, " ");
  return cut(line.replace(/\s+/g, " ").trim(), NAME_CHARACTERS);
}

/** Return a message's text as it is sent and shown, or "" if it is blank. */
export function cleanText(text) {
  const lines = text.slice(0, TEXT_CHARACTERS).replace(/\r\n?/g, "\n").replace(UNSEEN_BUT_LINES, "");
  return lines.replace(/^\n+/, "").trimEnd();
}

/** Return the room's name as it stands in destinations and addresses: letters, digits and hyphens. */
export function roomName(text) {
  const words = text.slice(0, ROOM_CHARACTERS * 4).normalize("NFKC").toLowerCase();
  const slug = words.replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-+/, "");
  return cut(slug, ROOM_CHARACTERS).replace(/-+$/, "");
}

/** Return one or two letters that stand for a name. */
export function initials(name) {
  const words = name.split(/[\s._-]+/).filter((word) => /[\p{L}\p{N}]/u.test(word));
  const letters = words.length > 1 ? [words[0], words[words.length - 1]] : words;
  const found = letters.map((word) => word.match(/[\p{L}\p{N}]/u)[0]).join("");
  return found.toLocaleUpperCase() || "?";
}

/** Return which of `count` colours belongs to a name: the same in every window. */
export function colourOf(name, count) {
  let hash = 2166136261;
  for (const character of name.toLowerCase()) {
    hash = Math.imul(hash ^ character.codePointAt(0), 16777619);
  }
  return ((hash ^ (hash >>> 15)) >>> 0) % count;
}

/** Return a random identifier; works without a secure context, unlike `crypto.randomUUID`. */
export function newId() {
  const octets = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(octets, (octet) => octet.toString(16).padStart(2, "0")).join("");
}

/** Cut by whole characters, so that no emoji is left in halves. */
function cut(text, characters) {
  return Array.from(text).slice(0, characters).join("");
}
