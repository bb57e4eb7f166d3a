/** Guests that misbehave: the page stays usable, says what happened, and can always stop them. */
import type { Page } from 'playwright/test';
import { rendererOf, residentBytes } from '../scripts/lib/measure.mjs';
import { expect, test } from '../src/playwright/index.ts';
import { dmaDisk } from './support/dma-sector.ts';
import { bareMetal, image } from './support/images.ts';
import { FREEZE_MS, longestGap } from './support/responsiveness.ts';

test('a guest that traps in its own trap handler for ever is reported', async ({ vm }, testInfo) => {
  await vm.boot(bareMetal('trap-loop', testInfo.outputDir));
  const error = await vm.waitForError();
  expect(error.code).toBe('guest-hang');
  expect(error.message).toMatch(/trap/i);
  await vm.waitForState('error');
  expect(vm.serialText).toBe('about to trap\r\n');
});

test('accesses outside memory trap with cause and address, and the guest goes on', async ({
  vm,
}, testInfo) => {
  await vm.boot({ ...bareMetal('outside', testInfo.outputDir), memory: 128 });
  expect((await vm.waitForExit()).outcome).toBe('poweroff');
  // What qemu-system-riscv64 7.2 prints for the same guest.
  expect(vm.serialText.split('\r\n')).toEqual([
    'trap 7 4000000000000000',
    'trap 5 000000000f000000',
    'trap 7 0000000088000000',
    'trap 5 0000000088000000',
    'trap 1 000000000f000000',
    '1122334455667788 done',
    '',
  ]);
});

test('a flood on the serial port loses nothing, does not freeze the page, and can be stopped', async ({
  vm,
}, testInfo) => {
  await vm.boot(bareMetal('flood', testInfo.outputDir));
  const gap = await longestGap(vm.page, () =>
    expect.poll(() => vm.serialText.length, { timeout: 60_000 }).toBeGreaterThan(2_000_000),
  );
  expect(gap).toBeLessThan(FREEZE_MS);
  await vm.powerOff();
  expect((await vm.waitForExit()).outcome).toBe('stopped');
  const lines = vm.serialText.split('\n');
  expect(lines.slice(0, -1).filter((line) => line !== '0123456789')).toEqual([]);
  expect('0123456789'.startsWith(lines.at(-1) as string)).toBe(true);
});

test('DMA to where there is no memory is an error, and thousands of tiny descriptors freeze no page', async ({
  vm,
}, testInfo) => {
  const one = (address: number) => ({ address, only: 512, sectors: 1 });
  const hda = dmaDisk(testInfo.outputDir, [
    { address: 0x20000, sectors: 2048 },
    // The firmware's ROM, the local APIC, beyond memory, across its end; then memory again.
    ...[0xfffc0000, 0xfee00000, 0x20000000, 0x3ffff00].map(one),
    one(0x20000),
  ]);
  await vm.boot({ arch: 'i386', memory: 64, hda });
  await vm.waitForSerial('Booting from Hard Disk...');
  const gap = await longestGap(vm.page, () => vm.waitForSerial('+EEEE+!', { timeout: 60_000 }));
  expect(gap).toBeLessThan(FREEZE_MS);
});

test('a guest that spins with interrupts off does not freeze the page and can be stopped', async ({
  vm,
}, testInfo) => {
  await vm.boot(bareMetal('spin', testInfo.outputDir));
  await vm.waitForSerial('spinning');
  const gap = await longestGap(vm.page, () =>
    expect
      .poll(async () => (await vm.report()).instructions, { timeout: 60_000 })
      .toBeGreaterThan(200_000_000),
  );
  expect(gap).toBeLessThan(FREEZE_MS);
  await vm.powerOff();
  expect((await vm.waitForExit()).outcome).toBe('stopped');
});

test('a guest that sleeps with interrupts off costs nothing and can be stopped', async ({ vm }, testInfo) => {
  await vm.boot(bareMetal('wfi', testInfo.outputDir));
  await vm.waitForSerial('sleeping');
  await expect.poll(async () => (await vm.report()).sleepMs).toBeGreaterThan(500);
  // wfi may return early, so the loop may turn; it must not spin.
  expect((await vm.report()).instructions).toBeLessThan(1_000_000);
  await vm.powerOff();
  expect((await vm.waitForExit()).outcome).toBe('stopped');
});

test('a kernel panic is reported with its reason', async ({ vm }) => {
  test.setTimeout(180_000);
  await vm.boot({ ...image('riscv64-debian'), append: 'console=ttyS0 cryptomgr.notests rdinit=/missing' });
  expect(await vm.waitForPanic({ timeout: 75_000 })).toMatch(/Kernel panic - not syncing/);
  await vm.powerOff();
});

test('ten machines one after another leave the memory of the page as the first did', async ({
  newVm,
  page,
  browser,
}, testInfo) => {
  const config = { ...bareMetal('touch', testInfo.outputDir), memory: 128 };
  const browserCdp = await browser.newBrowserCDPSession();
  const pageCdp = await page.context().newCDPSession(page);
  const sizes: number[] = [];
  for (let turn = 0; turn < 10; turn++) {
    const vm = newVm();
    await vm.boot(config);
    await vm.waitForSerial('touched');
    await vm.destroy();
    await vm.waitForState('destroyed');
    const { id } = await rendererOf(browserCdp);
    const settled = async () => {
      await pageCdp.send('HeapProfiler.collectGarbage');
      sizes[turn] = residentBytes(id);
      return sizes[turn];
    };
    await settled();
    // The guest wrote to 64 MiB; what is not given back adds up.
    if (turn > 0) await expect.poll(settled).toBeLessThan(sizes[0] + 48 * 2 ** 20);
  }
});

/** The script of the vCPU's worker, at whatever name the build gave it. */
const WORKER = /\/entry-[^/]*\.js$/;

test.describe('a worker that dies', () => {
  test('is reported, and the next machine works', async ({ newVm, page }, testInfo) => {
    const config = bareMetal('echo', testInfo.outputDir);
    await page.route(WORKER, (route) => route.abort());
    const broken = newVm();
    await expect(broken.boot(config)).rejects.toMatchObject({ code: 'worker-died' });
    await broken.destroy();
    await page.unrouteAll();
    const vm = newVm();
    await vm.boot(config);
    await vm.waitForSerial('ready');
  });

  test('of a trap in the accelerator is reported with the registers, and the next machine works', async ({
    newVm,
    page,
  }, testInfo) => {
    const config = bareMetal('echo', testInfo.outputDir);
    await page.route(WORKER, async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: `${TRAP_AFTER_SLICES}\n${await response.text()}` });
    });
    const broken = newVm();
    await broken.boot(config);
    const error = await broken.waitForError();
    expect(error.code).toBe('internal');
    expect(error.message).toContain('memory access out of bounds');
    expect(error.message).toMatch(/^pc +0000000080\w{6}$/m);
    await broken.waitForState('error');
    await expect.poll(() => page.workers().length).toBe(0);
    await page.unrouteAll();
    const vm = newVm();
    await vm.boot(config);
    await vm.waitForSerial('ready');
  });

  test('without a word, in the middle of its work, is found out, and the next machine works', async ({
    newVm,
    page,
  }, testInfo) => {
    const config = bareMetal('spin', testInfo.outputDir);
    const broken = newVm();
    await broken.boot(config);
    await broken.waitForSerial('spinning');
    await killWorker(page);
    expect((await broken.waitForError()).code).toBe('worker-died');
    await broken.destroy();
    const vm = newVm();
    await vm.boot(config);
    await vm.waitForSerial('spinning');
  });
});

/** Goes before the worker's script: the core runs the guest for a while and then traps, as a bug of ours would. */
const TRAP_AFTER_SLICES = `{
  const instantiate = WebAssembly.instantiate;
  WebAssembly.instantiate = async (...args) => {
    const { exports } = await instantiate.apply(WebAssembly, args);
    let slices = 0;
    const run = (index) => {
      if (++slices > 2) throw new WebAssembly.RuntimeError('memory access out of bounds');
      return exports.run(index);
    };
    return { exports: { ...exports, run } };
  };
}`;

/** Has the browser end what the page's one worker is doing, with no event to the page. */
async function killWorker(page: Page): Promise<void> {
  const cdp = await page.context().newCDPSession(page);
  const killed = new Promise<void>((resolve) => {
    cdp.on('Target.receivedMessageFromTarget', ({ message }) => {
      if (JSON.parse(message).id === 1) resolve();
    });
  });
  cdp.on('Target.attachedToTarget', ({ sessionId, targetInfo }) => {
    if (targetInfo.type !== 'worker') return;
    const message = JSON.stringify({ id: 1, method: 'Runtime.terminateExecution' });
    void cdp.send('Target.sendMessageToTarget', { sessionId, message });
  });
  await cdp.send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: false, flatten: false });
  await killed;
  // Attached any longer, it would end the next machine's worker too.
  await cdp.detach();
}
