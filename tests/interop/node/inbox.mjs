// A queue that can be awaited.
export class Inbox {
  #items = [];
  #waiting = [];

  put(item) {
    const resolve = this.#waiting.shift();
    if (resolve) {
      resolve(item);
    } else {
      this.#items.push(item);
    }
  }

  next() {
    if (this.#items.length) {
      return Promise.resolve(this.#items.shift());
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
