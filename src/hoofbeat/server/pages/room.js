/** One room: what was said, what waits to be sent, who is here, what was not read yet. No I/O. */

import * as limits from "./limits.js";

/** A room this page has joined. */
export class Room {
  /** Messages heard, oldest first: `{id, member, name, text, at, mine}`. */
  messages = [];
  /** Own messages not heard back yet, oldest first: `{id, text, at, attempts}`. */
  pending = [];
  /** Who is here: member to `{name, heard}`. */
  members = new Map();
  /** Messages heard while nobody looked. */
  unread = 0;
  /** The first message that was not seen when the room was last looked at, or null. */
  firstUnread = null;
  /** How many messages were let go from the front of `messages`. */
  dropped = 0;
  /** What was typed, but not sent. */
  draft = "";
  #ids = new Set();

  /** @param {string} name as it stands in destinations */
  constructor(name) {
    this.name = name;
  }

  /** Take in a message from the broker, once. Returns whether it is new and someone else's. */
  take(message, { at, seen }) {
    if (this.#ids.has(message.id)) return false;
    this.#ids.add(message.id);
    // Pending identifiers are known to nobody before they are sent: to hear one is to hear oneself.
    const waiting = this.pending.findIndex((pending) => pending.id === message.id);
    const mine = waiting >= 0;
    if (mine) this.pending.splice(waiting, 1);
    this.messages.push({ ...message, at, mine });
    if (!mine && !seen) this.#countUnread(message.id);
    this.#forget();
    return !mine;
  }

  /** Keep an own message until it is heard back. Returns false if too many wait already. */
  keep(message) {
    if (this.pending.length >= limits.PENDING_MESSAGES) return false;
    this.pending.push({ ...message, attempts: 0 });
    return true;
  }

  /** Take note of who is here, or gone. Returns whether anybody would see a difference. */
  note(presence, now) {
    if (presence.kind === "gone") return this.members.delete(presence.member);
    const known = this.members.get(presence.member);
    if (!known && this.members.size >= limits.ROOM_MEMBERS) return false;
    this.members.set(presence.member, { name: presence.name, heard: now });
    return known?.name !== presence.name;
  }

  /** Take those for gone who were silent too long. Returns whether there were any. */
  age(now) {
    const before = this.members.size;
    for (const [member, { heard }] of this.members) {
      if (now - heard > limits.SILENCE_MS) this.members.delete(member);
    }
    return this.members.size !== before;
  }

  /** After a reconnect: whoever does not speak up soon is gone. */
  doubtMembers(now) {
    const heard = now - limits.SILENCE_MS + limits.SILENCE_AFTER_RECONNECT_MS;
    for (const member of this.members.values()) member.heard = Math.min(member.heard, heard);
  }

  /** The room is looked at: nothing is unread any more. Returns whether something was. */
  see() {
    const had = this.unread > 0;
    this.unread = 0;
    return had;
  }

  #countUnread(id) {
    if (this.unread === 0) this.firstUnread = id;
    this.unread += 1;
  }

  #forget() {
    if (this.messages.length <= limits.HISTORY_MESSAGES + limits.HISTORY_SLACK) return;
    const old = this.messages.splice(0, this.messages.length - limits.HISTORY_MESSAGES);
    for (const message of old) this.#ids.delete(message.id);
    this.dropped += old.length;
  }
}
