import { expect, warmTest as test } from '../src/playwright/index.ts';
import { image } from './support/images.ts';
import { PROMPT } from './support/linux-shell.ts';
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

const BOOT = { timeout: 150_000 };
/** What a kernel prints when something is wrong with its computer; AMD-Vi's line ends in the words that it is not a bug. */
const COMPLAINT = /^.*(?:\bWARNING\b|\bBUG\b|\bOops\b|self-tests for .* failed|invalid opcode).*$/m;

for (const [arch, machine] of [
  ['i386', 'i686'],
  ['x86_64', 'x86_64'],
] as const) {
  test.describe(`Debian's Linux on ${arch}`, () => {
    test.describe.configure({ timeout: 240_000 });

    test('boots to a shell that answers, and powers off by ACPI', async ({ vm }) => {
      await vm.boot(image(`${arch}-debian`));
      await vm.waitForSerial(PROMPT, BOOT);
      expect(COMPLAINT.exec(vm.serialText)?.[0]).toBeUndefined();

      await vm.type('uname -a\n');
      await vm.waitForSerial(new RegExp(`^Linux snowglobe .* ${machine} GNU/Linux\\r?$`, 'm'));
      await vm.waitForSerial(PROMPT);

      // Interrupts come through the I/O APIC that the MADT describes; ACPI's is level-triggered.
      await vm.type('grep -E "ttyS0|acpi" /proc/interrupts\n');
      await vm.waitForSerial(/4: +\d+ +IO-APIC +4-edge +ttyS0/);
      await vm.waitForSerial(/9: +\d+ +IO-APIC +9-fasteoi +acpi/);
      await vm.waitForSerial(PROMPT);

      // The chips of the board, as the guest found them on PCI.
      await vm.type('cat /sys/bus/pci/devices/*/device | tr "\\n" " "\n');
      await vm.waitForSerial('0x1237 0x7000 0x7010 0x7113');
      await vm.waitForSerial(PROMPT);

      // Its controller translates, as a BIOS leaves it.
      await vm.type('cat /sys/class/input/input*/name\n');
      await vm.waitForSerial('AT Translated Set 2 keyboard');
      await vm.waitForSerial(PROMPT);

      await vm.type('for i in 1 2 3 4 5; do echo "flake number $((i * i)) of $(nproc)"; done | tail -n 1\n');
      await vm.waitForSerial('flake number 25 of 1');
      await vm.waitForSerial(PROMPT);

      await vm.type('awk \'BEGIN { x = 2; printf "%.12f\\n", x / 3 }\'\n');
      await vm.waitForSerial('0.666666666667');
      await vm.waitForSerial(PROMPT);

      await vm.type("sleep 0.3; echo time pass'es'\n");
      await vm.waitForSerial('time passes');
      await vm.waitForSerial(PROMPT);

      await vm.type('poweroff -f\n');
      expect(await vm.waitForExit()).toEqual({ outcome: 'poweroff', code: 0 });
    });
  });
}
