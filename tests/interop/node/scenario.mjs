// The steps every client goes through. The same steps in Python: clients/scenario.py
import { isDeepStrictEqual, inspect } from 'node:util';
import { setTimeout as wait } from 'node:timers/promises';

const PATIENCE_MS = 10_000;
const HEART_BEAT_MS = 1000;
const END = Buffer.from('end');
const OCTETS = Buffer.from([...Array(512).keys()].map((octet) => octet % 256));

function expect(found, wanted) {
  if (!isDeepStrictEqual(found, wanted)) {
    throw new Error(`${inspect(found)}, not ${inspect(wanted)}`);
  }
}

function destination(scenario, kind, step) {
  return `/${kind}/interop-${scenario.tag}-${step}`;
}

async function connected(scenario, talk, heartBeatMs = 0) {
  const client = scenario.make();
  await client.connect(scenario.place, heartBeatMs);
  const result = await talk(client);
  await client.disconnect();
  return result;
}

async function send(client, name, ...bodies) {
  for (const body of bodies) {
    await client.send(name, Buffer.from(body), {}, null);
  }
}

async function take(subscription, count) {
  const messages = [];
  while (messages.length < count) {
    messages.push(await subscription.next());
  }
  return messages;
}

function texts(messages) {
  return messages.map((message) => message.body.toString());
}

async function untilEnd(client, name, subscription) {
  await send(client, name, END);
  const messages = [];
  for (;;) {
    const message = await subscription.next();
    if (message.body.equals(END)) {
      return texts(messages);
    }
    messages.push(message);
  }
}

function whatIsLeft(scenario, name) {
  return connected(scenario, async (client) => {
    const subscription = await client.subscribe(name, 'auto');
    const left = await untilEnd(client, name, subscription);
    await subscription.unsubscribe();
    return left;
  });
}

function echo(scenario, step, body, headers) {
  const name = destination(scenario, 'topic', step);
  return connected(scenario, async (client) => {
    const subscription = await client.subscribe(name, 'auto');
    await client.send(name, body, headers, null);
    const message = await subscription.next();
    await subscription.unsubscribe();
    return message;
  });
}

async function settleSecond(scenario, mode) {
  const name = destination(scenario, 'queue', mode);
  await connected(scenario, async (client) => {
    const subscription = await client.subscribe(name, mode);
    await send(client, name, 'one', 'two', 'three');
    const taken = await take(subscription, 3);
    expect(texts(taken), ['one', 'two', 'three']);
    if (mode !== 'auto') {
      await subscription.ack(taken[1]);
    }
    await subscription.unsubscribe();
  });
  return whatIsLeft(scenario, name);
}

async function transaction(scenario, step, talk) {
  const name = destination(scenario, 'topic', step);
  await connected(scenario, async (client) => {
    const subscription = await client.subscribe(name, 'auto');
    const begun = await client.begin();
    await client.send(name, Buffer.from('inside'), {}, begun);
    await talk(client, begun, subscription, name);
    await subscription.unsubscribe();
  });
}

const steps = {
  async connect(scenario) {
    await connected(scenario, async (client) => expect(client.version, scenario.place.version));
  },
  async subscribe(scenario) {
    const name = destination(scenario, 'topic', 'subscribe');
    await connected(scenario, async (client) => {
      const subscription = await client.subscribe(name, 'auto');
      await send(client, name, 'one', 'two');
      const messages = await take(subscription, 2);
      expect(texts(messages), ['one', 'two']);
      expect(messages[0].headers.destination, name);
      await subscription.unsubscribe();
    });
  },
  async text(scenario) {
    const body = Buffer.from('Příliš žluťoučký kůň 🐎\nend');
    expect((await echo(scenario, 'text', body, {})).body, body);
  },
  async binary(scenario) {
    expect((await echo(scenario, 'binary', OCTETS, {})).body, OCTETS);
  },
  async headers(scenario) {
    const { headers } = await echo(scenario, 'headers', Buffer.from('x'), scenario.headers);
    const names = Object.keys(scenario.headers);
    expect(Object.fromEntries(names.map((name) => [name, headers[name]])), scenario.headers);
  },
  async receipt(scenario) {
    const name = destination(scenario, 'queue', 'receipt');
    await connected(scenario, (client) => client.sendAndWait(name, Buffer.from('one')));
    expect(await whatIsLeft(scenario, name), ['one']);
  },
  async auto(scenario) {
    expect(await settleSecond(scenario, 'auto'), []);
  },
  async client(scenario) {
    expect(await settleSecond(scenario, 'client'), ['three']);
  },
  async 'client-individual'(scenario) {
    expect(await settleSecond(scenario, 'client-individual'), ['one', 'three']);
  },
  async nack(scenario) {
    const name = destination(scenario, 'queue', 'nack');
    await connected(scenario, async (client) => {
      const subscription = await client.subscribe(name, 'client-individual');
      await send(client, name, 'one');
      await subscription.nack(await subscription.next());
      const again = await subscription.next();
      expect([again.body.toString(), again.headers.redelivered], ['one', 'true']);
      await subscription.ack(again);
      await subscription.unsubscribe();
    });
    expect(await whatIsLeft(scenario, name), []);
  },
  async commit(scenario) {
    await transaction(scenario, 'commit', async (client, begun, subscription, name) => {
      await send(client, name, 'outside');
      expect(texts(await take(subscription, 1)), ['outside']);
      await client.commit(begun);
      expect(texts(await take(subscription, 1)), ['inside']);
    });
  },
  async abort(scenario) {
    await transaction(scenario, 'abort', async (client, begun, subscription, name) => {
      await client.abort(begun);
      expect(await untilEnd(client, name, subscription), []);
    });
  },
  async 'heart-beats'(scenario) {
    const talk = async (client) => {
      expect(await client.isAliveAfter(3.5 * HEART_BEAT_MS), true);
      await client.sendAndWait(destination(scenario, 'queue', 'heart-beats'), Buffer.from('one'));
    };
    await connected(scenario, talk, HEART_BEAT_MS);
  },
  async error(scenario) {
    const client = scenario.make();
    await client.connect(scenario.place, 0);
    await send(client, '/nowhere/at/all', 'one');
    expect(Boolean(await client.error()), true);
  },
  async unsubscribe(scenario) {
    const name = destination(scenario, 'topic', 'unsubscribe');
    await connected(scenario, async (client) => {
      const ended = await client.subscribe(name, 'auto');
      await ended.unsubscribe();
      const live = await client.subscribe(name, 'auto');
      expect(await untilEnd(client, name, live), []);
      await live.unsubscribe();
      await client.sendAndWait(name, Buffer.from('one'));
    });
  },
  async disconnect(scenario) {
    const name = destination(scenario, 'queue', 'disconnect');
    await connected(scenario, (client) => send(client, name, 'one', 'two'));
    expect(await whatIsLeft(scenario, name), ['one', 'two']);
  },
};

// Go through one step; return what went wrong, or null.
export async function run(scenario, step) {
  const late = wait(PATIENCE_MS).then(() => {
    throw new Error(`nothing came in ${PATIENCE_MS} ms`);
  });
  try {
    await Promise.race([steps[step](scenario), late]);
  } catch (problem) {
    late.catch(() => {});
    return String(problem);
  }
  late.catch(() => {});
  return null;
}
