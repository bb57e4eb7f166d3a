/** `snowglobe test`: guest tests as plain files (docs/vmtest.md). The guests are bare metal, so that what is tested is the runner. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { chromium, expect, test } from 'playwright/test';
import { chromiumLaunchOptions } from '../src/cli/chromium.ts';
import { bootDisk } from './support/boot-sector.ts';
import { snowglobe } from './support/command.ts';
import { assembleGuest } from './support/images.ts';

const ECHO = 'snowglobe riscv64 -bios none -kernel echo.elf -no-reboot';

/** Writes test files, and the guest that they boot. */
function files(folder: string, texts: Record<string, string>): string {
  assembleGuest('echo', folder);
  for (const [name, text] of Object.entries(texts)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

/** Processes below one, by the command lines that they have. */
function below(pid: number): string[] {
  const rows = execFileSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8' }).trim().split('\n');
  const table = rows.map((row) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(row)!);
  const found: string[] = [];
  const visit = (parent: string): void => {
    for (const [, child, its, args] of table) {
      if (its !== parent) continue;
      found.push(`${child} ${args}`);
      visit(child);
    }
  };
  visit(String(pid));
  return found;
}

// What runs at the end of all tests has both workers.
test.describe.configure({ mode: 'parallel' });

const isAlive = (pid: number): boolean => existsSync(`/proc/${pid}`);

test('runs a folder; what fails is shown at its line, with all that was seen', async () => {
  const folder = files(test.info().outputPath('tests'), {
    'echo.vmtest': `# Answers keys.\n${ECHO}\nexpect "ready"\n\ntest "answers"\nsend "ab"\nexpect /\\[a\\]\\[(b)\\]/\n\ntest "ends"\nsend "q"\nexpect-end poweroff 0\n`,
    'deep/er.vmtest':
      ECHO.replace('echo.elf', '../echo.elf') + '\ntimeout 0.5\nexpect "ready"\nsend "z"\nexpect "never"\n',
  });
  const result = await snowglobe(
    // Plain text, whatever this test's own runner prints to.
    [
      'test',
      '--workers',
      '2',
      '--retries',
      '1',
      '--reporter',
      'list',
      '--reporter',
      'json=r.json',
      '--reporter=junit=r.xml',
    ],
    { cwd: folder, env: { FORCE_COLOR: '0' } },
  );
  expect(result.stderr).toBe('');
  expect(result.status).toBe(1);
  expect(result.stdout).toMatch(/✓ .*echo\.vmtest:5:1 › answers/);
  expect(result.stdout).toMatch(/✓ .*echo\.vmtest:9:1 › ends/);
  expect(result.stdout).toMatch(/deep\/er\.vmtest:2:1 › er › expect "never"/);
  expect(result.stdout).toMatch(
    /nothing after 500 ms\.\s+The guest's output \(serial port\) ends in:\s+ready\s+\[z\]/,
  );
  expect(result.stdout).toMatch(/> 5 \| expect "never"/);
  expect(result.stdout).toMatch(/1 failed[\s\S]*2 passed/);

  const report = JSON.parse(readFileSync(join(folder, 'r.json'), 'utf8'));
  expect(report.suites.map(({ file }: { file: string }) => file).sort()).toEqual([
    'deep/er.vmtest',
    'echo.vmtest',
  ]);
  const failed = report.suites.find(({ file }: { file: string }) => file === 'deep/er.vmtest').specs[0]
    .tests[0];
  expect(failed.results).toHaveLength(2);
  const names = failed.results[1].attachments.map(({ name }: { name: string }) => name);
  expect(names).toEqual(expect.arrayContaining(['serial-0.txt', 'terminal.png', 'trace']));
  expect(readFileSync(join(folder, 'r.xml'), 'utf8')).toContain('<testsuite name="deep/er.vmtest"');
  // Folders of results have the names of tests, not of what is loaded for them.
  const results = readdirSync(join(folder, 'test-results')).join(' ');
  expect(results).toMatch(/vmtest-/);
  expect(results).not.toMatch(/mjs|spec/);
  // Nothing is left beside the tests but what was asked for.
  expect(readdirSync(folder).sort()).toEqual([
    'deep',
    'echo.elf',
    'echo.vmtest',
    'r.json',
    'r.xml',
    'test-results',
  ]);
});

test('fail-on is looked at after the last wait, and after a restart', async () => {
  const folder = files(test.info().outputPath('tests'), {
    'late.vmtest': `${ECHO}\nfail-on "[z]"\nexpect "ready"\nsend "azq"\nexpect "[a]"\nexpect-end poweroff\n`,
    'again.vmtest': `${ECHO}\nfail-on "[z]"\nexpect "ready"\nrestart\nexpect "ready"\nsend "zaq"\nexpect "[a]"\n`,
    'good.vmtest': `${ECHO}\nfail-on "[z]"\nexpect "ready"\nrestart\nexpect "ready"\nsend "aq"\nexpect-end poweroff\n`,
  });
  const { stdout } = await snowglobe(['test', '--trace', 'off'], { cwd: folder, env: { FORCE_COLOR: '0' } });
  expect(stdout.match(/the guest wrote "\[z\]"/g)).toHaveLength(2);
  expect(stdout).toMatch(/2 failed[\s\S]*1 passed/);
});

test('the screen of a PC: its text, keys, and pictures that are compared', async () => {
  const folder = files(test.info().outputPath('tests'), {
    'screen.vmtest':
      'snowglobe i386 -m 64 -hda boot-disk.img\nscreen-expect /^SNOW$/m\ntype "hi"\nscreen-expect "hi"\nkey shift-a\nscreen-expect "hiA"\nscreen-match typed\nscreenshot seen\n',
  });
  bootDisk(folder, 'SNOW');
  const panicking = join(folder, 'panic');
  bootDisk(panicking, 'Kernel panic - not syncing: snow');
  writeFileSync(
    join(panicking, 'panic.vmtest'),
    'snowglobe i386 -m 64 -hda boot-disk.img\nexpect-end panic\nexpect "snow"\n',
  );
  const run = (...args: string[]) => snowglobe(['test', '--trace', 'off', ...args], { cwd: folder });
  const first = await run(folder, '--update-snapshots');
  expect(first.stdout + first.stderr).toContain('2 passed');
  const picture = join(folder, 'screen.vmtest-snapshots/typed.png');
  const png = readFileSync(picture);
  expect(png.subarray(1, 4).toString()).toBe('PNG');
  expect((await run('screen.vmtest')).status).toBe(0);

  // Another picture of the same size: what was typed is another letter.
  writeFileSync(
    join(folder, 'screen.vmtest'),
    readFileSync(join(folder, 'screen.vmtest'), 'utf8')
      .replace('key shift-a', 'key shift-b')
      .replace('hiA', 'hiB')
      .replace('screen-match', 'timeout 1\nscreen-match'),
  );
  const other = await run('screen.vmtest');
  expect(other.status).toBe(1);
  expect(other.stdout).toMatch(/screen-match typed[\s\S]*pixels .*are different/);
  expect(readFileSync(picture)).toEqual(png);
});

test('files that cannot be used: all that is wrong, before any browser starts', async () => {
  const folder = files(test.info().outputPath('tests'), {
    'a.vmtest': `${ECHO}\nexpect /(/\nfoo\n`,
    'b.vmtest': 'snowglobe riscv64 -bios none -kernel missing.elf\nexpect "x"\n',
  });
  const env = { SNOWGLOBE_CHROMIUM: join(folder, 'none') };
  const broken = await snowglobe(['test'], { cwd: folder, env });
  expect(broken.status).toBe(2);
  expect(broken.stdout).toBe('');
  expect(broken.stderr).toMatch(
    /^a\.vmtest:2:8: this is not a regular expression: .*\n {2}expect \/\(\/\n {9}\^\n/,
  );
  expect(broken.stderr).toMatch(/^a\.vmtest:3:1: "foo" is no statement/m);
  expect(broken.stderr).toMatch(/^b\.vmtest:1:30: -kernel \S+missing\.elf: there is no such file$/m);

  const usage: [string[], RegExp][] = [
    [['test', 'none'], /none: there is no such file or folder/],
    [['test', 'echo.elf'], /echo\.elf: a test file's name ends in \.vmtest/],
    [['test', '--shard', '3/2'], /--shard "3\/2": expected a part/],
    [['test', '--reporter', 'fancy'], /--reporter fancy is unknown; there is list, /],
    [['test', '--grep', '('], /--grep "\(" is not a regular expression/],
    [['test', '--werkers', '2'], /--werkers is no option of snowglobe test/],
    [['test', '--workers'], /--workers needs a value: --workers N/],
    [['test', '--output', '.', 'a.vmtest'], /--output \.: this folder is emptied first, and \S+ is in it/],
    [['test', '--output', '..', 'a.vmtest'], /this folder is emptied first/],
    [['test', '--output', 'echo.elf', 'a.vmtest'], /--output echo\.elf: this is no folder/],
    [['test', '--connect', 'here'], /expected an address that begins with ws/],
  ];
  for (const [args, message] of usage) {
    const result = await snowglobe(args, { cwd: folder });
    expect(result.stderr).toMatch(message);
    expect(result.status).toBe(2);
  }

  writeFileSync(join(folder, 'a.vmtest'), `${ECHO}\nexpect "ready"\n`);
  const host = await snowglobe(['test', 'a.vmtest'], { cwd: folder, env });
  expect(host.status).toBe(1);
  expect(host.stderr).toMatch(/^snowglobe: SNOWGLOBE_CHROMIUM names \S+, which is not a program.*\n$/);
  const noDesktop = { DISPLAY: '', WAYLAND_DISPLAY: '' };
  const headed = await snowglobe(['test', '--headed', 'a.vmtest'], { cwd: folder, env: noDesktop });
  expect(headed.status).toBe(1);
  expect(headed.stderr).toMatch(/^snowglobe: --headed needs a desktop/);
});

test('shards, names and lists choose tests; the time for all of them ends with 124', async () => {
  const tests = ['one', 'two', 'three', 'four'].map((name) => `test "${name}"\nexpect "ready"\n`).join('');
  const folder = files(test.info().outputPath('tests'), {
    'a.vmtest': `${ECHO}\n${tests}`,
    'long.vmtest': `${ECHO}\nexpect "never"\n`,
  });
  const listed = async (...args: string[]) => {
    const { stdout } = await snowglobe(['test', '--list', ...args], { cwd: folder });
    return [...stdout.matchAll(/› (\w+)$/gm)].map(([, title]) => title);
  };
  expect(await listed('-g', 'a.vmtest [tf]', '--grep-invert', 'our')).toEqual(['two', 'three']);
  const halves = [await listed('--shard', '1/2'), await listed('--shard', '2/2')];
  expect(halves.flat().sort()).toEqual(['four', 'long', 'one', 'three', 'two']);
  expect(halves[0].length).toBeGreaterThan(1);

  const timed = await snowglobe(['test', 'long.vmtest', '--timeout', '2'], { cwd: folder });
  expect(timed.status).toBe(124);
});

test('Ctrl-C ends the run and its browsers', async () => {
  const folder = files(test.info().outputPath('tests'), {
    'long.vmtest': `${ECHO}\nexpect "ready"\ntimeout 60\nexpect "never"\n`,
  });
  let processes: string[] = [];
  const result = await snowglobe(['test', '--trace', 'off', '--reporter', 'line'], {
    cwd: folder,
    onStart: async ({ pid, kill }) => {
      await expect
        .poll(() => (processes = below(pid)).filter((line) => line.includes('--type=renderer')).length, {
          timeout: 30_000,
        })
        .toBeGreaterThan(0);
      kill('SIGINT');
    },
  });
  expect(result.status).toBe(130);
  const pids = processes.map((line) => Number.parseInt(line, 10));
  expect(pids.length).toBeGreaterThan(3);
  await expect.poll(() => pids.filter(isAlive)).toEqual([]);
});

test('browsers of a Playwright server run the tests; a server that is gone is a failure', async () => {
  const folder = files(test.info().outputPath('tests'), {
    'a.vmtest': `${ECHO}\nexpect "ready"\nsend "q"\nexpect-end poweroff\n`,
  });
  const { headless, ...options } = chromiumLaunchOptions();
  const server = await chromium.launchServer({ ...options, headless });
  const env = { PW_TEST_CONNECT_WS_ENDPOINT: server.wsEndpoint(), SNOWGLOBE_CHROMIUM: '' };
  const remote = await snowglobe(['test', '--trace', 'off'], { cwd: folder, env });
  expect(remote.stdout).toContain('1 passed');
  await server.close();
  const gone = await snowglobe(['test', '--trace', 'off', '--connect', env.PW_TEST_CONNECT_WS_ENDPOINT], {
    cwd: folder,
  });
  expect(gone.status).toBe(1);
  expect(gone.stdout).toContain('1 failed');
});
