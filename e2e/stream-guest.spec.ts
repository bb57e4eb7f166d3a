/** A Linux guest on a published disk whose network comes and goes. Needs the image riscv64-disks. */
import { join } from 'node:path';
import { runProgram } from '../src/img/program.ts';
import { expect, test } from '../src/playwright/index.ts';
import { sha256, write } from './support/files.ts';
import { image } from './support/images.ts';
import { LONG, PROMPT, shell } from './support/linux-shell.ts';
import { noise } from './support/noise.ts';

test('a guest waits for a network that is down, and reads on when it is back', async ({ vm }, testInfo) => {
  test.setTimeout(240_000);
  const disk = noise(24 << 20, 7);
  const manifest = join(testInfo.outputDir, 'published', 'disk.json');
  expect(
    await runProgram([
      'publish',
      '-q',
      '--compression=none',
      write(testInfo.outputDir, 'disk.img', disk),
      manifest,
    ]),
  ).toBe(0);
  await vm.boot({ ...image('riscv64-disks'), drives: [{ file: manifest, interface: 'virtio' }], cache: 64 });
  await vm.waitForSerial(PROMPT, LONG);
  await shell(
    vm,
    'for m in /lib/modules/*virtio_mmio.ko /lib/modules/*virtio_blk.ko; do insmod $m; done; echo load""ed',
    'loaded',
  );
  const stream = async () => (await vm.drives()).find((drive) => drive.stream)?.stream;
  await vm.page.context().setOffline(true);
  await vm.type('sha256sum /dev/vda\n');
  await expect
    .poll(stream, { timeout: 30_000 })
    .toMatchObject({ problem: expect.stringContaining('cannot be reached'), waiting: expect.any(Number) });
  expect((await stream())!.waiting).toBeGreaterThan(0);
  await vm.page.context().setOffline(false);
  await vm.waitForSerial(sha256(disk), LONG);
  expect(await stream()).toMatchObject({ fetched: disk.length, problem: null, waiting: 0 });
  // What was read once needs no network any more, in this guest or the next one.
  await vm.page.context().setOffline(true);
  await shell(vm, 'echo 3 > /proc/sys/vm/drop_caches; sha256sum /dev/vda', sha256(disk));
  expect(await stream()).toMatchObject({ fetched: disk.length, problem: null });
  await vm.page.context().setOffline(false);
  expect(vm.serialText).not.toMatch(/I\/O error/);
});
