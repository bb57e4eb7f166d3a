/** The monitor, on the page and by the fixtures, on both architectures. */
import { expect as expectVm, test as testVm } from '../src/playwright/index.ts';
import { snowglobe } from './support/command.ts';
import { assembleGuest, linux } from './support/images.ts';
import { LONG, PROMPT } from './support/linux-shell.ts';
import { displayText, expect, screenText, test } from './support/site.ts';

test('the page has a monitor for a machine that runs, is paused, or is not there', async ({ page, site }) => {
  await page.goto(`${site.url}?machine=echo`);
  await expect.poll(() => screenText(page)).toBe('ready');
  await page.getByRole('button', { name: 'Monitor', exact: true }).click();
  const log = page.getByRole('log', { name: 'Answers of the monitor' });
  const line = page.getByRole('textbox', { name: 'Command for the monitor' });
  const ask = async (command: string): Promise<void> => {
    await line.fill(command);
    await line.press('Enter');
  };
  await ask('info status');
  await expect(log).toContainText('(qemu) info status\nVM status: running');
  await ask('xp /4xb 0x80000000');
  await expect(log).toContainText(/0000000080000000: 0x\w\w 0x\w\w 0x\w\w 0x\w\w\n/);
  await page.getByRole('button', { name: 'info mtree' }).click();
  await expect(log).toContainText('0000000080000000-0000000083ffffff (prio 0, ram)');
  await ask('info mem');
  await expect(log).toContainText('No translation or protection');
  await ask('frobnicate');
  await expect(log).toContainText("unknown command: 'frobnicate'");
  // The guest goes on after its registers were looked at; stopped, it stays so.
  await ask('info registers');
  await expect(log).toContainText(/ pc {7}000000008\w{7}\n/);
  await page.locator('vm-console').evaluate((element: HTMLElement) => element.focus());
  await page.keyboard.type('a');
  await expect.poll(() => screenText(page)).toBe('ready\n[a]');
  await ask('stop');
  await expect(page.getByText('Paused', { exact: true })).toBeVisible();
  await ask('info registers');
  await expect(log).toContainText(/ mtvec [\s\S]* mtvec /);
  await ask('info status');
  await expect(log).toContainText('VM status: paused');
  await line.press('ArrowUp');
  await expect(line).toHaveValue('info status');
  await ask('cont');
  await expect(page.getByText('Running', { exact: true })).toBeVisible();
  await page.locator('vm-console').evaluate((element: HTMLElement) => element.focus());
  await page.keyboard.type('b');
  await expect.poll(() => screenText(page)).toBe('ready\n[a][b]');
  await ask('quit');
  await expect(page.getByRole('heading', { name: 'The machine is switched off' })).toBeVisible();
  await ask('info status');
  await expect(log).toContainText('Error: monitor(): the machine does not run.');
});

test("a PC's devices, drives and keys are at the monitor's hands", async ({ page, site }) => {
  await page.goto(`${site.builtUrl}?machine=i386-memtest`);
  await expect.poll(() => displayText(page), { timeout: 80_000 }).toContain('Memtest');
  const ask = (command: string) =>
    page.evaluate((text) => document.querySelector('vm-console')!.vm!.monitor(text), command);
  expect(await ask('info pci')).toContain('piix3-ide: PCI device 8086:7010, class 0101');
  expect(await ask('info qtree')).toMatch(
    /dev: mc146818rtc, id ""\n {4}pio 0000000000000070\/0000000000000002/,
  );
  expect(await ask('info pic')).toMatch(
    /pin 23 0x[\s\S]*\npic1: irr=[\s\S]*\npic0: irr=\w\w imr=\w\w isr=\w\w hprio=0 irq_base=\w\w/,
  );
  expect(await ask('info block ide1-cd0')).toMatch(/^ide1-cd0: .*memtest86\+ia32\.iso \(read-only\)/);
  expect(await ask('info registers')).toMatch(/EIP=\w{8} EFL=\w{8} \[[-DOSZAPC]{7}\] CPL=0/);
  // Its name stands there before it has left real mode.
  await expect.poll(() => ask('info registers'), { timeout: 60_000 }).toMatch(/CR0=\w{7}1 /);
  expect(await ask('info blockstats')).toMatch(
    /^ide1-cd0: rd_bytes=[1-9]\d{5,} wr_bytes=0 rd_operations=[1-9]/m,
  );
  const { used, total } = await page.evaluate(() => document.querySelector('vm-console')!.vm!.memoryUse()!);
  expect(total).toBeGreaterThanOrEqual(31 << 20);
  expect(used / total).toBeGreaterThan(0.001);
  await ask('sendkey f1');
  await expect.poll(() => displayText(page)).toContain('Settings');
  await ask('eject -f ide1-cd0');
  expect(await ask('info block ide1-cd0')).toContain('[not inserted]');
  await ask('system_reset');
  await expect.poll(() => displayText(page), { timeout: 80_000 }).toContain('No bootable device');
});

testVm("Linux's page tables by the fixture; registers on the command line", async ({ vm }, info) => {
  await vm.boot(linux('riscv64-debian'));
  await vm.waitForSerial(PROMPT, LONG);
  const mem = await vm.monitor('info mem');
  // The kernel's text may be run and not written.
  expectVm(mem).toMatch(/^vaddr +paddr +size +attr\n[- ]+\n/);
  expectVm(mem).toMatch(/^ffffffff8\w{7} 00000000\w{8} \w{16} r-x-g/m);
  expectVm(await vm.monitor('info registers')).toMatch(/ satp {5}[89a]\w{15}\n/);
  const { stderr, status } = await snowglobe([
    ...['riscv64', '-bios', 'none', '-kernel', assembleGuest('echo', info.outputDir), '-nographic'],
    ...['--expect', 'ready', '--hmp', 'info status', '--hmp', 'info registers'],
    ...['--send', 'o', '--expect', '\\[o\\]', '--timeout', '150'],
  ]);
  expectVm(stderr).toContain('VM status: running');
  expectVm(stderr).toMatch(/ pc {7}000000008\w{7}\n/);
  expectVm(status).toBe(0);
});
