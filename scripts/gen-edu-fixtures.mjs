/**
 * Records what QEMU's `edu` answers, where its DMA goes, and which messages it sends: src/hw/misc/fixtures/edu.json. A message is a write to memory: here to
 * RAM, where it can be seen. Needs qemu-system-x86. Usage: node scripts/gen-edu-fixtures.mjs
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startQtest } from './lib/qtest.mjs';

const TARGET = fileURLToPath(new URL('../src/hw/misc/fixtures/edu.json', import.meta.url));
const SLOT = 5;
const BAR = 0xe000_0000;
/** Where messages go, and data. */
const [MESSAGES, DATA] = [0x8000, 0x9000];
const BUFFER = 0x40000;
/** More than a transfer takes. */
const DMA_MS = 150;
const SUFFIX = { 1: 'b', 2: 'w', 4: 'l', 8: 'q' };

const write = (offset, value, size = 4) => ({ write: [offset, size, value] });
const read = (offset, size = 4) => ({ read: [offset, size] });
const config = (offset, value, size = 4) => ({ config: [offset, size, value] });
const put = (address, hex) => ({ put: [address, hex] });
const get = (address, length) => ({ get: [address, length] });
/** Milliseconds pass, and the calculation comes to its end. */
const pass = (ms = 1) => ({ pass: ms });
/** The configuration space, of which bit 3 of the status is the interrupt pin. */
const space = (offset, size = 4) => ({ space: [offset, size] });
const message = [get(MESSAGES, 4), put(MESSAGES, '00000000')];
const transfer = (source, destination, count, command) => [
  write(0x80, source, 8),
  write(0x88, destination, 8),
  write(0x90, count, 8),
  write(0x98, command),
];
const ALL = [0, 4, 8, 0x20, 0x24].map((offset) => read(offset));

const STEPS = [
  ...Array.from({ length: 64 }, (_, i) => space(4 * i)),
  // What can be written, of the header and of MSI's capability: behind it QEMU lets anything be written.
  ...Array.from({ length: 19 }, (_, i) => i)
    .filter((i) => i !== 1 && i !== 16)
    .flatMap((i) => [config(4 * i, 0xffff_ffff), space(4 * i), config(4 * i, 0), space(4 * i)]),
  config(0x4c, 0xffff, 2),
  space(0x4c, 2),
  config(0x42, 0xfffe, 2),
  space(0x42, 2),
  config(0x42, 0, 2),
  config(0x10, BAR),
  config(0x04, 6, 2),
  ...ALL,
  ...[0x0c, 0x28, 0x60, 0x64, 0x9c, 0xa0, 0x1000, 0xffffc].map((offset) => read(offset)),
  ...[0x00, 0x08, 0x20, 0x80, 0x88, 0x90, 0x98].map((offset) => read(offset, 8)),
  ...[0, 1, 0x12345678, 0xffff_ffff].flatMap((value) => [write(4, value), read(4)]),
  write(8, 5, 8),
  pass(),
  read(8),
  ...[0, 1, 2, 5, 12, 13, 20, 33, 34, 35, 1000].flatMap((value) => [
    write(8, value),
    pass(),
    read(8),
    read(0x20),
  ]),
  ...[0xff, 0x7f, 0x80].flatMap((value) => [write(0x20, value), read(0x20)]),
  // The calculation interrupts by the pin.
  write(8, 6),
  pass(),
  read(0x24),
  space(4),
  write(0x64, 2),
  space(4),
  write(0x64, 1),
  space(4),
  ...ALL,
  // Bits of the driver's own.
  write(0x60, 0),
  space(4),
  write(0x60, 0x8000_0006),
  write(0x60, 1),
  read(0x24),
  write(0x64, 0x8000_0000),
  space(4),
  write(0x64, 0xff),
  space(4),
  read(0x24),
  // With the pin switched off.
  config(0x04, 0x406, 2),
  write(0x60, 4),
  space(4),
  write(0x64, 4),
  space(4),
  config(0x04, 6, 2),
  // Messages.
  config(0x44, MESSAGES),
  config(0x4c, 0xabcd, 2),
  write(0x60, 2),
  space(4),
  config(0x42, 1, 2),
  space(4),
  ...message,
  write(0x60, 4),
  ...message,
  read(0x24),
  write(0x64, 6),
  write(8, 4),
  pass(),
  ...message,
  read(8),
  write(0x64, 1),
  config(0x04, 2, 2),
  write(0x60, 1),
  ...message,
  write(0x64, 1),
  config(0x04, 6, 2),
  config(0x42, 0, 2),
  // DMA, to the device and back.
  put(DATA, '000102030405060708090a0b0c0d0e0f'),
  ...transfer(DATA, BUFFER, 16, 1),
  read(0x98),
  write(0x80, 1),
  write(0x98, 3),
  read(0x80, 8),
  pass(DMA_MS),
  read(0x98),
  read(0x24),
  ...transfer(BUFFER + 4, DATA + 0x100, 8, 7),
  pass(DMA_MS),
  get(DATA + 0x100, 16),
  read(0x24),
  read(0x98),
  space(4),
  write(0x64, 0x100),
  ...transfer(BUFFER, 0x7000_0000 + DATA + 0x200, 4, 3),
  pass(DMA_MS),
  get(DATA + 0x200, 8),
  ...transfer(BUFFER + 0xfe0, DATA + 0x300, 16, 3),
  pass(DMA_MS),
  get(DATA + 0x300, 16),
  write(0x98, 2),
  read(0x98),
  write(0x80, 0x1234_5678_9abc, 8),
  read(0x80),
  read(0x80, 8),
  read(0x84),
  write(0x84, 1),
  read(0x80, 8),
  config(0x42, 1, 2),
  ...transfer(BUFFER, DATA + 0x400, 4, 7),
  pass(DMA_MS),
  ...message,
  get(DATA + 0x400, 4),
];

// The processor halts at once, and time passes as it does here.
const folder = mkdtempSync(join(tmpdir(), 'edu-'));
const bios = join(folder, 'bios.bin');
writeFileSync(bios, Buffer.alloc(0x10000, 0xf4));
const machine = startQtest(['-m', '64', '-bios', bios, '-device', `edu,addr=${SLOT}`], { stopped: false });
const ask = async (command) => (await machine.ask([command]))[0];
const number = async (command) => Number((await ask(command)).split(' ').pop());
const select = (offset) => ask(`outl 0xcf8 ${0x8000_0000 + SLOT * 0x800 + (offset & ~3)}`);

/** QEMU calculates in a thread of its own. */
async function calculated() {
  while ((await number(`readl ${BAR + 0x20}`)) & 1) await setTimeout(1);
}

async function answer(step) {
  if (step.write) {
    const [offset, size, value] = step.write;
    await ask(`write${SUFFIX[size]} ${BAR + offset} ${value}`);
  } else if (step.read) {
    const [offset, size] = step.read;
    const text = (await ask(`read${SUFFIX[size]} ${BAR + offset}`)).split(' ').pop();
    return `0x${BigInt(text).toString(16)}`;
  } else if (step.config) {
    const [offset, size, value] = step.config;
    await select(offset);
    await ask(`out${SUFFIX[size]} ${0xcfc + (offset & 3)} ${value}`);
  } else if (step.space) {
    const [offset, size] = step.space;
    await select(offset);
    return `0x${(await number(`in${SUFFIX[size]} ${0xcfc + (offset & 3)}`)).toString(16)}`;
  } else if (step.put) {
    const [address, hex] = step.put;
    await ask(`write ${address} ${hex.length / 2} 0x${hex}`);
  } else if (step.get) {
    const [address, length] = step.get;
    return (await ask(`read ${address} ${length}`)).slice(2);
  } else {
    await calculated();
    await setTimeout(step.pass);
  }
  return undefined;
}

const rows = [];
for (const step of STEPS) {
  const result = await answer(step);
  rows.push(JSON.stringify(result === undefined ? step : { ...step, answer: result }));
}
await machine.end();
rmSync(folder, { recursive: true });
mkdirSync(dirname(TARGET), { recursive: true });
writeFileSync(TARGET, `[\n  ${rows.join(',\n  ')}\n]\n`);
