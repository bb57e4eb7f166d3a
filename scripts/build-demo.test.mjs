import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { listBareMetalImages, readImageDescription } from './build-demo.mjs';
import { root } from './lib/project.mjs';
import { assembleFile } from './lib/riscv-asm/index.mjs';

it('finds the bare-metal guests, each fully described', () => {
  const descriptions = listBareMetalImages().map(readImageDescription);
  expect(descriptions.map(({ name, machine }) => [name, machine])).toEqual([
    ['riscv64-aurora', 'virt'],
    ['riscv64-bench-loop', undefined],
    ['riscv64-demo', 'virt'],
    ['riscv64-device-tree', 'virt'],
  ]);
});

it('are images that `npm run images` knows, as the page advises', () => {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/build-image.mjs', 'none'], {
    cwd: root,
    encoding: 'utf8',
  });
  expect(status).toBe(1);
  expect(stderr).toContain('there is no image "none": ');
  const known = stderr.split(': ').at(-1)?.trim().split(', ');
  for (const { name } of listBareMetalImages().map(readImageDescription)) expect(known).toContain(name);
});

it.each(listBareMetalImages())('%s begins where `-bios none` enters and fits its memory', (folder) => {
  const { source, memory } = readImageDescription(folder);
  const { entry, sections } = assembleFile(join(root, folder, source));
  const { address, size } = sections[sections.length - 1];
  expect(entry).toBe(0x80000000n);
  expect(Number(address - entry) + size).toBeLessThan(memory * 1024 * 1024);
});

it('has a colour for every letter of the snow globe’s sprites, and pictures of the size that their record says', () => {
  const { flat, symbols, entry } = assembleFile(join(root, 'images/demo/snowfall.s'));
  const view = new DataView(flat.buffer);
  const offset = (/** @type {string} */ name) => Number((symbols.get(name) ?? 0n) - entry);
  const starts = ['cabin', 'fir_tall', 'fir_small', 'snowman', 'base_rows'].map(offset);
  let count = 0;
  for (let record = offset('sprites'); view.getBigUint64(record, true) !== 0n; record += 16, count++) {
    const picture = Number(view.getBigUint64(record, true) - entry);
    const size = flat[record + 10] * flat[record + 11];
    const end = starts[starts.indexOf(picture) + 1];
    expect([0, 1, 2, 3]).toContain(end - picture - size);
    for (const letter of flat.subarray(picture, picture + size)) {
      if (letter === 0x2e) continue;
      expect(view.getUint32(offset('palette') + 4 * (letter - 0x61), true)).not.toBe(0);
    }
  }
  expect(count).toBe(5);
});
