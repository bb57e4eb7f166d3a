/**
 * Records what QEMU's std VGA answers through dispi, its EDID and its PCI configuration space: src/hw/display/fixtures/device.json.
 * Needs Debian's qemu-system-x86. Usage: node scripts/gen-vga-device-fixtures.mjs
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { qtest } from './lib/qtest.mjs';

const TARGET = fileURLToPath(new URL('../src/hw/display/fixtures/device.json', import.meta.url));
const DEVFN = 0x10;
const MMIO = 0xfe000000;
const DISPI_REGISTERS = 11;
const SIZES = [
  [640, 480],
  [1024, 768],
  [1280, 800],
  [1920, 1080],
];

const config = (offset) => `outl 0xcf8 0x${(0x80000000 + (DEVFN << 8) + offset).toString(16)}`;
const mapped = [config(0x18), `outl 0xcfc 0x${MMIO.toString(16)}`, config(4), 'outl 0xcfc 3'];

let seed = 0xd15b1;
const random = (below) => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return Math.floor((seed / 2 ** 32) * below);
};
const pick = (list) => list[random(list.length)];

/** Writes that a driver makes, and some that none does: [index, value]. */
function dispiWrites() {
  const writes = [];
  for (let i = 0; i < 300; i++) {
    writes.push(
      pick([
        [0, 0xb0c0 + random(8)],
        [1, pick([320, 640, 1024, 1920, 1366, 0, 20000, random(65536)])],
        [2, pick([200, 480, 768, 1200, 0, 20000, random(65536)])],
        [3, pick([4, 8, 15, 16, 24, 32, 0, 7, 64])],
        [4, pick([0, 1, 0x41, 0xc1, 0xe1, 2, 3, 0x83])],
        [5, random(512)],
        [6, pick([640, 1024, 2048, random(65536)])],
        [7, random(65536)],
        [8, random(2000)],
        [9, random(2000)],
        [10, random(65536)],
      ]),
    );
  }
  return writes;
}

const writes = dispiWrites();
const commands = writes.flatMap(([index, value]) => [
  `outw 0x1ce ${index}`,
  `outw 0x1d0 ${value}`,
  ...Array.from({ length: DISPI_REGISTERS }, (_, i) => [`outw 0x1ce ${i}`, 'inw 0x1d0']).flat(),
]);
const answers = await qtest([...mapped, ...commands], ['-device', 'VGA,addr=2']);
const values = answers
  .slice(mapped.length)
  .filter((_, i) => commands[i].startsWith('inw'))
  .map(Number);
const dispi = writes.map(([index, value], i) => [
  index,
  value,
  ...values.slice(i * DISPI_REGISTERS, (i + 1) * DISPI_REGISTERS),
]);

const edid = {};
for (const [xres, yres] of SIZES) {
  const read = await qtest(
    [...mapped, `read 0x${MMIO.toString(16)} 0x100`],
    ['-device', `VGA,addr=2,xres=${xres},yres=${yres}`],
  );
  edid[`${xres}x${yres}`] = read.at(-1).slice(2);
}

const offsets = Array.from({ length: 16 }, (_, i) => 4 * i);
const reset = await qtest(
  offsets.flatMap((offset) => [config(offset), 'inl 0xcfc']),
  ['-device', 'VGA,addr=2'],
);
const set = await qtest(
  offsets.flatMap((offset) => [config(offset), 'outl 0xcfc 0xffffffff', 'inl 0xcfc']),
  ['-device', 'VGA,addr=2'],
);
const hex = (text) => Number(text).toString(16).padStart(8, '0');
const pci = {
  reset: reset.filter((_, i) => i % 2 === 1).map(hex),
  ones: set.filter((_, i) => i % 3 === 2).map(hex),
};
writeFileSync(TARGET, `${JSON.stringify({ pci, edid, dispi })}\n`);
