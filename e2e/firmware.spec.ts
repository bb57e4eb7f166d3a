import { expect, test } from '../src/playwright/index.ts';

test.describe('SeaBIOS on a PC', () => {
  for (const arch of ['i386', 'x86_64'] as const) {
    test(`starts on ${arch} when there is no kernel, and says that nothing can be booted`, async ({ vm }) => {
      await vm.boot({ arch, memory: 128 });
      await vm.waitForSerial(/SeaBIOS \(version 1\.\d+\.\d+/);
      await vm.waitForSerial('Booting from Hard Disk...');
      await vm.waitForSerial('No bootable device.');
      expect(vm.debugText('firmware')).toContain('Running on QEMU (i440fx)');
      expect(vm.debugText('firmware')).toContain('QEMU fw_cfg DMA interface supported');
    });
  }
});
