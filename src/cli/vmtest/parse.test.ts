import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeProblem, parseStatements, parseVmTest, type VmTestFile } from './parse.ts';

const MACHINE = 'snowglobe riscv64 -bios none -kernel k.elf';
let folder = '';
let path = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'snowglobe-vmtest-'));
  path = join(folder, 'a.vmtest');
  for (const name of ['k.elf', 'my disk.img']) writeFileSync(join(folder, name), 'x');
});
afterAll(() => rmSync(folder, { recursive: true }));

function parsed(text: string): VmTestFile {
  const file = parseVmTest(path, text);
  if (Array.isArray(file)) throw new Error(JSON.stringify(file));
  return file;
}

/** `line:column: message` of all that is wrong. */
function problems(text: string): string[] {
  const file = parseVmTest(path, text);
  if (!Array.isArray(file)) throw new Error('nothing is wrong with it');
  return file.map(({ line, column, message }) => `${line}:${column}: ${message}`);
}

describe('the machine', () => {
  test('is a command line with the quotes of a shell; files lie beside the test', () => {
    const { guest } = parsed(
      `# A comment\n${MACHINE} -m 64 \\\n  -append 'a "b" # c' -icount shift=1 \\\n  "my disk.img" # the rest\nexpect "x"`,
    );
    expect(guest).toMatchObject({
      arch: 'riscv64',
      machine: 'virt',
      memory: 64,
      kernel: join(folder, 'k.elf'),
      append: 'a "b" # c',
      icount: 1,
      drives: [{ file: join(folder, 'my disk.img'), index: 0 }],
    });
  });

  test("may be QEMU's own", () => {
    expect(parsed('qemu-system-riscv64 -bios none -kernel k.elf\nexpect "x"').guest.arch).toBe('riscv64');
  });

  test.each([
    ['expect "x"', /^1:1: the machine is missing/],
    [`${MACHINE}\n${MACHINE}\nexpect "x"`, /^2:1: there is a second machine/],
    [
      'snowglobe riscv64 -bios none -kernel none.elf\nexpect "x"',
      /^1:30: -kernel \S+none.elf: there is no such/,
    ],
    ['  snowglobe riscv64 -kernal k.elf\nexpect "x"', /^1:21: -kernal is not an option/],
    ['snowglobe riscv64 -bios none \\\n  -kernel k.elf \\\n  -m lots\nexpect "x"', /^3:3: -m "lots"/],
    [`${MACHINE} -append 'a\nexpect "x"`, /^1:52: the closing ' is missing/],
    [`${MACHINE} --expect x\nexpect "x"`, /^1:44: --expect, --send and their like/],
    [
      `${MACHINE} --timeout 3\nexpect "x"`,
      /^1:44: --timeout is not for tests; write a line: timeout SECONDS/,
    ],
    ['snowglobe --help\nexpect "x"', /^1:1: the command line of a test starts a machine/],
    ['', /^1:1: the file is empty/],
    [MACHINE, /^1:1: there is nothing to test/],
  ])('%j', (text, message) => {
    const [first, ...more] = problems(text);
    expect(first).toMatch(message);
    expect(more).toEqual([]);
  });
});

describe('statements', () => {
  const actions = (text: string) => parsed(`${MACHINE}\n${text}`).tests[0].steps.map(({ action }) => action);

  test('texts and expressions', () => {
    expect(actions('expect /a\\/[/]b/i # c\nexpect "# \\"q\\" \\x41"\nsend "\\xff\\n"')).toEqual([
      { do: 'expect', pattern: /a\/[/]b/imu },
      { do: 'expect', pattern: '# "q" A' },
      { do: 'send', bytes: new Uint8Array([0xff, 0x0a]) },
    ]);
  });

  test('all others', () => {
    const text = [
      ...['fail-on "Oops"', 'console org.snow', 'console serial', 'screen-expect /x/', 'screen-match boot'],
      ...['screen-size 640 480', 'screen-changes'],
      ...['screenshot boot.png', 'type "a" de', 'key ctrl-alt-delete', 'click 3 4 right', 'mouse-move -1 2'],
      ...['timeout 1.5', 'reset', 'restart', 'power-off', 'change ide1-cd0 "my disk.img"', 'eject floppy0'],
      ...['expect-end poweroff 5', 'expect-end panic'],
    ];
    expect(actions(text.join('\r\n'))).toEqual([
      { do: 'fail-on', pattern: 'Oops' },
      { do: 'console', name: 'org.snow' },
      { do: 'console', name: null },
      { do: 'screen-expect', pattern: /x/mu },
      { do: 'screen-match', name: 'boot.png' },
      { do: 'screen-size', width: 640, height: 480 },
      { do: 'screen-changes' },
      { do: 'screenshot', name: 'boot.png' },
      { do: 'type', text: 'a', layout: 'de' },
      { do: 'key', chord: 'ctrl-alt-delete' },
      { do: 'click', x: 3, y: 4, button: 'right' },
      { do: 'mouse-move', dx: -1, dy: 2 },
      { do: 'timeout', ms: 1500 },
      { do: 'reset' },
      { do: 'restart' },
      { do: 'power-off' },
      { do: 'change', drive: 'ide1-cd0', file: join(folder, 'my disk.img') },
      { do: 'eject', drive: 'floppy0' },
      { do: 'expect-end', outcome: 'poweroff', code: 5 },
      { do: 'expect-end', outcome: 'panic', code: null },
    ]);
  });

  test('tests begin with what comes before the first of them', () => {
    const { tests } = parsed(`${MACHINE}\nexpect "up"\ntest "one"\nsend "1"\n\n  test "two"\nsend "2"`);
    const shown = tests.map(({ title, line, column, steps }) => [
      title,
      line,
      column,
      steps.map((s) => s.text),
    ]);
    expect(shown).toEqual([
      ['one', 3, 1, ['expect "up"', 'send "1"']],
      ['two', 6, 3, ['expect "up"', 'send "2"']],
    ]);
  });

  test.each([
    ['expect', '2:7: what to look for is missing: expect /EXPRESSION/ or "TEXT"'],
    ['expect foo', '2:8: "foo" is neither "text" nor /expression/: expect /EXPRESSION/ or "TEXT"'],
    ['expect ""', '2:8: the text is empty and would match at once: expect /EXPRESSION/ or "TEXT"'],
    ['  expect /foo', '2:10: the closing / of this expression is missing'],
    ['expect /(/', '2:8: this is not a regular expression: Unterminated group'],
    ['expect /a/g', '2:8: "g" are no flags of an expression: there are i, m and s'],
    ['expect "foo', '2:8: the closing " of this text is missing'],
    ['expect "a"b', '2:11: a space is missing here'],
    ['expect "a" 3', '2:12: this is too much: expect /EXPRESSION/ or "TEXT"'],
    ['send "\\q"', '2:6: "\\q" in "\\q" is not an escape: use \\n \\r \\t \\b \\e \\0 \\\\ or \\xHH'],
    ['timeout soon', '2:9: "soon" is not a number of seconds: timeout SECONDS'],
    ['timeout 0', '2:9: "0" is not a number of seconds: timeout SECONDS'],
    ['key hyper-a', '2:5: "hyper-a": there is no key "hyper"'],
    ['click 1', '2:8: a row of pixels is missing: click X Y [left|right|middle]'],
    ['click 1 2 up', '2:11: "up" is not a button (left, right, middle): click X Y [left|right|middle]'],
    ['screenshot ../x', `2:12: "../x" is not a file's name: screenshot NAME`],
    ['test boots', '2:6: a test has a name: test "boots to a shell"'],
    ['test "a"\nexpect "x"\ntest "a"', '4:6: there is a test "a" already'],
  ])('%j', (text, message) => {
    const [first, ...more] = problems(`${MACHINE}\n${text}`);
    expect(first.startsWith(message) ? message : first).toBe(message);
    expect(more).toEqual([]);
  });

  test('what is wrong is told of all lines, with the line itself', () => {
    const file = parseVmTest(path, `${MACHINE}\n\tfoo "x"\nexpect "x"\nexpect\n`);
    const told = (file as Exclude<typeof file, VmTestFile>).map((p) => describeProblem('a.vmtest', p));
    expect(told).toHaveLength(2);
    expect(told[0]).toMatch(
      /^a\.vmtest:2:2: "foo" is no statement; there is test, expect, .*\n {2}\tfoo "x"\n {2}\t\^$/,
    );
    expect(told[1]).toContain('a.vmtest:4:7: ');
  });

  test('without a machine', () => {
    const steps = parseStatements('# A door\n\n  expect "# "\nsend "ls\\n"');
    expect(steps).toEqual([
      { line: 3, column: 3, text: 'expect "# "', action: { do: 'expect', pattern: '# ' } },
      {
        line: 4,
        column: 1,
        text: 'send "ls\\n"',
        action: { do: 'send', bytes: new Uint8Array([0x6c, 0x73, 0x0a]) },
      },
    ]);
    expect(parseStatements(`${MACHINE}\nexpect "x"\nfoo\ntest "a"`)).toMatchObject(
      [
        { line: 1, column: 1, message: /machine is given already/ },
        { line: 3, column: 1, message: /"foo" is no statement/ },
        { line: 4, column: 1, message: /"test" is no statement/ },
      ].map((problem) => ({ ...problem, message: expect.stringMatching(problem.message) })),
    );
  });
});
