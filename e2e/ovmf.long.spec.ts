import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '../src/playwright/index.ts';
import { repository } from './support/images.ts';

const OVMF = join(repository, '.cache/images/firmware/ovmf');
const PROMPT = { timeout: 120_000 };

test('OVMF starts its shell from flash memory, and its variables outlive the machine', async ({
  vm,
  newVm,
}, testInfo) => {
  test.setTimeout(400_000);
  mkdirSync(testInfo.outputDir, { recursive: true });
  const variables = join(testInfo.outputDir, 'OVMF_VARS_4M.fd');
  copyFileSync(join(OVMF, 'OVMF_VARS_4M.fd'), variables);
  const config = {
    arch: 'x86_64',
    memory: 256,
    drives: [
      { interface: 'pflash', index: 0, readOnly: true, file: join(OVMF, 'OVMF_CODE_4M.fd') },
      { interface: 'pflash', index: 1, snapshot: false, file: variables },
    ],
  } as const;
  const shell = async (one: typeof vm) => {
    await one.waitForSerial('UEFI Interactive Shell', PROMPT);
    await one.waitForSerial('in 5 seconds');
    await one.press('Escape');
    await one.waitForSerial('Shell> ', PROMPT);
  };
  await vm.boot(config);
  await shell(vm);
  await vm.type('set weather snowfall\n');
  await vm.waitForSerial('Shell> ');
  await vm.type('reset -s\n');
  expect((await vm.waitForExit()).outcome).toBe('poweroff');
  // UEFI's strings are UTF-16.
  expect(readFileSync(variables).includes(Buffer.from('snowfall', 'utf16le'))).toBe(true);

  const again = newVm();
  await again.boot(config);
  await shell(again);
  await again.type('set\n');
  await again.waitForSerial(/weather[\s\S]{0,60}snowfall/);
});
