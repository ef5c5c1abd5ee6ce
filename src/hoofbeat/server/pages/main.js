/** The chat page: puts the parts together, and redraws when something changed. */

import { Chat } from "./chat.js";
import { Composer } from "./composer.js";
import { Connection } from "./connection.js";
import { askName, askRoom, listenForCancel, showKeys } from "./dialogs.js";
import { byId, setText } from "./dom.js";
import { Log } from "./log.js";
import { Panels } from "./panels.js";
import { paintAvatar, showPeople } from "./people.js";
import { listenForRoomKeys, showRooms } from "./rooms.js";
import { joinedRooms, keepName, keepRooms, lastName, windowName } from "./settings.js";
import { Siblings } from "./siblings.js";
import { runCountdown, showStatus } from "./status.js";
import { roomName } from "./text.js";

/** Runs the page. */
class Page {
  #isDue = false;
  #chat = new Chat(joinedRooms(), () => this.#changed());
  #connection;
  #log = new Log(this.#chat);
  #composer = new Composer(this.#chat, this.#log);
  #panels = new Panels();
  #siblings = new Siblings(() => this.#chat.name);

  constructor(stomp) {
    const url = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/stomp`;
    this.#connection = new Connection(stomp, url, {
      changed: () => this.#changed(),
      connected: () => this.#chat.connected(),
    });
  }

  /** Find out who is here, then connect. */
  async start() {
    this.#listen();
    this.#followAddress();
    this.#show();
    this.#chat.rename(await this.#chooseName());
    keepName(this.#chat.name);
    this.#chat.start(this.#connection, () => document.visibilityState === "visible");
    runCountdown(this.#connection);
    this.#composer.focus();
  }

  async #chooseName() {
    if (windowName()) return windowName();
    const last = lastName();
    const isTaken = last !== "" && (await this.#siblings.names()).has(last);
    if (last && !isTaken) return last;
    return askName({ name: "", taken: isTaken ? last : "" });
  }

  #listen() {
    listenForCancel();
    listenForRoomKeys(this.#chat, (name) => this.#go(name));
    byId("change-name").addEventListener("click", () => this.#changeName());
    byId("add-room").addEventListener("click", () => this.#addRoom());
    byId("show-keys").addEventListener("click", showKeys);
    byId("retry").addEventListener("click", () => this.#connection.retry());
    byId("skip").addEventListener("click", (event) => {
      event.preventDefault(); // the address names the room, and stays so
      byId("text").focus();
    });
    byId("rooms").addEventListener("click", (event) => this.#roomClicked(event.target));
    document.addEventListener("keydown", (event) => this.#escape(event));
    document.addEventListener("visibilitychange", () => this.#cameIntoSight());
    addEventListener("hashchange", () => this.#followAddress());
    addEventListener("online", () => this.#connection.retry());
    addEventListener("offline", () => this.#changed());
    addEventListener("pagehide", () => this.#chat.stop());
    addEventListener("pageshow", (event) => event.persisted && location.reload());
  }

  #changed() {
    if (this.#isDue) return;
    this.#isDue = true;
    const draw = () => this.#isDue && this.#show();
    // A hidden page gets no animation frames, but its title tells what is unread.
    if (document.hidden) setTimeout(draw);
    else requestAnimationFrame(draw);
  }

  #show() {
    this.#isDue = false;
    const { current, name, unread } = this.#chat;
    this.#composer.show();
    this.#log.show();
    showRooms(this.#chat);
    showPeople(this.#chat);
    showStatus(this.#connection, this.#chat.heard);
    setText(byId("room-title"), current.name);
    setText(byId("my-name"), name);
    paintAvatar(byId("my-avatar"), name);
    document.title = `${unread ? `(${unread}) ` : ""}#${current.name} · Hoofbeat chat`;
  }

  #cameIntoSight() {
    if (document.hidden) return;
    this.#connection.retry();
    this.#chat.see();
    this.#show();
  }

  #go(name) {
    location.hash = encodeURIComponent(name); // and hashchange does the rest
  }

  #followAddress() {
    const name = roomName(decoded(location.hash.slice(1)));
    const before = this.#chat.current;
    if (!name || !this.#chat.join(name)) return this.#correctAddress();
    keepRooms([...this.#chat.rooms.keys()]);
    this.#correctAddress();
    if (before !== this.#chat.current && !document.querySelector("dialog[open]")) this.#composer.focus();
  }

  #correctAddress() {
    history.replaceState(null, "", `#${encodeURIComponent(this.#chat.current.name)}`);
  }

  async #changeName() {
    const name = await askName({ name: this.#chat.name, isChange: true });
    if (!name || name === this.#chat.name) return;
    keepName(name);
    this.#chat.rename(name);
  }

  async #addRoom() {
    const name = await askRoom();
    if (!name) return;
    this.#panels.close();
    this.#go(name);
  }

  #roomClicked(target) {
    if (target.closest(".leave")) this.#leaveRoom();
    else if (target.closest("a")) this.#panels.close();
  }

  #leaveRoom() {
    this.#chat.leave(this.#chat.current);
    keepRooms([...this.#chat.rooms.keys()]);
    this.#correctAddress();
    this.#panels.close();
    this.#composer.focus();
  }

  #escape(event) {
    if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
    if (!this.#panels.close()) byId("text").focus();
  }
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return ""; // not an address we made
  }
}

/** Load stompjs, which the installation puts beside the page if npm is there to fetch it. */
async function loadStomp() {
  try {
    await import("./vendor/stomp.min.js");
  } catch {
    return null;
  }
  return globalThis.StompJs ?? null;
}

const stomp = await loadStomp();
if (stomp) await new Page(stomp).start();
else {
  byId("app").hidden = true;
  byId("skip").hidden = true;
  byId("missing").hidden = false;
}
