/** A Linux guest on a published disk whose network comes and goes. Needs the image riscv64-disks. */
import { join } from 'node:path';
import { runProgram } from '../src/img/program.ts';
import { expect, test } from '../src/playwright/index.ts';
import { sha256, write } from './support/files.ts';
import { linux } from './support/images.ts';
import { LOAD_DISKS, LONG, PROMPT, shell } from './support/linux-shell.ts';
import { noise } from './support/noise.ts';

test('a guest waits for a network that is down, and reads on when it is back', async ({ vm }, testInfo) => {
  test.setTimeout(240_000);
  const publish = async (name: string, seed: number) => {
    const disk = noise(24 << 20, seed);
    const manifest = join(testInfo.outputDir, 'published', `${name}.json`);
    const image = write(testInfo.outputDir, `${name}.img`, disk);
    expect(await runProgram(['publish', '-q', '--compression=none', image, manifest])).toBe(0);
    return { disk, manifest };
  };
  const { disk, manifest } = await publish('patient', 7);
  const hasty = await publish('hasty', 8);
  await vm.boot({
    ...linux('riscv64-disks'),
    // Linux finds the last one first on this board.
    drives: [
      { file: hasty.manifest, interface: 'virtio', networkTimeout: 1, rerror: 'stop' },
      { file: manifest, interface: 'virtio' },
    ],
    cache: 64,
  });
  await vm.waitForSerial(PROMPT, LONG);
  await shell(vm, LOAD_DISKS, 'loaded');
  const stream = async () => (await vm.drives()).find(({ name }) => name === 'virtio1')?.stream;
  await vm.page.context().setOffline(true);
  await vm.type('sha256sum /dev/vda\n');
  const waits = async (): Promise<boolean> => {
    const { problem, waiting } = (await stream())!;
    return waiting > 0 && /cannot be reached/.test(problem ?? '');
  };
  await expect.poll(waits, { timeout: 30_000 }).toBe(true);
  await vm.page.context().setOffline(false);
  await vm.waitForSerial(sha256(disk), LONG);
  expect(await stream()).toMatchObject({ fetched: disk.length, problem: null, waiting: 0 });
  // What was read once needs no network any more, in this guest or the next one.
  await vm.page.context().setOffline(true);
  await shell(vm, 'echo 3 > /proc/sys/vm/drop_caches; sha256sum /dev/vda', sha256(disk));
  expect(await stream()).toMatchObject({ fetched: disk.length, problem: null });
  // A disk that waits no longer than it was told pauses the machine, which makes the read again when it is resumed.
  await vm.type('sha256sum /dev/vdb\n');
  await expect.poll(() => vm.state, { timeout: 30_000 }).toBe('paused');
  await vm.page.context().setOffline(false);
  await vm.resume();
  await vm.waitForSerial(sha256(hasty.disk), LONG);
  expect(vm.serialText).not.toMatch(/I\/O error/);
});
