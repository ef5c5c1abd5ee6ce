/** The message box: drafts, height, what Enter does. */

import { byId, setText } from "./dom.js";
import { TEXT_CHARACTERS } from "./limits.js";
import { cleanText } from "./text.js";

const WARN_AT = TEXT_CHARACTERS - 200;

/** Where messages are typed; each room keeps what was typed in it. */
export class Composer {
  #chat;
  #log;
  #room = null;
  #text = byId("text");

  constructor(chat, log) {
    this.#chat = chat;
    this.#log = log;
    byId("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#say();
    });
    this.#text.addEventListener("keydown", (event) => this.#key(event));
    this.#text.addEventListener("input", () => this.#fit());
  }

  /** Show the draft of the current room. */
  show() {
    const room = this.#chat.current;
    if (room === this.#room) return;
    if (this.#room) this.#room.draft = this.#text.value;
    this.#room = room;
    this.#text.value = room.draft;
    this.#text.placeholder = `Message #${room.name}`;
    setText(byId("text-label"), `Message to the room ${room.name}`);
    this.#fit();
  }

  /** Put the cursor here, unless that would bring up a keyboard over the page. */
  focus() {
    if (matchMedia("(hover: hover)").matches) this.#text.focus();
  }

  #key(event) {
    // Safari ends a composition before the Enter that ended it; only the old key code tells.
    const isComposing = event.isComposing || event.keyCode === 229;
    const isPlainEnter = event.key === "Enter" && !event.shiftKey && !event.altKey && !isComposing;
    if (!isPlainEnter) return;
    event.preventDefault();
    this.#say();
  }

  #say() {
    const text = cleanText(this.#text.value);
    if (!text || !this.#room || !this.#chat.name) return;
    if (!this.#chat.say(this.#room, text)) {
      setText(byId("room-left"), "Too much waits to be sent. Wait for the connection.");
      return;
    }
    this.#text.value = "";
    this.#fit();
    this.#log.show();
    this.#log.toEnd();
  }

  #fit() {
    const { style } = this.#text;
    style.height = "auto";
    style.height = `${this.#text.scrollHeight}px`;
    const isBlank = cleanText(this.#text.value) === "";
    byId("send").classList.toggle("ready", !isBlank);
    const { length } = this.#text.value;
    setText(byId("room-left"), length > WARN_AT ? `${TEXT_CHARACTERS - length} characters left` : "");
  }
}
