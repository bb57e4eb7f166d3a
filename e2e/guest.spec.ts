import { expect, test, type VirtualMachine } from '../src/playwright/index.ts';
import { bareMetal, image } from './support/images.ts';
import { PROMPT } from './support/linux-shell.ts';

/** Linux on the interpreter, on a machine that does other things too. */
const BOOT = { timeout: 75_000 };

/**
 * What a kernel prints when something is wrong with its computer. Its cryptography tests itself while it boots, on code that is hot: a wrong
 * instruction or a wrong pass shows there, and the kernel boots on regardless.
 */
const COMPLAINT = /^.*(?:\bWARNING\b|\bBUG\b|\bOops\b|self-tests for .* failed).*$/m;

async function bootDebian(vm: VirtualMachine): Promise<void> {
  await vm.boot(image('riscv64-debian'));
  await vm.waitForSerial(PROMPT, BOOT);
  expect(COMPLAINT.exec(vm.serialText)?.[0]).toBeUndefined();
}

test.describe('bare metal', () => {
  test('a guest runs, answers keys and powers off', async ({ vm }, testInfo) => {
    await vm.boot(bareMetal('echo', testInfo.outputDir));
    await vm.waitForSerial('ready\r\n');
    await vm.waitForState('running');
    await vm.type('snow');
    await vm.waitForSerial('[s][n][o][w]');
    await vm.press('q');
    expect(await vm.waitForExit()).toEqual({ outcome: 'poweroff', code: 0 });
    await vm.waitForState('stopped');
    const report = await vm.report();
    expect(report.outcome).toBe('poweroff');
    expect(report.instructions).toBeGreaterThan(100);
    expect(report.firstSerialMs).not.toBeNull();
    expect(report.guestMs).toBeGreaterThanOrEqual(report.firstSerialMs as number);
  });

  test('the snow globe draws, answers keys and powers off', async ({ vm }) => {
    await vm.boot(image('riscv64-demo'), { screen: true });
    const screen = vm.page.locator('.screen .xterm-rows');
    await expect(screen).toContainText('S N O W F A L L');
    await expect(screen).toContainText('▀▀▀▀');
    await expect(screen).toContainText(/frame [1-9]/);
    await expect(screen).toContainText('wind calm');
    await vm.press('ArrowRight');
    await expect(screen).toContainText(/wind (?!calm)\S/);
    await vm.press('q');
    await vm.waitForSerial(/powered off after \d+ frames/);
    expect(await vm.waitForExit()).toEqual({ outcome: 'poweroff', code: 0 });
  });

  test('the failure code of the test device reaches the host', async ({ vm }, testInfo) => {
    await vm.boot(bareMetal('echo', testInfo.outputDir));
    await vm.waitForSerial('ready');
    await vm.press('f');
    expect(await vm.waitForExit()).toEqual({ outcome: 'poweroff', code: 5 });
  });

  test('a reset that the guest asks for starts it again, or ends it with noReboot', async ({
    newVm,
  }, testInfo) => {
    const config = bareMetal('echo', testInfo.outputDir);
    const again = newVm();
    await again.boot({ ...config, noReboot: false });
    await again.waitForSerial('ready');
    await again.press('r');
    await again.waitForSerial('ready');
    await again.type('z');
    await again.waitForSerial('[z]');

    const once = newVm();
    await once.boot(config);
    await once.waitForSerial('ready');
    await once.press('r');
    expect((await once.waitForExit()).outcome).toBe('reset');
  });

  test('the reset button starts it again', async ({ vm }, testInfo) => {
    await vm.boot(bareMetal('echo', testInfo.outputDir));
    await vm.waitForSerial('ready');
    await vm.type('x');
    await vm.waitForSerial('[x]');
    await vm.reset();
    await vm.waitForSerial('ready');
    await vm.type('y');
    await vm.waitForSerial('[y]');
    await vm.powerOff();
    expect((await vm.waitForExit()).outcome).toBe('stopped');
  });

  test('two machines in one page do not meet', async ({ newVm }, testInfo) => {
    const config = bareMetal('echo', testInfo.outputDir);
    const [left, right] = [newVm(), newVm()];
    await Promise.all([left.boot(config), right.boot(config)]);
    await Promise.all([left.waitForSerial('ready'), right.waitForSerial('ready')]);
    await left.type('lll');
    await right.type('sss');
    await Promise.all([left.waitForSerial('[l][l][l]'), right.waitForSerial('[s][s][s]')]);
    await left.press('q');
    expect((await left.waitForExit()).outcome).toBe('poweroff');
    await right.type('t');
    await right.waitForSerial('[t]');
    expect(left.serialText).not.toContain('s]');
    expect(right.serialText).not.toContain('l]');
  });

  test('with icount two runs agree to the instruction', async ({ newVm }, testInfo) => {
    const config = { ...bareMetal('counters', testInfo.outputDir), icount: 1 };
    const runs = [];
    for (let run = 0; run < 2; run++) {
      const vm = newVm();
      await vm.boot(config);
      expect((await vm.waitForExit()).outcome).toBe('poweroff');
      runs.push({ text: vm.serialText, instructions: (await vm.report()).instructions });
      await vm.destroy();
    }
    expect(runs[0].text.split('\n')).toHaveLength(9);
    expect(runs[1]).toEqual(runs[0]);
  });
});

test.describe("Debian's Linux", () => {
  test.describe.configure({ timeout: 180_000 });

  test('boots to a shell that answers; pausing stops its clock, and it goes on after a resume and a reset; it powers off', async ({
    vm,
  }) => {
    await bootDebian(vm);
    expect(vm.serialText).toContain('OpenSBI');

    await vm.type('uname -a\n');
    await vm.waitForSerial(/^Linux snowglobe \S+ .*riscv64 GNU\/Linux\r?$/m);
    await vm.waitForSerial(PROMPT);

    await vm.type('cat /proc/cpuinfo\n');
    const [, isa] = await vm.waitForSerial(/isa\s*: (rv64\S+)\r?\n/);
    expect(isa).toMatch(/^rv64imafdc/);
    await vm.waitForSerial(/mmu\s*: sv57/);
    await vm.waitForSerial(PROMPT);

    // Typed slower than a person's burst and longer than the FIFO; the answer is not in what the terminal echoes.
    await vm.type('for i in 1 2 3 4 5; do echo "flake number $((i * i)) of $(nproc)"; done | tail -n 1\n');
    await vm.waitForSerial('flake number 25 of 1');
    await vm.waitForSerial(PROMPT);

    // Ctrl-C reaches the foreground job, once the shell no longer reads the line itself.
    await vm.type('echo asl""eep; sleep 1000\n');
    await vm.waitForSerial('asleep');
    await vm.press('Control+C');
    await vm.waitForSerial(PROMPT);

    const uptime = async (): Promise<number> => {
      await vm.type('cut -d" " -f1 /proc/uptime\n');
      // The whole line: on a busy host it comes in pieces.
      const [, seconds] = await vm.waitForSerial(/^(\d+\.\d\d)\r?\n/m);
      return Number(seconds);
    };
    const start = Date.now();
    const before = await uptime();

    const pausedFrom = Date.now();
    await vm.pause();
    await vm.waitForState('paused');
    const { instructions } = await vm.report();
    // Host time has to pass for the guest's to stand still.
    await expect.poll(() => Date.now() - pausedFrom, { timeout: 10_000 }).toBeGreaterThan(1500);
    expect((await vm.report()).instructions).toBe(instructions);
    const pausedMs = Date.now() - pausedFrom;
    await vm.resume();

    const after = await uptime();
    const elapsed = (Date.now() - start - pausedMs) / 1000;
    expect(after).toBeGreaterThan(before);
    expect(after - before).toBeLessThan(elapsed + 0.1);

    await vm.reset();
    await vm.waitForSerial('OpenSBI', BOOT);
    await vm.waitForSerial(PROMPT, BOOT);
    await vm.type('poweroff -f\n');
    expect(await vm.waitForExit()).toEqual({ outcome: 'poweroff', code: 0 });
  });

  test('with icount a whole boot is the same to the instruction, on either tier', async ({ newVm }) => {
    const runs = [];
    for (const tier of ['auto', 'interp'] as const) {
      const vm = newVm();
      await vm.boot({
        ...image('riscv64-debian'),
        icount: 2,
        tier,
        append: 'console=ttyS0 snowglobe.poweroff',
      });
      expect((await vm.waitForExit(BOOT)).outcome).toBe('poweroff');
      runs.push({ text: vm.serialText, instructions: (await vm.report()).instructions });
      await vm.destroy();
    }
    expect(COMPLAINT.exec(runs[0].text)?.[0]).toBeUndefined();
    expect(runs[0].instructions).toBeGreaterThan(500_000_000);
    expect(runs[1]).toEqual(runs[0]);
    // The kernel tests its own cryptography, millions of instructions whose result it knows.
    expect(runs[0].text).toContain('Run /init');
    expect(runs[0].text).not.toMatch(/self-tests for .* failed|WARNING:|BUG:|Oops/);
  });
});
