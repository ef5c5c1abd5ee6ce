// stompit, over TCP, as the scenario wants a client.
import { setTimeout as wait } from 'node:timers/promises';

import stompit from 'stompit';

import { Inbox } from './inbox.mjs';

async function octets(frame) {
  const chunks = [];
  for await (const chunk of frame) {
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

export class Stompit {
  #errors = new Inbox();
  #isLost = false;

  async connect({ host, port, version }, heartBeatMs) {
    const connectHeaders = {
      'accept-version': version,
      'heart-beat': `${heartBeatMs},${heartBeatMs}`,
      host: '/',
      login: 'guest',
      passcode: 'guest',
    };
    this.client = await new Promise((resolve, reject) => {
      stompit.connect({ host, port, connectHeaders }, (error, client) => {
        return error ? reject(error) : resolve(client);
      });
    });
    const onError = (error) => {
      this.#isLost = true;
      this.#errors.put(error.message);
    };
    this.client.on('error', onError);
    // stompit 1.0 raises an ERROR that has a text body on the frame, where nobody can listen.
    process.once('uncaughtException', onError);
    this.version = this.client.headers.version;
  }

  async subscribe(destination, ack) {
    const inbox = new Inbox();
    const live = this.client.subscribe({ destination, ack }, (error, frame) => {
      if (!error) {
        octets(frame).then((body) => inbox.put({ body, headers: frame.headers, frame }));
      }
    });
    return {
      next: () => inbox.next(),
      ack: async ({ frame }) => this.client.ack(frame),
      nack: async ({ frame }) => this.client.nack(frame),
      unsubscribe: async () => live.unsubscribe(),
    };
  }

  async send(destination, body, headers, transaction) {
    const sender = transaction ?? this.client;
    sender.send({ destination, 'content-length': body.length, ...headers }).end(body);
  }

  async sendAndWait(destination, body) {
    await new Promise((onReceipt) => {
      this.client.send({ destination, 'content-length': body.length }, { onReceipt }).end(body);
    });
  }

  async begin() {
    return this.client.begin();
  }

  async commit(transaction) {
    await new Promise((onReceipt) => transaction.commit({ onReceipt }));
  }

  async abort(transaction) {
    await new Promise((onReceipt) => transaction.abort({ onReceipt }));
  }

  error() {
    return this.#errors.next();
  }

  async isAliveAfter(milliseconds) {
    await wait(milliseconds);
    return !this.#isLost;
  }

  async disconnect() {
    process.removeAllListeners('uncaughtException');
    await new Promise((resolve, reject) => {
      this.client.disconnect((error) => (error ? reject(error) : resolve()));
    });
  }
}
