/**
 * The conversation: rooms on top of a connection.
 *
 * The broker only passes messages on, so the pages keep presence among themselves: each says that it
 * is here when it joins, when another one asks, and every so often; and says goodbye when it leaves.
 */

import { messagesOf, presenceOf, readMessage, readPresence } from "./bodies.js";
import * as limits from "./limits.js";
import { Room } from "./room.js";
import { newId } from "./text.js";

/** Everything the page knows; `changed` is called after anything in it became different. */
export class Chat {
  #connection = null;
  #changed;
  #isSeen = () => true;
  #leavers = new Map();
  #answers = new Map();
  #told = new Map();
  #timer = 0;

  /** This window, as others know it; a reload makes another one. */
  member = newId();
  name = "";
  /** Room name to `Room`, in the order they were joined. */
  rooms = new Map();
  /** Messages heard so far, in all rooms. */
  heard = 0;
  /** The room being looked at. */
  current = null;

  /**
   * @param {string[]} names of the rooms to be in from the start
   * @param {() => void} changed
   */
  constructor(names, changed) {
    this.#changed = changed;
    for (const name of names) this.rooms.set(name, new Room(name));
    this.current = this.rooms.values().next().value;
  }

  /** Use a connection, and `isSeen` to ask whether the current room is being looked at. */
  start(connection, isSeen) {
    this.#connection = connection;
    this.#isSeen = isSeen;
    this.#timer = setInterval(() => this.#beat(), limits.ANNOUNCE_MS);
    connection.open();
  }

  /** Whether frames can be sent. */
  get isConnected() {
    return this.#connection?.state === "connected";
  }

  /** Unread messages in all rooms. */
  get unread() {
    return [...this.rooms.values()].reduce((sum, room) => sum + room.unread, 0);
  }

  /** A new session: subscribe, say hello, and send what had to wait. */
  connected() {
    for (const room of this.rooms.values()) {
      room.doubtMembers(Date.now());
      this.#enter(room);
    }
    this.#changed();
  }

  /** Be in a room, and look at it. Returns null if there are too many. */
  join(name) {
    let room = this.rooms.get(name);
    if (!room) {
      if (this.rooms.size >= limits.JOINED_ROOMS) return null;
      room = new Room(name);
      this.rooms.set(name, room);
      if (this.isConnected) this.#enter(room);
    }
    this.#look(room);
    return room;
  }

  /** Leave a room; the last one can't be left. */
  leave(room) {
    if (this.rooms.size < 2) return;
    this.#goodbye(room);
    this.#leavers.get(room.name)?.forEach((leave) => leave());
    this.#leavers.delete(room.name);
    clearTimeout(this.#answers.get(room.name));
    this.#answers.delete(room.name);
    const names = [...this.rooms.keys()];
    const next = names[Math.max(0, names.indexOf(room.name) - 1)];
    this.rooms.delete(room.name);
    if (this.current === room) this.#look(this.rooms.get(next) ?? this.rooms.values().next().value);
    this.#changed();
  }

  /** Say something in a room, now or as soon as there is a connection. Returns whether it was kept. */
  say(room, text) {
    const message = { id: newId(), text, at: Date.now() };
    if (!room.keep(message)) return false;
    room.firstUnread = null;
    this.#send(room);
    this.#changed();
    return true;
  }

  /** Send a failed message once more. */
  sayAgain(room, pending) {
    pending.attempts = 0;
    pending.sent = false;
    this.#send(room);
    this.#changed();
  }

  /** Go by another name. */
  rename(name) {
    this.name = name;
    for (const room of this.rooms.values()) this.#announce(room);
    this.#changed();
  }

  /** The current room may have come into sight. */
  see() {
    if (this.#isSeen() && this.current.see()) this.#changed();
  }

  /** The page goes away: say goodbye everywhere. */
  stop() {
    clearInterval(this.#timer);
    for (const room of this.rooms.values()) this.#goodbye(room);
    this.#connection?.close();
  }

  #look(room) {
    if (this.current !== room) this.current.firstUnread = null;
    this.current = room;
    if (this.#isSeen()) room.see();
    this.#changed();
  }

  #enter(room) {
    this.#leavers.set(room.name, [
      this.#connection.subscribe(messagesOf(room.name), (body) => this.#hear(room, body)),
      this.#connection.subscribe(presenceOf(room.name), (body) => this.#notice(room, body)),
    ]);
    this.#announce(room, { asks: true });
    for (const pending of room.pending) pending.sent = false;
    this.#send(room);
  }

  #send(room) {
    for (const pending of room.pending) {
      if (pending.sent || pending.attempts >= limits.SEND_ATTEMPTS) continue;
      const { id, text } = pending;
      const message = { id, member: this.member, name: this.name, text };
      if (!this.#connection?.send(messagesOf(room.name), message)) return;
      pending.sent = true;
      pending.attempts += 1;
    }
  }

  #hear(room, body) {
    const message = readMessage(body);
    if (!message) return;
    const seen = room === this.current && this.#isSeen();
    room.take(message, { at: Date.now(), seen });
    this.heard += 1;
    this.#changed();
  }

  #notice(room, body) {
    const presence = readPresence(body);
    if (!presence) return;
    if (presence.member === this.member) {
      if (presence.kind === "gone") this.#answer(room); // not said by us
      return;
    }
    if (presence.asks) this.#answer(room);
    if (room.note(presence, Date.now())) this.#changed();
  }

  /** Announce soon, but not more often than every so often: a peer may ask without end. */
  #answer(room) {
    if (this.#answers.has(room.name)) return;
    const wait = (this.#told.get(room.name) ?? 0) + limits.ANSWER_MS - Date.now();
    if (wait <= 0) return this.#announce(room);
    const timer = setTimeout(() => {
      this.#answers.delete(room.name);
      this.#announce(room);
    }, wait);
    this.#answers.set(room.name, timer);
  }

  #announce(room, { asks = false } = {}) {
    const { member, name } = this;
    const presence = { kind: "here", member, name, asks };
    if (!name || !this.#connection?.send(presenceOf(room.name), presence)) return;
    this.#told.set(room.name, asks ? 0 : Date.now());
  }

  #goodbye(room) {
    this.#connection?.send(presenceOf(room.name), { kind: "gone", member: this.member });
  }

  #beat() {
    let aged = false;
    for (const room of this.rooms.values()) {
      this.#announce(room);
      aged = room.age(Date.now()) || aged;
    }
    if (aged) this.#changed();
  }
}
