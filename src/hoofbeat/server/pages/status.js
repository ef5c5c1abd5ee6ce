/** Whether we are connected, and if not, when we try again. */

import { byId, setText } from "./dom.js";

const WORDS = {
  closed: "",
  connecting: "Connecting",
  connected: "Connected",
  waiting: "Reconnecting",
};

const BEAT_MS = 900; // as in chat.css
let shown = "";
let beaten = 0;

/** Show the connection's state, what the broker said when it ended, and that something was heard. */
export function showStatus(connection, heard) {
  if (shown !== `${connection.state} ${heard}`) beat();
  shown = `${connection.state} ${heard}`;
  const isOffline = connection.state === "waiting" && !navigator.onLine;
  byId("status").dataset.state = isOffline ? "offline" : connection.state;
  setText(byId("status-words"), isOffline ? "Offline" : WORDS[connection.state]);
  setText(byId("status-count"), countdown(connection));
  byId("retry").hidden = connection.state !== "waiting";
  showRefusal(connection.refusal);
}

/** Keep the seconds to the next attempt running. */
export function runCountdown(connection) {
  setInterval(() => setText(byId("status-count"), countdown(connection)), 500);
}

function beat() {
  if (Date.now() - beaten < BEAT_MS) return;
  beaten = Date.now();
  const line = byId("status").querySelector(".status-beat");
  line.classList.remove("beating");
  line.getBoundingClientRect(); // makes the browser see that it was gone, or it would not begin again
  line.classList.add("beating");
}

function countdown({ state, retryAt }) {
  if (state !== "waiting") return "";
  return `in ${Math.max(1, Math.ceil((retryAt - Date.now()) / 1000))} s`;
}

function showRefusal(refusal) {
  const banner = byId("banner");
  banner.hidden = !refusal;
  setText(banner, refusal ? `The broker ended the connection: ${refusal}` : "");
}
