/**
 * Records what QEMU's std VGA shows in each video mode of vga-fixtures/modes.mjs: size and SHA-256 of the red, green and blue bytes of a screen dump,
 * in src/hw/display/fixtures/modes.json. Needs Debian's qemu-system-x86.
 * Usage: node scripts/gen-vga-modes-fixtures.mjs [--keep FOLDER]   (keeps the dumps, as PPM files)
 */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { pictureOf } from './lib/ppm.mjs';
import { startQtest } from './lib/qtest.mjs';
import { DAC, MODES, PATTERN_BYTES, patternByte } from './vga-fixtures/modes.mjs';

const TARGET = fileURLToPath(new URL('../src/hw/display/fixtures/modes.json', import.meta.url));
const { keep } = parseArgs({ options: { keep: { type: 'string' } } }).values;
const dir = mkdtempSync(join(tmpdir(), 'vga-modes-'));
const VIDEO_MEMORY = 0xfd000000;

const out = (port, value) => `outb 0x${port.toString(16)} 0x${value.toString(16)}`;
const config = (offset, value) => [
  `outl 0xcf8 0x${(0x80001000 + offset).toString(16)}`,
  `outl 0xcfc 0x${value.toString(16)}`,
];

/** The writes that make the mode, palette last, since 0x3c0 turns the screen on. */
function program({ sr, gr, cr, ar, misc, dispi }) {
  const commands = [out(0x3c2, misc)];
  const indexed = (port, values) =>
    values.forEach((value, i) => void commands.push(out(port, i), out(port + 1, value)));
  indexed(0x3c4, sr);
  commands.push(out(0x3d4, 0x11), out(0x3d5, 0));
  indexed(0x3d4, cr);
  indexed(0x3ce, gr);
  for (const [index, value] of dispi ?? []) commands.push(`outw 0x1ce ${index}`, `outw 0x1d0 ${value}`);
  commands.push(out(0x3c8, 0));
  for (const color of DAC) for (const component of color) commands.push(out(0x3c9, component));
  commands.push('inb 0x3da');
  ar.forEach((value, i) => void commands.push(out(0x3c0, i), out(0x3c0, value)));
  commands.push(out(0x3c0, 0x20));
  return commands;
}

/** Runs QEMU, stopped, with qtest and a monitor. */
async function record(mode, pattern) {
  const monitor = join(dir, 'monitor');
  const machine = startQtest(['-device', 'VGA,addr=2', '-monitor', `unix:${monitor},server=on,wait=off`]);
  const commands = [
    ...config(0x10, VIDEO_MEMORY),
    ...config(0x04, 3),
    ...program(mode),
    `b64write 0x${VIDEO_MEMORY.toString(16)} 0x${pattern.length.toString(16)} ${pattern.toString('base64')}`,
  ];
  await machine.ask(commands);
  const dump = join(dir, `${mode.name}.ppm`);
  const socket = connect(monitor);
  let said = '';
  socket.on('data', (chunk) => (said += chunk));
  // Some modes are drawn right from the second time on only, when their size is known.
  socket.write(`screendump ${dump}\nscreendump ${dump}\ninfo status\n`);
  while (!/VM status/.test(said)) await new Promise((resolve) => setTimeout(resolve, 5));
  socket.end();
  await machine.end();
  rmSync(monitor, { force: true });
  if (!existsSync(dump)) throw new Error(`${mode.name}: no dump. ${said}`);
  if (keep) {
    mkdirSync(keep, { recursive: true });
    copyFileSync(dump, join(keep, `${mode.name}.ppm`));
  }
  return pictureOf(readFileSync(dump));
}

try {
  const pattern = Buffer.from(Uint8Array.from({ length: PATTERN_BYTES }, (_, at) => patternByte(at)));
  const modes = {};
  for (const mode of MODES) modes[mode.name] = await record(mode, pattern);
  mkdirSync(join(TARGET, '..'), { recursive: true });
  writeFileSync(TARGET, `${JSON.stringify(modes, null, 2)}\n`);
} finally {
  rmSync(dir, { recursive: true });
}
