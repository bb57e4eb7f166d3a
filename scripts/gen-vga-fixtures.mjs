/**
 * Records what QEMU's std VGA makes of accesses to its ports and to the memory from 0xa0000 on: assembly/vga/tests/fixtures/qemu.txt.
 * Needs Debian's qemu-system-x86. Usage: node scripts/gen-vga-fixtures.mjs
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { qtest } from './lib/qtest.mjs';

const TARGET = fileURLToPath(new URL('../assembly/vga/tests/fixtures/qemu.txt', import.meta.url));

/** A generator of numbers that are the same in every run. */
let seed = 0x5eed;
const random = (below) => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return Math.floor((seed / 2 ** 32) * below);
};
const pick = (list) => list[random(list.length)];

const steps = [];
const section = (name) => steps.push(['section', name]);
const out = (port, value) => steps.push(['out', port, value]);
const input = (port) => steps.push(['in', port]);
const write = (address, value) => steps.push(['write', address, value]);
const read = (address) => steps.push(['read', address]);
const indexed = (port, index, value) => {
  out(port, index);
  out(port + 1, value);
};

function start() {
  out(0x3c2, 0x67);
  indexed(0x3d4, 0x11, 0);
}

function registers() {
  section('registers');
  for (const port of [0x3c2, 0x3c3, 0x3ca, 0x3cc, 0x3c7, 0x3c8, 0x3b0, 0x3b4, 0x3d4, 0x3d6, 0x3df])
    input(port);
  start();
  for (let i = 0; i < 400; i++) {
    const port = pick([0x3c4, 0x3ce, 0x3d4]);
    // The window's registers have a section of their own.
    indexed(port, port === 0x3d4 ? random(32) : random(16), random(256));
    if (random(3) === 0) {
      out(port, random(port === 0x3d4 ? 40 : 16));
      input(port);
      input(port + 1);
    }
    if (random(20) === 0) out(0x3c2, random(256));
    if (random(20) === 0) out(0x3c2, 0x67);
  }
}

function attributes() {
  section('attributes');
  start();
  for (let i = 0; i < 200; i++) {
    steps.push(['status', 0x3da]);
    out(0x3c0, random(64));
    if (random(4)) out(0x3c0, random(256));
    if (random(3) === 0) input(0x3c0);
    input(0x3c1);
    if (random(5) === 0) out(0x3c0, random(64));
  }
}

function dac() {
  section('dac');
  start();
  for (let i = 0; i < 200; i++) {
    out(random(2) ? 0x3c8 : 0x3c7, random(256));
    input(0x3c7);
    for (let k = random(8); k > 0; k--) out(0x3c9, random(256));
    for (let k = random(8); k > 0; k--) input(0x3c9);
    input(0x3c8);
  }
}

/** Random accesses with random registers of the graphics controller; `memoryMode` of SR4 and `modes` of GR5. */
function memory(name, memoryMode, modes, misc) {
  section(name);
  start();
  indexed(0x3c4, 4, memoryMode);
  for (let i = 0; i < 150; i++) {
    indexed(0x3c4, 2, random(16));
    for (const index of [0, 1, 2, 3, 4, 7, 8]) if (random(3)) indexed(0x3ce, index, random(256));
    if (random(3) === 0) indexed(0x3ce, 8, 0xff);
    indexed(0x3ce, 5, pick(modes));
    indexed(0x3ce, 6, pick(misc));
    for (let k = 0; k < 4; k++) {
      const address = pick([0xa0000, 0xa0000, 0xb0000, 0xb8000]) + random(64) + random(2) * 0x7fc0;
      read(address);
      if (random(4)) write(address, random(256));
      read(address);
    }
  }
}

registers();
attributes();
dac();
memory('planar', 0x06, [0, 1, 2, 3, 8, 9, 10, 11], [0x01, 0x05, 0x09, 0x0d]);
memory('odd-even', 0x02, [0x10, 0x11, 0x18], [0x00, 0x04, 0x08, 0x0c, 0x0e]);
memory('chain-4', 0x0e, [0x40, 0x43, 0x50], [0x01, 0x05, 0x09, 0x0d]);

const command = ([kind, a, b]) => {
  const hex = (value) => `0x${value.toString(16)}`;
  if (kind === 'out') return `outb ${hex(a)} ${hex(b)}`;
  if (kind === 'in' || kind === 'status') return `inb ${hex(a)}`;
  return kind === 'write' ? `writeb ${hex(a)} ${hex(b)}` : `readb ${hex(a)}`;
};

const commands = steps.filter(([kind]) => kind !== 'section');
const answers = await qtest(commands.map(command), ['-device', 'VGA,addr=2']);
let next = 0;
const lines = steps.map(([kind, a, b]) => {
  if (kind === 'section') return `[${a}]`;
  const answer = Number.parseInt(answers[next++], 16);
  const words = [kind, a.toString(16)];
  if (b !== undefined) words.push(b.toString(16));
  if (kind === 'in' || kind === 'read') words.push('=', answer.toString(16));
  return words.join(' ');
});
writeFileSync(TARGET, `# Recorded by scripts/gen-vga-fixtures.mjs.\n${lines.join('\n')}\n`);
