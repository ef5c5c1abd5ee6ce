/**
 * The connection to the broker: one STOMP session at a time, and the pauses between two of them.
 *
 * stompjs could reconnect by itself; it does not say when it will, and the page wants to show that.
 */

import { CONNECT_MS, HEART_BEAT_MS, RETRY_MS } from "./limits.js";

// State and happening -> next state. What is not listed changes nothing.
const TRANSITIONS = {
  closed: { open: "connecting" },
  connecting: { connected: "connected", lost: "waiting", close: "closed" },
  connected: { lost: "waiting", close: "closed" },
  waiting: { open: "connecting", close: "closed" },
};

/** Carries frames while connected, and comes back by itself when not. */
export class Connection {
  #stomp;
  #url;
  #events;
  #client = null;
  #timer = 0;
  #failures = 0;

  /** "closed", "connecting", "connected" or "waiting". */
  state = "closed";
  /** When the next attempt is due, as `Date.now()` counts; only while waiting. */
  retryAt = 0;
  /** What the broker said when it ended the connection, or "". */
  refusal = "";

  /**
   * @param stomp the stompjs library
   * @param {string} url of the broker's WebSocket
   * @param events `changed()` when the state is another one, `connected()` when frames may be sent
   */
  constructor(stomp, url, events) {
    this.#stomp = stomp;
    this.#url = url;
    this.#events = events;
  }

  /** Connect now; also cuts a pause short. */
  open() {
    if (!this.#advance("open")) return;
    clearTimeout(this.#timer);
    const client = this.#makeClient();
    this.#client = client;
    client.activate();
  }

  /** Connect now, for a reason to believe that it will work this time. */
  retry() {
    if (this.state === "waiting") this.open();
  }

  /** Disconnect, and stay so until opened again. */
  close() {
    if (!this.#advance("close")) return;
    clearTimeout(this.#timer);
    const client = this.#client;
    this.#client = null;
    client?.deactivate();
  }

  /** Send a value as JSON. Returns whether there was a connection to give it to. */
  send(destination, value) {
    if (!this.#client?.connected) return false;
    const headers = { "content-type": "application/json" };
    this.#client.publish({ destination, headers, body: JSON.stringify(value) });
    return true;
  }

  /** Subscribe for the rest of this session, and return what ends it; `hear` is given bodies. */
  subscribe(destination, hear) {
    const subscription = this.#client.subscribe(destination, (message) => hear(message.body));
    return () => this.#client?.connected && subscription.unsubscribe();
  }

  #makeClient() {
    const { Client, Versions } = this.#stomp;
    const client = new Client({
      brokerURL: this.#url,
      stompVersions: new Versions([Versions.V1_2]),
      connectHeaders: { host: location.hostname },
      connectionTimeout: CONNECT_MS,
      heartbeatIncoming: HEART_BEAT_MS,
      heartbeatOutgoing: HEART_BEAT_MS,
      reconnectDelay: 0,
      discardWebsocketOnCommFailure: true, // else a vanished peer is waited for
      onConnect: () => client === this.#client && this.#connected(),
      onStompError: (frame) => client === this.#client && this.#refused(frame),
      onWebSocketClose: () => client === this.#client && this.#lost(),
    });
    return client;
  }

  #connected() {
    this.#failures = 0;
    this.refusal = "";
    if (this.#advance("connected")) this.#events.connected();
  }

  #refused(frame) {
    this.refusal = String(frame.headers.message ?? "").slice(0, 200);
  }

  #lost() {
    this.#client.deactivate();
    this.#client = null;
    const pause = RETRY_MS[Math.min(this.#failures, RETRY_MS.length - 1)];
    const delay = pause * (1 + Math.random() / 4); // a restarted broker is not met by all at once
    this.#failures += 1;
    this.retryAt = Date.now() + delay;
    this.#timer = setTimeout(() => this.open(), delay);
    this.#advance("lost");
  }

  #advance(happening) {
    const next = TRANSITIONS[this.state][happening];
    if (!next) return false;
    this.state = next;
    this.#events.changed();
    return true;
  }
}
