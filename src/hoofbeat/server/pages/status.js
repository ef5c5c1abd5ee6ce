/** Whether we are connected, and if not, when we try again. */

import { byId, setText } from "./dom.js";

const WORDS = {
  closed: "",
  connecting: "Connecting",
  connected: "Connected",
  waiting: "Reconnecting",
};

/** Show the connection's state, and what the broker said when it refused us. */
export function showStatus(connection) {
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

function countdown({ state, retryAt }) {
  if (state !== "waiting") return "";
  return `in ${Math.max(1, Math.ceil((retryAt - Date.now()) / 1000))} s`;
}

function showRefusal(refusal) {
  const banner = byId("banner");
  banner.hidden = !refusal;
  setText(banner, refusal ? `The broker refused this page: ${refusal}` : "");
}
