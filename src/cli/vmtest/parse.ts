/** Reads .vmtest files: a machine's command line, then what to do with it. docs/vmtest.md is the format's page. */
import { dirname, resolve } from 'node:path';
import type { CliOptions } from '../../command/cli-options.ts';
import { guestConfig, optionsIn } from '../guest-config.ts';
import { checkImage } from '../guest-files.ts';
import { parseCommand } from '../../command/options.ts';
import type { GuestConfig } from '../runner-page.ts';
import { UsageError } from '../../command/usage-error.ts';
import { type Action, readStatement } from './steps.ts';
import { LineError, shellWords } from '../../command/shell-words.ts';
import { type Token, tokens } from './tokens.ts';

export interface Place {
  /** From 1. */
  line: number;
  column: number;
}

export interface VmTestStep extends Place {
  /** The line as it is written, without blanks around it. */
  text: string;
  action: Action;
}

export interface VmTest extends Place {
  title: string;
  steps: VmTestStep[];
}

export interface VmTestFile {
  path: string;
  guest: GuestConfig;
  tests: VmTest[];
}

export interface VmTestProblem extends Place {
  message: string;
  /** The line in question, for the message. */
  source: string;
}

/** `file:line:column: message`, with the line and a mark below it. */
export function describeProblem(path: string, { line, column, message, source }: VmTestProblem): string {
  const mark = source.slice(0, column - 1).replaceAll(/[^\t]/g, ' ');
  return `${path}:${line}:${column}: ${message}\n  ${source}\n  ${mark}^`;
}

const HEADER = /^\s*(snowglobe|qemu-system-\S+)(?:\s|$)/;
/** What belongs to a command line of its own, and what to write here instead. */
const NOT_HERE: readonly [key: keyof CliOptions, option: string, instead: string][] = [
  ['timeout', '--timeout', 'write a line: timeout SECONDS'],
  ['screenshot', '--screenshot', 'write a line: screenshot NAME'],
  ['json', '--json', 'use snowglobe test --reporter json'],
  ['recordBoot', '--record-boot', 'a boot is recorded by a run of its own'],
  ['headed', '--headed', 'use snowglobe test --headed'],
];

/** A line of the file, or several that end in backslashes. */
interface LogicalLine {
  text: string;
  /** Number of the first, from 1. */
  line: number;
}

function logicalLines(text: string): LogicalLine[] {
  const lines: LogicalLine[] = [];
  let open = false;
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const last = lines.at(-1);
    // The break stays: columns of later lines are found by it.
    if (open && last) last.text += `\n${raw}`;
    else lines.push({ text: raw, line: index + 1 });
    // Only a command line goes on: elsewhere a backslash belongs to a text.
    open = HEADER.test(lines.at(-1)!.text) && /(?:^|\s)\\$/.test(raw);
  }
  return lines;
}

/** @returns the file, or what is wrong with it, line by line */
export function parseVmTest(path: string, text: string): VmTestFile | VmTestProblem[] {
  const problems: VmTestProblem[] = [];
  const tests: VmTest[] = [];
  const common: VmTestStep[] = [];
  let guest: GuestConfig | null = null;
  let headed = false;
  const report = ({ text, line }: LogicalLine, offset: number, message: string) => {
    const before = text.slice(0, offset).split('\n');
    const at = line + before.length - 1;
    problems.push({
      line: at,
      column: before.at(-1)!.length + 1,
      message,
      source: text.split('\n')[before.length - 1],
    });
  };
  const folder = dirname(path);
  for (const logical of logicalLines(text)) {
    try {
      if (HEADER.test(logical.text)) {
        if (headed)
          throw new LineError(1, 'there is a second machine: a file has one, which every test gets anew');
        headed = true;
        guest = readMachine(logical.text, folder);
        continue;
      }
      const words = tokens(logical.text);
      if (words.length === 0) continue;
      const [first] = words;
      if (!headed) {
        headed = true;
        throw new LineError(
          first.column,
          'the machine is missing: the first line is a command line such as snowglobe riscv64 -kernel FILE',
        );
      }
      if (first.type === 'word' && first.text === 'test') {
        const title = readTitle(words, logical.text.length);
        if (tests.some((test) => test.title === title))
          throw new LineError(words[1].column, `there is a test "${title}" already`);
        tests.push({ line: logical.line, column: first.column, title, steps: [...common] });
        continue;
      }
      const step = readStep(logical, words);
      const { action } = step;
      if (action.do === 'change') action.file = checkedFile(folder, action.file, words[2]);
      (tests.at(-1)?.steps ?? common).push(step);
    } catch (error) {
      if (!(error instanceof LineError)) throw error;
      report(logical, error.column - 1, error.message);
    }
  }
  if (!headed) problems.push({ line: 1, column: 1, message: 'the file is empty', source: '' });
  else if (tests.length === 0 && common.length === 0 && problems.length === 0)
    problems.push({
      line: 1,
      column: 1,
      message: 'there is nothing to test: write expect lines',
      source: '',
    });
  if (problems.length > 0) return problems;
  // Without `test` lines the file is one test.
  if (tests.length === 0)
    tests.push({ line: common[0].line, column: common[0].column, title: '', steps: common });
  return { path, guest: guest!, tests };
}

function readStep({ text, line }: LogicalLine, words: readonly Token[]): VmTestStep {
  const action = readStatement(words, text.trimEnd().length);
  return { line, column: words[0].column, text: text.trim(), action };
}

/**
 * Reads statements alone, as of one test: the machine that they are for comes from elsewhere.
 * @returns the steps, or what is wrong, line by line
 */
export function parseStatements(text: string): VmTestStep[] | VmTestProblem[] {
  const problems: VmTestProblem[] = [];
  const steps: VmTestStep[] = [];
  for (const [index, source] of text.split(/\r?\n/).entries()) {
    const line = index + 1;
    try {
      if (HEADER.test(source))
        throw new LineError(1, 'the machine is given already: this is no place for one');
      const words = tokens(source);
      if (words.length > 0) steps.push(readStep({ text: source, line }, words));
    } catch (error) {
      if (!(error instanceof LineError)) throw error;
      problems.push({ line, column: error.column, message: error.message, source });
    }
  }
  return problems.length > 0 ? problems : steps;
}

function readTitle([, title, more]: readonly Token[], length: number): string {
  if (title?.type !== 'string' || title.bytes.length === 0)
    throw new LineError(title?.column ?? length + 1, 'a test has a name: test "boots to a shell"');
  if (more) throw new LineError(more.column, 'this is too much: test "NAME"');
  return Buffer.from(title.bytes).toString('utf8');
}

function checkedFile(folder: string, file: string, { column }: Token): string {
  try {
    return checkImage('change', resolve(folder, file));
  } catch (error) {
    if (error instanceof UsageError) throw new LineError(column, error.message);
    throw error;
  }
}

function readMachine(text: string, folder: string): GuestConfig {
  // Blanks in the place of backslashes and breaks keep the offsets.
  const words = shellWords(text.replaceAll(/\\\n/g, '  ').replaceAll('\n', ' '));
  const args = words[0].text === 'snowglobe' ? words.slice(1) : words;
  const start = words[0].column;
  const wrong = (message: string) => {
    // Messages begin with the option that they are about.
    const named = args.findLast(({ text }) => text !== '' && message.startsWith(text));
    return new LineError(named?.column ?? start, message);
  };
  try {
    const command = parseCommand(args.map((word) => word.text));
    if (command.kind !== 'run') throw wrong('the command line of a test starts a machine');
    const { options } = command;
    if (options.script.length > 0)
      throw wrong('--expect, --send and their like are lines of their own in a test: expect /…/');
    for (const [key, option, instead] of NOT_HERE)
      if (options[key]) throw wrong(`${option} is not for tests; ${instead}`);
    return guestConfig(optionsIn(folder, options));
  } catch (error) {
    if (error instanceof UsageError) throw wrong(error.message);
    throw error;
  }
}
