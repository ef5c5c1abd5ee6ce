// @stomp/stompjs, over WebSocket or TCP, as the scenario wants a client.
import { setTimeout as wait } from 'node:timers/promises';

import { Client, Versions } from '@stomp/stompjs';
import WebSocket from 'ws';

import { Inbox } from './inbox.mjs';
import { TcpSocket } from './tcp.mjs';

export class Stompjs {
  #errors = new Inbox();
  #receipts = 0;
  #beats = 0;
  #isLost = false;

  async connect({ host, port, transport, version }, heartBeatMs) {
    const versions = new Versions([version]);
    const factory = {
      tcp: () => new TcpSocket(host, port),
      websocket: () => new WebSocket(`ws://${host}:${port}/stomp`, versions.protocolVersions()),
    };
    this.client = new Client({
      webSocketFactory: factory[transport],
      stompVersions: versions,
      connectHeaders: { login: 'guest', passcode: 'guest', host: '/' },
      heartbeatIncoming: heartBeatMs,
      heartbeatOutgoing: heartBeatMs,
      reconnectDelay: 0,
      onStompError: (frame) => this.#errors.put(frame.headers.message),
      onHeartbeatReceived: () => (this.#beats += 1),
      onHeartbeatLost: () => (this.#isLost = true),
    });
    await new Promise((resolve) => {
      this.client.onConnect = resolve;
      this.client.activate();
    });
    this.version = this.client.connectedVersion;
  }

  async subscribe(name, ack) {
    const inbox = new Inbox();
    const live = this.client.subscribe(name, (frame) => inbox.put(frame), { ack });
    return {
      next: async () => {
        const frame = await inbox.next();
        return { body: Buffer.from(frame.binaryBody), headers: frame.headers, frame };
      },
      ack: async ({ frame }) => frame.ack(),
      nack: async ({ frame }) => frame.nack(),
      unsubscribe: async () => live.unsubscribe(),
    };
  }

  async send(destination, body, headers, transaction) {
    const more = transaction ? { transaction: transaction.id } : {};
    this.client.publish({ destination, binaryBody: new Uint8Array(body), headers: { ...headers, ...more } });
  }

  async sendAndWait(name, body) {
    const receipt = `sent-${(this.#receipts += 1)}`;
    const received = new Promise((resolve) => this.client.watchForReceipt(receipt, resolve));
    await this.send(name, body, { receipt }, null);
    await received;
  }

  async begin() {
    return this.client.begin();
  }

  async commit(transaction) {
    transaction.commit();
  }

  async abort(transaction) {
    transaction.abort();
  }

  error() {
    return this.#errors.next();
  }

  async isAliveAfter(milliseconds) {
    await wait(milliseconds);
    return this.client.connected && !this.#isLost && this.#beats >= 2;
  }

  async disconnect() {
    const received = new Promise((resolve) => (this.client.onDisconnect = resolve));
    await this.client.deactivate();
    await received;
  }
}
