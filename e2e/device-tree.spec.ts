/** The browser of the device tree (images/device-tree): it shows what the machine hands over, and believes a broken tree nothing. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assembleWith } from '../scripts/lib/riscv-asm/index.mjs';
import { encodeFdt, FdtNode } from '../src/machine/fdt.ts';
import { virtDeviceTree } from '../src/machine/virt-fdt.ts';
import { expect, test } from '../src/playwright/index.ts';
import { readBlob, readSource } from '../tests/support/device-tree.ts';
import { image, repository } from './support/images.ts';

test('The device tree as source has all nodes and bytes of the blob', async ({ vm }) => {
  const blob = encodeFdt(
    virtDeviceTree({
      ramBytes: 32 << 20,
      vcpus: 1,
      commandLine: '',
      initrd: null,
      randomSeed: new Uint8Array(32),
    }),
  );
  const expected = readBlob(blob);
  await vm.boot(image('riscv64-device-tree'), { screen: true });
  const screen = vm.page.locator('.screen .xterm-rows');
  await expect(screen).toContainText(`${Object.keys(expected).length} nodes in ${blob.length} bytes`);
  await vm.press('s');
  await vm.waitForSerial('Press a key');
  const source = /\/dts-v1\/;.*(?=\/\/ Press a key)/s.exec(vm.serialText)?.[0] ?? '';
  const shown = readSource(source);
  expect(shown['/chosen']['rng-seed']).toHaveLength(64);
  expected['/chosen']['rng-seed'] = shown['/chosen']['rng-seed'];
  expect(shown).toEqual(expected);

  await vm.press(' ');
  await vm.type('/extended\r');
  await expect(screen).toContainText('/soc/clint@2000000');
  await expect(screen).toContainText('/cpus/cpu@0/interrupt-controller 3');
  await expect(screen).toContainText('0x2000000 size 0x10000 = 64 KiB');
  await vm.type('/no such thing\r');
  await expect(screen).toContainText('Not found.');
  await vm.type('-\x1b[B\x1b[B');
  await expect(screen).toContainText('0x80000000 size 0x2000000 = 32 MiB');
  await vm.press('q');
  expect(await vm.waitForExit()).toEqual({ outcome: 'poweroff', code: 0 });
});

/** The program with a tree of our own in the place of the machine's; or an address alone. */
function withTree(tree: Uint8Array | number, file: string): string {
  const main = join(repository, 'images/device-tree/other-tree.s');
  const begin = typeof tree === 'number' ? `li a1, ${tree}` : 'la a1, tree';
  const bytes = typeof tree === 'number' ? [0] : [...tree];
  const text = `.text
    ${begin}
    j start
    .include "device-tree.s"
    .data
    .balign 8
    tree: .byte ${bytes.join(', ')}\n`;
  const { flat } = assembleWith(main, (path) => (path === main ? text : readFileSync(path, 'utf8')));
  writeFileSync(file, flat);
  return file;
}

test('A tree that is wrong is shown up to there, and what is wrong is said', async ({ newVm }, testInfo) => {
  mkdirSync(testInfo.outputDir, { recursive: true });
  const deep = new FdtNode();
  deep.strings('compatible', 'hostile').strings('model\x1b[2J\x07', 'nothing for a terminal');
  deep.cells('interrupt-parent', 77);
  let node = deep.child('deep');
  for (let level = 0; level < 70; level++) node = node.child(`level@${level}`);
  // The length of a property's value stands 8 bytes before it.
  const long = Buffer.from(encodeFdt(new FdtNode().cells('first', 1).cells('last', 0x1234567)));
  long.writeUInt32BE(0xffffffff, long.indexOf('01234567', 'hex') - 8);
  const cases: [string, Uint8Array | number, RegExp[]][] = [
    ['nowhere', 0x40000000, [/it leads to where there is no memory/]],
    [
      'rubbish',
      Uint8Array.from({ length: 64 }, (_, i) => i),
      [/there is none: it does not begin with d00dfeed/],
    ],
    [
      'deep',
      encodeFdt(deep),
      [/nodes in nodes, more than 64 deep/, /64 nodes/, /model\.\[2J\. /, /nobody's phandle 0x4d/],
    ],
    ['long', long, [/it ends in the middle of something/, /first [^<]*<0x1>/]],
  ];
  for (const [name, tree, said] of cases) {
    const vm = newVm();
    const kernel = withTree(tree, join(testInfo.outputDir, `${name}.bin`));
    await vm.boot({ arch: 'riscv64', machine: 'virt', memory: 32, bios: 'none', kernel });
    for (const text of said) await expect.poll(() => vm.serialText, { message: name }).toMatch(text);
    await vm.press('q');
    expect(await vm.waitForExit(), name).toEqual({ outcome: 'poweroff', code: 0 });
    await vm.destroy();
  }
});
