/** What snowglobe/playwright promises to those who test guests with it (docs/playwright.md). */
import { expect, test, warmTest } from '../src/playwright/index.ts';
import { bootDisk } from './support/boot-sector.ts';
import { write } from './support/files.ts';
import { bareMetal } from './support/images.ts';
import { pointerFirmware } from './support/pointer-guest.ts';

test.describe('a guest that test.use configures', () => {
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads a fixture's dependencies from this pattern
  test.use({ guest: ({}, use, info) => use(bareMetal('echo', info.outputDir)) });

  test('is booted; its serial port types, waits and shows', async ({ vm }) => {
    await expect(vm.serial).toShowText('ready');
    await vm.serial.type('a\n');
    const [, key] = await vm.serial.waitFor(/\[(.)\]\[\r\]/);
    expect(key).toBe('a');
    await vm.serial.press('Control+C');
    await expect(vm.serial).toContainText('[\x03]');
    await vm.serial.send(new Uint8Array([0x7a]));
    await expect(vm.serial).toContainText(/\[z\]$/);
    await expect(vm.serial).not.toContainText('[y]');
    expect(vm.serial.text).toBe('ready\r\n[a][\r][\x03][z]');
    // Playwright's own matcher of that name is still there.
    await vm.page.setContent('<p>snow</p>');
    await expect(vm.page.locator('p')).toContainText('snow');
    await expect(vm.page.locator('p')).not.toContainText('rain');
  });

  test('output that it must not write fails the wait that meets it', async ({ vm }) => {
    vm.serial.failOn(/\[x\]/);
    await vm.serial.waitFor('ready');
    await vm.serial.type('xy');
    await expect(vm.serial.waitFor('[y]')).rejects.toThrow('the guest wrote "[x]"');
  });

  test('a wait whose time is up shows the last lines', async ({ vm }) => {
    await vm.serial.waitFor('ready');
    await expect(vm.serial.waitFor('never', { timeout: 200 })).rejects.toThrow(
      /serial port output never: nothing after 200 ms[\s\S]*ready/,
    );
    await expect(expect(vm.serial).toShowText('never', { timeout: 200 })).rejects.toThrow(
      /within 200 ms[\s\S]*ready/,
    );
    expect(() => vm.port('org.snow')).toThrow('there is no port org.snow: the machine has none');
  });

  test('restart puts a new machine of the same configuration in its place', async ({ vm }) => {
    await vm.serial.waitFor('ready');
    await vm.serial.type('a');
    await vm.serial.waitFor('[a]');
    await vm.restart();
    await vm.serial.waitFor('ready');
    expect(vm.serial.text).not.toContain('[a]');
    await vm.serial.press('q');
    expect(await vm.waitForExit()).toEqual({ outcome: 'poweroff', code: 0 });
    await expect(vm.serial.waitFor('more')).rejects.toThrow('the guest ended (poweroff)');
  });
});

test('with icount a machine that was made anew retires as many instructions', async ({ vm }, testInfo) => {
  await vm.boot({ ...bareMetal('counters', testInfo.outputDir), icount: 1 });
  await vm.waitForExit();
  const first = { text: vm.serial.text, instructions: (await vm.report()).instructions };
  expect(first.instructions).toBeGreaterThan(8 * 20_000 * 4);
  await vm.restart();
  await vm.waitForExit();
  expect({ text: vm.serial.text, instructions: (await vm.report()).instructions }).toEqual(first);
});

test('the screen of a PC shows text, its keyboard types', async ({ vm }, testInfo) => {
  await vm.boot({
    arch: 'i386',
    memory: 64,
    hda: bootDisk(testInfo.outputDir, 'SNOW'),
    nographic: false,
    noReboot: true,
  });
  await expect(vm.screen).toShowText(/^SNOW$/m);
  expect(await vm.screen.state()).toMatchObject({ width: 720, height: 400, mode: 'text', absolute: false });
  // Typed for a German keyboard, on which Y and Z have changed places.
  await vm.keyboard.type('y', 'de');
  await vm.screen.waitForText(/^z$/m);
  await expect(vm.screen.waitForText('RAIN', { timeout: 200 })).rejects.toThrow(
    /nothing after 200 ms[\s\S]*Its screen shows:[\s\S]*SNOW/,
  );
  await expect(vm.screen.click(10, 10)).rejects.toThrow('follows no absolute pointer');
  await expect(vm.keyboard.type('ж')).rejects.toThrow('the layout us has no key for ж');
  expect((await vm.screen.screenshot())?.subarray(1, 4).toString()).toBe('PNG');
  await vm.keyboard.press('q');
  expect((await vm.waitForExit()).outcome).toBe('poweroff');
});

test('keys and an absolute pointer reach the machine as their names say', async ({ newVm }, testInfo) => {
  const boot = async (kind: 'ps2' | 'absolute') => {
    const vm = newVm();
    const bios = write(testInfo.outputDir, `${kind}.bin`, Buffer.from(pointerFirmware(kind)));
    await vm.boot({ arch: 'i386', memory: 4, bios });
    await expect.poll(() => vm.debugText()).toBe('\n');
    return vm;
  };
  const keys = await boot('ps2');
  // Codes of set 1, each after a zero: not of the mouse.
  await keys.keyboard.press('ctrl-alt-1');
  await keys.serial.waitFor('\0\x1d\0\x38\0\x02');
  await keys.keyboard.press('Shift+F1');
  await keys.serial.waitFor('\0\x2a\0\x3b');
  await expect(keys.keyboard.press('ctrl-hyper')).rejects.toThrow('there is no key "hyper"');
  await keys.screen.mouse.moveBy(3, -4);
  // An IntelliMouse's packet, y upwards; 0x20 before each byte: of the mouse.
  await keys.serial.waitFor('\x20\x08\x20\x03\x20\x04\x20\0');

  const pointer = await boot('absolute');
  await expect.poll(async () => (await pointer.screen.state())?.absolute).toBe(true);
  await pointer.screen.click(0, 0, { button: 'right' });
  // VMware's packet: 0x10 is the right button; x, y, wheel.
  await pointer.serial.waitFor('\x10\0\0\0\0\0\0\0\0\0\0\0');
  await expect(pointer.screen.click(100_000, 0)).rejects.toThrow('is outside of the screen');
});

test('a page that crashes ends the waits and says so', async ({ vm, newVm }, testInfo) => {
  const guest = bareMetal('echo', testInfo.outputDir);
  await vm.boot(guest);
  await vm.serial.waitFor('ready');
  const waiting = expect(vm.serial.waitFor('never')).rejects.toThrow(
    /the browser's renderer crashed[\s\S]*ready/,
  );
  await vm.page.goto('chrome://crash').catch(() => {});
  await waiting;
  expect(await vm.waitForError()).toMatchObject({ code: 'worker-died' });
  await expect(newVm().boot(guest)).rejects.toThrow('crashed');
});

warmTest.describe('in a page that the worker keeps', () => {
  const pages = new Set<unknown>();
  for (const run of [1, 2]) {
    warmTest(`machine ${run}`, async ({ newVm }, testInfo) => {
      const vm = newVm();
      await vm.boot(bareMetal('echo', testInfo.outputDir));
      await vm.serial.waitFor('ready');
      expect(vm.serial.text).toBe('ready\r\n');
      pages.add(vm.page);
      expect(pages.size).toBe(1);
    });
  }
});
