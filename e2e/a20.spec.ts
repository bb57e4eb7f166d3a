import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, warmTest as test } from '../src/playwright/index.ts';

const ROM_BYTES = 0x10000;
/** Far jump to F000:0000, 16 bytes before the ROM's end. */
const RESET_CODE = Uint8Array.of(0xea, 0x00, 0x00, 0x00, 0xf0);

/** A program of assembly/tests/x86/system as firmware, and what it printed in QEMU. */
function program(name: string, folder: string): { bios: string; serial: string } {
  const fixture = new URL(`../assembly/tests/x86/fixtures/system-${name}.json`, import.meta.url);
  const { image, serial } = JSON.parse(readFileSync(fixture, 'utf8')) as { image: string; serial: string };
  const rom = new Uint8Array(ROM_BYTES);
  rom.set(Buffer.from(image, 'hex'));
  rom.set(RESET_CODE, ROM_BYTES - 16);
  mkdirSync(folder, { recursive: true });
  const bios = join(folder, `${name}.rom`);
  writeFileSync(bios, rom);
  return { bios, serial };
}

test('the A20 gate changes what data and code that already ran are found at, as in QEMU', async ({
  vm,
}, testInfo) => {
  const { bios, serial } = program('a20', testInfo.outputDir);
  await vm.boot({ arch: 'x86_64', memory: 64, bios });
  await vm.waitForSerial(/\.\n/);
  expect(vm.serialText.trim()).toBe(serial);
});
