import { expect, test } from '../src/playwright/index.ts';
import { pcEcho } from './support/pc-guest.ts';

for (const arch of ['i386', 'x86_64'] as const) {
  test.describe(`a bare-metal guest on ${arch}`, () => {
    test('starts by the boot protocol, answers, and powers off by ACPI', async ({ vm }, testInfo) => {
      await vm.boot(pcEcho(arch, testInfo.outputDir));
      await vm.waitForSerial('ready\n');
      await vm.type('snow');
      await vm.waitForSerial('[s][n][o][w]');
      await vm.press('q');
      expect(await vm.waitForExit()).toEqual({ outcome: 'poweroff', code: 0 });
    });

    test('ends with the status that it gives the exit device', async ({ vm }, testInfo) => {
      await vm.boot(pcEcho(arch, testInfo.outputDir));
      await vm.waitForSerial('ready');
      await vm.press('f');
      expect(await vm.waitForExit()).toEqual({ outcome: 'poweroff', code: 5 });
    });

    test('is reset when its processor shuts down', async ({ vm }, testInfo) => {
      await vm.boot(pcEcho(arch, testInfo.outputDir));
      await vm.waitForSerial('ready');
      await vm.press('t');
      expect((await vm.waitForExit()).outcome).toBe('reset');
    });

    test('resets itself by port 0xcf9 and starts again', async ({ vm }, testInfo) => {
      await vm.boot({ ...pcEcho(arch, testInfo.outputDir), noReboot: false });
      await vm.waitForSerial('ready');
      await vm.press('r');
      await vm.waitForSerial('ready');
      await vm.type('z');
      await vm.waitForSerial('[z]');
    });
  });
}
