/** What a program can ask of the machine behind an element (docs/vm.md) that no other test is about. Needs the image riscv64-disks. */
import { assemble, label, to } from './support/assemble.ts';
import { DISKS_GUEST, openDisksPage } from './support/disks-guest.ts';
import { expect, openEmptyPage, screenText, test } from './support/site.ts';
import { LOAD, LONG, typeLine } from './support/linux-shell.ts';

test('a machine’s queues, balloon, ports, console size, boot list and disks are told, and follow what is asked', async ({
  page,
  site,
}) => {
  test.setTimeout(240_000);
  await openDisksPage(page, site.builtUrl);
  const before = await page.evaluate(async (guest) => {
    const console = document.querySelector('vm-console')!;
    console.config = {
      ...guest,
      recordReads: true,
      drives: [{ file: new Blob([new Uint8Array(8 << 20)]), interface: 'virtio', id: 'own' }],
      devices: [
        { driver: 'virtio-balloon', properties: { 'free-page-reporting': 'on' } },
        { driver: 'virtio-serial' },
        { driver: 'virtconsole', properties: { chardev: 'other' } },
        { driver: 'virtio-multitouch-device' },
      ],
    };
    await console.start();
    const vm = console.vm!;
    return { queues: vm.queues.length, multitouch: vm.input.multitouch, speaker: vm.speaker };
  }, DISKS_GUEST);
  expect(before).toEqual({ queues: 0, multitouch: false, speaker: null });
  await expect.poll(() => screenText(page), LONG).toContain('root@snowglobe:~#');
  await typeLine(page, LOAD);
  await expect.poll(() => screenText(page), LONG).toContain('loaded');

  const after = await page.evaluate(() => {
    const vm = document.querySelector('vm-console')!.vm!;
    return {
      queues: vm.queues.map(({ device, queue }) => `${device} ${queue}`),
      ports: vm.ports.map(({ name, console, chardev }) => ({ name, console, chardev })),
      balloon: vm.balloon!.actual,
      multitouch: vm.input.multitouch,
    };
  });
  expect(after.queues).toEqual(expect.arrayContaining(['virtio-blk 0', 'virtio-balloon 0']));
  expect(after.ports).toEqual([{ name: null, console: true, chardev: 'other' }]);
  expect(after.balloon).toBe(0);
  expect(after.multitouch).toBe(true);

  // The guest gives away what it is asked for, and no more.
  await page.evaluate(() => {
    document.querySelector('vm-console')!.vm!.balloon!.target = 32;
  });
  await expect
    .poll(() => page.evaluate(() => document.querySelector('vm-console')!.vm!.balloon!.actual), LONG)
    .toBe(32);

  await page.evaluate(() => document.querySelector('vm-console')!.vm!.resizeConsole(97, 31));
  await typeLine(page, 'until stty size -F /dev/hvc0 | grep "31 9""7"; do sleep 0.1; done');
  await expect.poll(() => screenText(page), LONG).toContain('31 97');

  await typeLine(page, 'dd if=/dev/vda of=/dev/null bs=1M skip=4 count=1 iflag=direct; echo re""ad');
  await expect.poll(() => screenText(page), LONG).toContain('read');
  const { recording, flushed } = await page.evaluate(async () => {
    const vm = document.querySelector('vm-console')!.vm!;
    return { recording: vm.bootRecording(), flushed: await vm.flushDrives() };
  });
  const [drive] = Object.values(recording.drives);
  expect(drive?.size).toBe(8 << 20);
  expect(drive?.reads.map((piece) => piece * recording.unit)).toContain(4 << 20);
  expect(flushed).toEqual([]);

  // The plug is pulled meanwhile: the copy goes on, and leaves the disk to whoever wants it next.
  const kept = await page.evaluate(async () => {
    const vm = document.querySelector('vm-console')!.vm!;
    const keeping = vm.keepDrive(vm.drives[0]!.name, 'Kept by a program');
    await vm.powerOff();
    const { id, name } = await keeping;
    return {
      id,
      ...{ name, state: vm.state, isSaid: vm.drives[0]!.persist === id },
      again: await vm.keepDrive(vm.drives[0]!.name, 'Twice').catch((error: Error) => error.message),
    };
  });
  expect(kept).toEqual({
    id: expect.any(String),
    ...{ name: 'Kept by a program', state: 'stopped', isSaid: true },
    again: 'virtio0 cannot be kept: the browser stores it already.',
  });
  const locks = (id: string): Promise<number> =>
    page.evaluate(
      async (id) => (await navigator.locks.query()).held!.filter(({ name }) => name!.includes(id)).length,
      id,
    );
  await expect.poll(() => locks(kept.id)).toBe(0);
});

/** Firmware that waits for a byte on COM1, lights Caps Lock (IBM's command ED), plays a tone of 1000 Hz, and sleeps. */
const LAMPS_AND_TONE = assemble([
  ...[0xba, 0xfd, 0x03], // mov $0x3fd, %dx
  label('poll'),
  ...[0xec, 0xa8, 0x01, 0x74, to('poll')], // in (%dx), %al; test $1, %al; je poll
  ...[0xb0, 0xed, 0xe6, 0x60], // mov $0xed, %al; out %al, $0x60
  label('acknowledged'),
  ...[0xe4, 0x64, 0xa8, 0x01, 0x74, to('acknowledged')], // in $0x64, %al; test $1, %al; je
  ...[0xe4, 0x60, 0xb0, 0x04, 0xe6, 0x60], // in $0x60, %al; mov $4, %al; out %al, $0x60
  // Counter 2 in mode 3 with 1193, gate and data open.
  ...[0xb0, 0xb6, 0xe6, 0x43, 0xb0, 0xa9, 0xe6, 0x42, 0xb0, 0x04, 0xe6, 0x42, 0xb0, 0x03, 0xe6, 0x61],
  ...[0xf4, 0xeb, 0xfd], // hlt; jmp hlt
]);

test('a PC’s lamps and its speaker are told to whoever listens', async ({ page, site }) => {
  const image = Buffer.alloc(0x10000, 0xf4);
  image.set(LAMPS_AND_TONE);
  image.set([0xea, 0x00, 0x00, 0x00, 0xf0], 0xfff0); // ljmp $0xf000, $0
  await page.route('**/images/own.bin', (route) => route.fulfill({ body: image }));
  await openEmptyPage(
    page,
    site.url,
    '<vm-console arch="i386" bios="images/own.bin" memory="16" vga="none" autostart></vm-console>',
  );
  const state = () => page.evaluate(() => document.querySelector('vm-console')!.state);
  await expect.poll(state).toBe('running');
  const heard = await page.evaluate(async () => {
    const vm = document.querySelector('vm-console')!.vm!;
    const lamps = new Promise<number>((resolve) =>
      vm.input.onLeds((lit) => {
        if (lit) resolve(lit);
      }),
    );
    const waves = new Promise<number[]>((resolve) =>
      vm.speaker!.onWaves((waves) => {
        if (waves?.length) resolve([...waves]);
      }),
    );
    vm.serial.write('!');
    const result = { lamps: await lamps, waves: await waves };
    vm.input.key('KeyA', true);
    vm.input.releaseKeys();
    return result;
  });
  expect(heard.lamps).toBe(4);
  expect(heard.waves.length).toBeGreaterThan(0);
});
