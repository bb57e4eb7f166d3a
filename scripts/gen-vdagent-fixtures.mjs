#!/usr/bin/env node
/**
 * Records a conversation with the SPICE agent, as src/hw/char/fixtures/vdagent.json: `node scripts/gen-vdagent-fixtures.mjs`, after `npm run build`.
 *
 * spice-vdagentd and spice-vdagent run here, with an X server without a display, and a socket in the place of the virtio port; at its other end is our VdAgent. What an X
 * client finds on the clipboard, and puts there, is the oracle. Needs Debian's spice-vdagent, xvfb and xclip.
 *
 * Each step of the file is a pair: `guest` (bytes from the agent, hexadecimal), `host` (ours), `offer` (the host copies), `pasted` (what an X client got),
 * `copied` (what the host was told).
 */
import { execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { root } from './lib/project.mjs';

const { VdAgent } = await import(join(root, 'build/ts/hw/char/vdagent.js'));
const { Log } = await import(join(root, 'build/ts/core/log.js'));

const LONG = Array.from({ length: 150 }, (_, line) => `Zeile ${line}: Schnee ❄`).join('\n');
const folder = mkdtempSync(join(tmpdir(), 'vdagent-'));
const port = join(folder, 'port');
const daemonSocket = join(folder, 'daemon');
const children = [];
const steps = [];
/** What comes in one piece or in several is one step. */
const record = (kind, text) => {
  const last = steps.at(-1);
  if (kind !== 'offer' && kind !== 'copied' && last?.[0] === kind) last[1] += text;
  else steps.push([kind, text]);
};

async function until(what, test) {
  for (let i = 0; i < 200; i++) {
    if (test()) return;
    await sleep(50);
  }
  throw new Error(`${what} did not happen`);
}

function start(command, args, env = {}) {
  const child = spawn(command, args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, ...env },
  });
  children.push(child);
  return child;
}

let copied = null;
let socket = null;
const server = createServer((connection) => {
  socket = connection;
  const agent = new VdAgent({
    send: (bytes) => {
      record('host', Buffer.from(bytes).toString('hex'));
      connection.write(bytes);
    },
    unread: () => connection.writableLength,
    copied: (text) => {
      copied = text;
      record('copied', text);
    },
    log: new Log(),
  });
  server.agent = agent;
  connection.on('data', (bytes) => {
    record('guest', bytes.toString('hex'));
    agent.receive(bytes);
  });
  agent.opened(true);
});

try {
  await new Promise((resolve) => server.listen(port, resolve));
  const display = `:${70 + (process.pid % 100)}`;
  start('Xvfb', [display, '-screen', '0', '640x480x24', '-nolisten', 'tcp'], {});
  start('spice-vdagentd', ['-x', '-X', '-f', '-u', '/dev/null', '-s', port, '-S', daemonSocket]);
  await sleep(1500);
  const x = { DISPLAY: display };
  start('spice-vdagent', ['-x', '-s', port, '-S', daemonSocket], x);
  await until('the agent', () => server.agent?.ready);
  await sleep(1500);
  const env = { ...process.env, ...x };
  const copy = (text, selection) => {
    const child = spawn('xclip', ['-i', '-selection', selection], {
      env,
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    child.stdin.end(text);
    children.push(child);
  };
  for (const text of ['Grüße aus dem Schnee ❄\nzweite Zeile', LONG]) {
    record('offer', text);
    server.agent.offer(text);
    await sleep(500);
    const { stdout } = await promisify(execFile)('xclip', ['-o', '-selection', 'clipboard'], { env });
    record('pasted', stdout);
    if (stdout !== text) throw new Error(`an X client finds ${JSON.stringify(stdout.slice(0, 80))}`);
  }
  for (const text of ['aus dem Gast ☃', LONG]) {
    copied = null;
    copy(text, 'clipboard');
    await until(`the copy of ${text.length} characters`, () => copied !== null);
    if (copied !== text) throw new Error(`the host was told ${JSON.stringify(copied.slice(0, 80))}`);
  }
  copied = null;
  copy('what was only marked', 'primary');
  await sleep(1000);
  if (copied !== null) throw new Error('a selection that is not the clipboard was copied');
} finally {
  for (const child of children) child.kill();
  socket?.destroy();
  server.close();
  rmSync(folder, { recursive: true, force: true });
}
const target = join(root, 'src/hw/char/fixtures/vdagent.json');
mkdirSync(join(target, '..'), { recursive: true });
writeFileSync(target, `${JSON.stringify(steps, null, 1)}\n`);
console.log(`${steps.length} steps: ${steps.map(([kind]) => kind).join(' ')}`);
