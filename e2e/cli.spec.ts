import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'playwright/test';
import { snowglobe } from './support/command.ts';
import { assembleGuest, image, repository } from './support/images.ts';

/** The program starts a browser of its own; the tests' browser is not needed. */
let folder: string;
let echo: string[];

test.beforeEach(({ browserName: _ }, testInfo) => {
  folder = testInfo.outputDir;
  mkdirSync(folder, { recursive: true });
  echo = ['riscv64', '-M', 'virt', '-bios', 'none', '-kernel', assembleGuest('echo', folder), '-nographic'];
});

/** An error is one line on stderr that begins with the program's name. */
const line = (pattern: RegExp) => new RegExp(`^snowglobe: .*${pattern.source}.*\\n$`);

/** The first column of the table "Key of `group`" of docs/cli.md. */
function documentedKeys(group: string): string[] {
  const docs = readFileSync(join(repository, 'docs/cli.md'), 'utf8');
  const table = docs.split(`| Key of \`${group}\` |`)[1]?.split('\n\n')[0] ?? '';
  return [...table.matchAll(/^\| (`.*?) \|/gm)].flatMap(([, cell]) =>
    [...cell!.matchAll(/`(\w+)`/g)].map(([, key]) => key!),
  );
}

test.describe('a run', () => {
  test('the guest powers off: status 0, its output on stdout and nothing else', async () => {
    const result = await snowglobe(echo, { input: 'abq' });
    expect(result).toEqual({ status: 0, stdout: 'ready\r\n[a][b]', stderr: '' });
  });

  test('a PC with nothing to boot: its firmware says so on stdout, and stderr says what to do', async () => {
    const result = await snowglobe(['i386', '-m', '64', '--timeout', '150'], {
      // The hint comes some time after the firmware's words.
      onOutput: (stdout, child, stderr) => {
        if (stdout.includes('No bootable device.') && stderr.includes('(-kernel)')) child.kill('SIGTERM');
      },
    });
    expect(result.status).toBe(143);
    expect(result.stdout).toContain('No bootable device.');
    expect(result.stderr).toMatch(
      /^snowglobe: firmware: .* give the machine a disk .* or a kernel \(-kernel\)\.\n/,
    );
  });

  test('--expect and --send take turns, and the report says when', async () => {
    const json = join(folder, 'report.json');
    const result = await snowglobe([
      ...echo,
      ...['--expect', 'ready', '--send', 'x\\x79', '--expect', '\\[y\\]', '--json', json, '--timeout', '60'],
    ]);
    expect(result).toEqual({ status: 0, stdout: 'ready\r\n[x][y]', stderr: '' });
    const report = JSON.parse(readFileSync(json, 'utf8'));
    expect(report).toMatchObject({
      outcome: 'expect',
      guestMs: expect.any(Number),
      firstSerialMs: expect.any(Number),
      expectMs: [expect.any(Number), expect.any(Number)],
      instructions: expect.any(Number),
      tiers: { interp: expect.any(Number), jit: expect.any(Number) },
      exits: expect.any(Object),
      regions: {
        compiled: expect.any(Number),
        bytes: expect.any(Number),
        compileMs: expect.any(Number),
        evicted: expect.any(Number),
      },
    });
    expect(report.firstSerialMs).toBeLessThanOrEqual(report.expectMs[0]);
    expect(report.expectMs[0]).toBeLessThanOrEqual(report.expectMs[1]);
    expect(report.expectMs[1]).toBeLessThanOrEqual(report.guestMs);
    expect(report.tiers.interp + report.tiers.jit).toBe(report.instructions);
    // docs/cli.md names every count, and no other.
    for (const group of ['regions', 'exits', 'events'] as const) {
      expect(Object.keys(report[group]).sort(), group).toEqual(documentedKeys(group).sort());
    }
  });

  test('a script that ends in --send waits for the guest to end', async () => {
    const result = await snowglobe([...echo, '--expect', 'ready', '--send', 'zq', '--timeout', '60']);
    expect(result).toEqual({ status: 0, stdout: 'ready\r\n[z]', stderr: '' });
  });

  test('the guest ends before a match: status 1', async () => {
    const json = join(folder, 'report.json');
    const args = ['--expect', 'ready', '--send', 'q', '--expect', 'never', '--json', json];
    const result = await snowglobe([...echo, ...args]);
    expect(result.status).toBe(1);
    expect(result.stderr).toMatch(line(/powered off before --expect "never" matched/));
    expect(JSON.parse(readFileSync(json, 'utf8'))).toMatchObject({
      outcome: 'poweroff',
      expectMs: [expect.any(Number)],
    });
  });

  test('the guest reports a failure: status 1', async () => {
    const result = await snowglobe(echo, { input: 'f' });
    expect(result.status).toBe(1);
    expect(result.stderr).toMatch(line(/failure code 5/));
  });

  test('the time is up: status 124', async () => {
    const json = join(folder, 'report.json');
    const result = await snowglobe([...echo, '--expect', 'never', '--timeout', '5', '--json', json]);
    expect(result.status).toBe(124);
    expect(result.stderr).toMatch(line(/5 s were up before --expect "never" matched/));
    expect(JSON.parse(readFileSync(json, 'utf8')).outcome).toBe('timeout');
  });

  test('-no-reboot makes a reset the end, as in QEMU', async () => {
    const json = join(folder, 'report.json');
    const result = await snowglobe([...echo, '-no-reboot', '--json', json], { input: 'r' });
    expect(result).toMatchObject({ status: 0, stderr: '' });
    expect(JSON.parse(readFileSync(json, 'utf8')).outcome).toBe('reset');
  });

  test('a guest that can never go on: status 1 and one line that says so', async () => {
    const kernel = assembleGuest('trap-loop', folder);
    const result = await snowglobe(['riscv64', '-bios', 'none', '-kernel', kernel]);
    expect(result.status).toBe(1);
    expect(result.stderr).toMatch(line(/trap/));
  });

  test('--screenshot shows the terminal', async () => {
    const png = join(folder, 'screen.png');
    const result = await snowglobe([...echo, '--expect', 'ready', '--screenshot', png]);
    expect(result.status).toBe(0);
    const bytes = readFileSync(png);
    expect(bytes.subarray(1, 4).toString()).toBe('PNG');
    // 80 columns of 14-pixel type; an image of one colour would be much smaller than a kilobyte for its size.
    expect(bytes.readUInt32BE(16)).toBeGreaterThan(500);
    expect(bytes.length).toBeGreaterThan(1000);
  });

  test('SIGTERM ends it with 128 + 15', async () => {
    const result = await snowglobe(echo, {
      onOutput: (stdout, child) => {
        if (stdout.includes('ready')) child.kill('SIGTERM');
      },
    });
    expect(result.status).toBe(143);
  });

  test('on a terminal Ctrl-C goes to the guest, Ctrl-A is the escape', async () => {
    let typed = 0;
    const result = await snowglobe(echo, {
      terminal: true,
      onOutput: (stdout, child) => {
        // Each piece is typed once its answer to the one before is there.
        const script = [
          ['ready', 'a\x03\x01\x01'],
          ['[a][\x03][\x01]', '\x01h'],
          ['C-a x    exit', '\x01x'],
        ];
        while (typed < script.length && stdout.includes(script[typed][0])) child.type(script[typed++][1]);
      },
    });
    expect(typed).toBe(3);
    expect(result.status).toBe(0);
  });

  test('-icount repeats a run to the instruction', async () => {
    const kernel = assembleGuest('counters', folder);
    const reports = [];
    for (const name of ['a.json', 'b.json']) {
      const json = join(folder, name);
      const result = await snowglobe([
        'riscv64',
        '-bios',
        'none',
        '-kernel',
        kernel,
        '-icount',
        'shift=1',
        '--json',
        json,
      ]);
      expect(result.status).toBe(0);
      reports.push({
        stdout: result.stdout,
        instructions: JSON.parse(readFileSync(json, 'utf8')).instructions,
      });
    }
    expect(reports[1]).toEqual(reports[0]);
  });

  test("the design's own command line boots Debian to a prompt", async () => {
    test.setTimeout(180_000);
    const { kernel, initrd } = image('riscv64-debian') as { kernel: string; initrd: string };
    const result = await snowglobe([
      ...['riscv64', '-M', 'virt', '-m', '512', '-kernel', kernel, '-initrd', initrd],
      ...['-append', 'console=ttyS0 quiet', '-nographic', '--timeout', '150'],
      ...['--expect', '# ', '--send', 'uname -m\\n', '--expect', '^riscv64', '--send', 'poweroff -f\\n'],
    ]);
    expect(result).toMatchObject({ status: 0, stderr: '' });
  });

  test('a panic: status 1, its reason on stderr, its last words on stdout', async () => {
    test.setTimeout(180_000);
    const { kernel } = image('riscv64-debian') as { kernel: string };
    const args = [
      '-m',
      '512',
      '-kernel',
      kernel,
      '-append',
      'console=ttyS0 cryptomgr.notests',
      '--expect',
      'login:',
      '--timeout',
      '150',
    ];
    const json = join(folder, 'report.json');
    const result = await snowglobe(['riscv64', ...args, '--json', json]);
    expect(result.status).toBe(1);
    expect(result.stderr).toMatch(
      line(/the guest panicked before --expect "login:" matched: Kernel panic - not syncing/),
    );
    expect(result.stdout).toContain('end Kernel panic');
    expect(JSON.parse(readFileSync(json, 'utf8')).outcome).toBe('panic');
  });
});

test.describe('usage', () => {
  test('--help lists the options, --version the version', async () => {
    const help = await snowglobe(['--help']);
    expect(help).toMatchObject({ status: 0, stderr: '' });
    for (const option of ['-kernel', '-append', '--expect', '--timeout'])
      expect(help.stdout).toContain(option);
    const version = await snowglobe(['--version']);
    expect(version).toMatchObject({ status: 0, stderr: '' });
    expect(version.stdout).toMatch(/^snowglobe \d+\.\d+\.\d+\n$/);
  });

  for (const [name, args, message] of [
    ['no architecture', [], /which machine/],
    ['an unknown architecture', ['vax'], /"vax" is unknown; there is riscv64/],
    ['an option that is not built', ['riscv64', '-netdev', 'user'], /-netdev: .*not built yet/],
    ['an unknown option', ['riscv64', '-frobnicate'], /-frobnicate is not an option/],
    ['an option without its value', ['riscv64', '-kernel'], /-kernel needs a value/],
    [
      'a report that cannot be written',
      ['riscv64', '--json', '/nonexistent/report.json'],
      /--json \/nonexistent/,
    ],
  ] as const) {
    test(`${name}: status 2`, async () => {
      const result = await snowglobe([...args]);
      expect(result).toMatchObject({ status: 2, stdout: '' });
      expect(result.stderr).toMatch(line(message));
    });
  }
});

/** How the program says what is wrong with a file; what is found wrong is a matter of src/machine/boot's own tests. */
test.describe('images', () => {
  const boot = (kernel: string, ...rest: string[]) =>
    snowglobe(['riscv64', '-m', '256', '-kernel', kernel, ...rest]);

  test('a file that is missing, empty or a folder is named: status 2', async () => {
    const empty = join(folder, 'empty');
    writeFileSync(empty, '');
    for (const [kernel, message] of [
      [join(folder, 'nothing'), /-kernel .*nothing: there is no such file/],
      [empty, /-kernel .*empty: the file is empty/],
      [folder, /-kernel .*: this is a folder/],
    ] as const) {
      const result = await boot(kernel);
      expect(result.status).toBe(2);
      expect(result.stderr).toMatch(line(message));
    }
    const initrd = await boot(assembleGuest('echo', folder), '-initrd', join(folder, 'nothing'));
    expect(initrd.status).toBe(2);
    expect(initrd.stderr).toMatch(line(/-initrd .*nothing: there is no such file/));
  });

  test('a truncated kernel: status 2', async () => {
    const short = join(folder, 'short-elf');
    copyFileSync(assembleGuest('echo', folder), short);
    truncateSync(short, 4200);
    const elf = await boot(short, '-bios', 'none');
    expect(elf.status).toBe(2);
    expect(elf.stderr).toMatch(line(/truncated/));
  });

  test('a kernel for x86: status 2', async () => {
    // The parts of a bzImage that tell it: the boot sector's signature and the setup header's magic (Linux, boot.rst).
    const bzImage = join(folder, 'bzImage');
    const bytes = Buffer.alloc(64 * 1024);
    bytes.writeUInt16LE(0xaa55, 0x1fe);
    bytes.write('HdrS', 0x202);
    bytes.writeUInt16LE(0x020f, 0x206);
    writeFileSync(bzImage, bytes);
    const linux = await boot(bzImage);
    expect(linux.status).toBe(2);
    expect(linux.stderr).toMatch(line(/x86/));
  });

  test('a truncated initrd: status 2', async () => {
    const { kernel, initrd } = image('riscv64-debian') as { kernel: string; initrd: string };
    const short = join(folder, 'short.gz');
    copyFileSync(initrd, short);
    truncateSync(short, 100_000);
    const result = await boot(kernel, '-initrd', short);
    expect(result.status).toBe(2);
    expect(result.stderr).toMatch(line(/initrd.*truncated|truncated.*initrd/));
  });

  test('more RAM than can be had: status 2', async () => {
    const result = await snowglobe([...echo, '-m', '64G']);
    expect(result.status).toBe(2);
    expect(result.stderr).toMatch(line(/RAM|memory/));
  });

  test('a kernel behind a link is found', async () => {
    const link = join(folder, 'link.elf');
    symlinkSync(assembleGuest('echo', join(folder, 'elsewhere')), link);
    const result = await snowglobe(['riscv64', '-bios', 'none', '-kernel', link], { input: 'q' });
    expect(result).toEqual({ status: 0, stdout: 'ready\r\n', stderr: '' });
  });
});

test.describe('host', () => {
  test('no Chromium: status 1 and how to get it', async () => {
    const result = await snowglobe(echo, { env: { PATH: folder } });
    expect(result.status).toBe(1);
    expect(result.stderr).toMatch(line(/no Chromium on the PATH; install it/));
    const wrong = await snowglobe(echo, { env: { SNOWGLOBE_CHROMIUM: '/nonexistent/chromium' } });
    expect(wrong.status).toBe(1);
    expect(wrong.stderr).toMatch(line(/SNOWGLOBE_CHROMIUM names \/nonexistent\/chromium/));
    const silent = await snowglobe(echo, { env: { SNOWGLOBE_CHROMIUM: '/bin/false' } });
    expect(silent.status).toBe(1);
    expect(silent.stderr).toMatch(line(/\/bin\/false did not start.*; run it by hand/));
  });

  test('--headed without a desktop: status 1', async () => {
    const result = await snowglobe([...echo, '--headed'], { env: { DISPLAY: '', WAYLAND_DISPLAY: '' } });
    expect(result.status).toBe(1);
    expect(result.stderr).toMatch(line(/--headed needs a desktop/));
  });

  test('nothing is built: status 1 and what to run', async () => {
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    copyFileSync(join(repository, 'bin/snowglobe.js'), join(bin, 'snowglobe.js'));
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    const result = spawnSync(process.execPath, [join(bin, 'snowglobe.js'), '--help'], { encoding: 'utf8' });
    expect(result).toMatchObject({ status: 1, stdout: '' });
    expect(result.stderr).toMatch(line(/not built yet; build it with: npm run build/));
  });
});
