/**
 * Other windows of the same browser.
 *
 * They share what the browser remembers, the name too. Two windows side by side are how most people
 * try a chat, so a second one is asked for a name of its own.
 */

const ANSWER_MS = 120;

/** Answer other windows, and find out which names they go by. */
export class Siblings {
  #line = typeof BroadcastChannel === "function" ? new BroadcastChannel("hoofbeat.chat") : null;
  #heard = new Set();

  /** @param {() => string} name gives the name of this window, "" before it has one. */
  constructor(name) {
    this.#line?.addEventListener("message", ({ data }) => {
      if (data?.asks === true && name()) this.#line.postMessage({ name: name() });
      if (typeof data?.name === "string") this.#heard.add(data.name);
    });
  }

  /** Return the names other windows use, after giving them a moment to answer. */
  async names() {
    if (!this.#line) return this.#heard;
    this.#line.postMessage({ asks: true });
    await new Promise((done) => setTimeout(done, ANSWER_MS));
    return this.#heard;
  }
}
