/** The conversation as it is shown: groups, days, what is new, what waits. */

import { byId, icon, make, setText } from "./dom.js";
import { GROUP_MS, SEND_ATTEMPTS } from "./limits.js";
import { avatar } from "./people.js";

const NEAR_PX = 80;
const LINK = /\bhttps?:\/\/[^\s<>"']{1,500}/g;
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const calendar = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });

/** Shows one room at a time, and adds to it what is new without touching what stands there. */
export class Log {
  #chat;
  #room = null;
  #dropped = 0;
  #shown = 0;
  #last = null;
  #pendingMark = "";
  #below = 0;
  #stick = true;
  #scroller = byId("scroller");
  #list = byId("log");

  constructor(chat) {
    this.#chat = chat;
    this.#scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    byId("latest").addEventListener("click", () => this.toEnd());
    new ResizeObserver(() => this.#stick && this.toEnd()).observe(this.#scroller);
  }

  /** Bring the page up to date with the current room. */
  show() {
    const room = this.#chat.current;
    const isAnother = room !== this.#room;
    if (isAnother || room.dropped !== this.#dropped) this.#restart(room);
    const fresh = room.messages.slice(this.#shown);
    for (const message of fresh) this.#add(message);
    this.#shown = room.messages.length;
    if (!room.firstUnread) this.#removeNewMark();
    this.#showPending(room);
    byId("empty").hidden = room.messages.length + room.pending.length > 0;
    setText(byId("empty-title"), `It is quiet in #${room.name}.`);
    if (isAnother) this.#toStart(room);
    else if (this.#stick) this.toEnd();
    else this.#countBelow(fresh.length);
  }

  /** Scroll to the latest message, and stay there. */
  toEnd() {
    this.#stick = true;
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#countBelow(-this.#below);
  }

  /** Whether the end of the conversation is in sight. */
  get isAtEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    return scrollHeight - scrollTop - clientHeight < NEAR_PX;
  }

  #restart(room) {
    this.#room = room;
    this.#dropped = room.dropped;
    this.#shown = 0;
    this.#last = null;
    // Switching rooms is not news: only what is added later is read out.
    this.#list.setAttribute("aria-live", "off");
    this.#list.replaceChildren();
    requestAnimationFrame(() => this.#list.setAttribute("aria-live", "polite"));
  }

  #toStart(room) {
    this.#below = 0;
    const divider = this.#list.querySelector(".new-mark");
    this.toEnd();
    if (divider && room.firstUnread) divider.scrollIntoView({ block: "nearest" });
    this.#scrolled();
  }

  #scrolled() {
    this.#stick = this.isAtEnd;
    if (this.#stick) this.#countBelow(-this.#below);
    byId("latest").hidden = this.#stick;
  }

  #countBelow(more) {
    this.#below += more;
    setText(byId("latest-words"), this.#below > 0 ? `${this.#below} new` : "Latest");
  }

  #add(message) {
    const day = dayOf(message.at);
    const isNewDay = this.#last === null || dayOf(this.#last.at) !== day;
    if (isNewDay) this.#list.append(separator("day", day));
    const isNew = message.id === this.#room.firstUnread;
    if (isNew) {
      this.#removeNewMark();
      this.#list.append(separator("new-mark", "New"));
    }
    const joins = !isNewDay && !isNew && belongsTo(this.#last, message);
    this.#list.append(joins ? continued(message) : opening(message));
    this.#last = message;
  }

  #removeNewMark() {
    this.#list.querySelector(".new-mark")?.remove();
  }

  #showPending(room) {
    const mark = room.pending.map((pending) => pending.id + stateOf(pending, this.#chat)).join();
    if (mark === this.#pendingMark && room === this.#room) return;
    this.#pendingMark = mark;
    const rows = room.pending.map((pending) => this.#pendingRow(room, pending));
    byId("pending").replaceChildren(...rows);
  }

  #pendingRow(room, pending) {
    const state = stateOf(pending, this.#chat);
    const row = make("li", `message mine ${state}`, bubble(pending));
    if (state === "sending") return row;
    const note = make("p", "note", icon("clock"), state === "failed" ? "Not sent" : "Waiting for the connection");
    if (state === "failed") {
      const again = make("button", "again", "Try again");
      again.type = "button";
      again.addEventListener("click", () => this.#chat.sayAgain(room, pending));
      note.append(again);
    }
    row.append(note);
    return row;
  }
}

function stateOf(pending, chat) {
  if (pending.sent && chat.isConnected) return "sending";
  return pending.attempts >= SEND_ATTEMPTS ? "failed" : "waiting";
}

function belongsTo(last, message) {
  const isSame = last.member === message.member && last.name === message.name && last.mine === message.mine;
  return isSame && message.at - last.at < GROUP_MS;
}

function separator(kind, words) {
  const row = make("div", kind, make("span", "", words));
  row.setAttribute("role", "separator");
  row.setAttribute("aria-label", words);
  return row;
}

function opening(message) {
  const time = make("time", "", clock.format(message.at));
  time.dateTime = new Date(message.at).toISOString();
  const name = make("bdi", "author", message.mine ? "You" : message.name);
  const row = make("div", "message opening", make("p", "byline", name, time), bubble(message));
  if (message.mine) row.classList.add("mine");
  else row.prepend(avatar(message.name));
  return row;
}

function continued(message) {
  return make("div", message.mine ? "message mine" : "message", bubble(message));
}

function bubble({ text, at }) {
  const words = make("p", "bubble", ...withLinks(text));
  words.dir = "auto";
  words.title = new Date(at).toLocaleString();
  return words;
}

/** Cut a text into strings and links; a link shows its whole address and can only be http or https. */
function withLinks(text) {
  const parts = [];
  let end = 0;
  for (const { 0: found, index } of text.matchAll(LINK)) {
    const address = found.replace(/[.,;:!?)\]}*_]+$/, "");
    const link = make("a", "", address);
    link.href = address;
    link.rel = "noopener noreferrer nofollow";
    link.target = "_blank";
    parts.push(text.slice(end, index), link);
    end = index + address.length;
  }
  return [...parts, text.slice(end)];
}

function dayOf(at) {
  const day = new Date(at).toDateString();
  if (day === new Date().toDateString()) return "Today";
  const yesterday = new Date();
  yesterday.setDate(yesterday.getDate() - 1);
  return day === yesterday.toDateString() ? "Yesterday" : calendar.format(at);
}
