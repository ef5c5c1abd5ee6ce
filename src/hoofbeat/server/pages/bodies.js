/**
 * The bodies of MESSAGE frames: what a page sends, and what it accepts from a peer.
 *
 * Anyone may send anything to a topic. A body that is not exactly what is described here is ignored,
 * and nothing of it reaches the page but strings of bounded length.
 */

import { BODY_CHARACTERS, ID_CHARACTERS, TEXT_CHARACTERS } from "./limits.js";
import { cleanName, cleanText } from "./text.js";

/** Destination of a room's messages. */
export const messagesOf = (room) => `/topic/chat.${room}`;
/** Destination where a room's people say that they are here. */
export const presenceOf = (room) => `/topic/chat.${room}.presence`;

/** Return `{id, member, name, text}` of a chat message, or null. */
export function readMessage(body) {
  const value = parse(body);
  if (!value || !isId(value.id) || !isId(value.member)) return null;
  const name = shortText(value.name, cleanName);
  const text = shortText(value.text, cleanText);
  return name && text ? { id: value.id, member: value.member, name, text } : null;
}

/** Return `{kind, member, name, asks}` of a presence message, or null; `kind` is "here" or "gone". */
export function readPresence(body) {
  const value = parse(body);
  if (!value || !isId(value.member)) return null;
  if (value.kind === "gone") return { kind: "gone", member: value.member, name: "", asks: false };
  const name = shortText(value.name, cleanName);
  if (value.kind !== "here" || !name) return null;
  return { kind: "here", member: value.member, name, asks: value.asks === true };
}

function parse(body) {
  if (typeof body !== "string" || body.length > BODY_CHARACTERS) return null;
  try {
    const value = JSON.parse(body);
    return value !== null && typeof value === "object" && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

function isId(value) {
  return typeof value === "string" && value.length <= ID_CHARACTERS && /^[\w-]+$/.test(value);
}

function shortText(value, clean) {
  return typeof value === "string" && value.length <= TEXT_CHARACTERS ? clean(value) : "";
}
