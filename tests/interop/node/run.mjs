// Take one Node.js client through the steps: node run.mjs NAME TRANSPORT VERSION HOST PORT
// Prints one line of JSON a step.
import { readFileSync } from 'node:fs';

import { run } from './scenario.mjs';
import { Stompit } from './stompit.mjs';
import { Stompjs } from './stompjs.mjs';

const clients = { stompit: Stompit, stompjs: Stompjs };
const [name, transport, version, host, port] = process.argv.slice(2);
const matrix = JSON.parse(readFileSync(new URL('../matrix.json', import.meta.url)));

const unsayable = matrix.unsayable
  .filter((entry) => entry.client === name && entry.versions.includes(version))
  .flatMap((entry) => entry.headers);
const headers = Object.fromEntries(
  Object.entries(matrix.versions[version].headers).filter(([header]) => !unsayable.includes(header)),
);
const place = { host, port: Number(port), transport, version };
const tag = `${name}-${transport}-${version}`;

for (const step of matrix.steps) {
  if (!(step in matrix.versions[version].absent)) {
    const fault = await run({ make: () => new clients[name](), place, headers, tag, number: 0 }, step);
    console.log(JSON.stringify({ step, fault }));
  }
}
process.exit(0);
