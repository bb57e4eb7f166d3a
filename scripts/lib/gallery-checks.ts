/** The gallery as the repository has it, checked by the parsers that its page and its tests use. Not for plain Node: Vite, Vitest and Playwright load it. */
import { doorOptions } from '../../src/app/gallery/doors.ts';
import { chordCodes } from '../../src/cli/keys.ts';
import { parseStatements, type VmTestProblem, type VmTestStep } from '../../src/cli/vmtest/parse.ts';
import type { Action } from '../../src/cli/vmtest/steps.ts';
import { readGallery } from './gallery.mjs';

/** What a promise may consist of: a page can do it, and needs no file. */
const PROMISED: ReadonlySet<Action['do']> = new Set([
  ...(['expect', 'fail-on', 'send', 'screen-expect', 'screen-size', 'screen-changes'] as const),
  ...(['type', 'key', 'click', 'mouse-move', 'timeout', 'reset', 'expect-end'] as const),
]);
const PROVES = /^(expect|screen-)/;

/** A statement of a promise: one of a .vmtest file, or `try N`, a click on the N-th entry of what there is to try. */
export type PromiseStep = Omit<VmTestStep, 'action'> & { action: Action | { do: 'try'; entry: number } };

const TRY = /^[ \t]*try[ \t]+(\S+)[ \t]*$/;
/** All statements of promises, for messages. */
const KNOWN = ['try', ...PROMISED].join(', ');

/** Reads a promise: its steps, or what is wrong. */
export function parsePromise(text: string): PromiseStep[] | VmTestProblem[] {
  const lines = text.split(/\r?\n/);
  const tries: PromiseStep[] = lines.flatMap((line, index) => {
    const entry = TRY.exec(line)?.[1];
    if (entry === undefined) return [];
    const place = { line: index + 1, column: line.indexOf('try') + 1 };
    return [{ ...place, text: line.trim(), action: { do: 'try', entry: Number(entry) } }];
  });
  const steps = parseStatements(lines.map((line) => (TRY.test(line) ? '' : line)).join('\n'));
  if (steps.some((step) => 'message' in step)) return steps as VmTestProblem[];
  return [...(steps as VmTestStep[]), ...tries].sort((one, other) => one.line - other.line);
}

/** What is wrong with a promise, in lines. @param tries how many entries its door has to try */
export function promiseProblems(text: string, tries: number): string[] {
  const steps = parsePromise(text);
  const bad = steps.flatMap((step) => {
    const place = `${step.line}:${step.column}`;
    // Statements of .vmtest files that are none of promises are not offered.
    if ('message' in step) return [`${place}: ${step.message.replace(/(?<=; there is )test, .*/, KNOWN)}`];
    const { action } = step;
    if (action.do === 'try')
      return action.entry >= 1 && action.entry <= tries
        ? []
        : [
            `${place}: there is no entry ${step.text.slice(3).trim()} to try; they are numbered from 1 to ${tries}`,
          ];
    return PROMISED.has(action.do) ? [] : [`${place}: "${action.do}" is not for doors; there is ${KNOWN}`];
  });
  if (bad.length === 0 && !steps.some((step) => 'action' in step && PROVES.test(step.action.do)))
    return ['it promises nothing: write expect lines'];
  return bad;
}

/** What is wrong with a door's options, in lines. */
export function optionProblems(image: string, options: Record<string, string>): string[] {
  try {
    doorOptions(image, options);
    return [];
  } catch (error) {
    return [(error as Error).message];
  }
}

/** What is wrong with the names of keys, in lines. */
function keyProblems(keys: string): string[] {
  try {
    chordCodes(keys);
    return [];
  } catch (error) {
    return [`"try" has the keys ${(error as Error).message}`];
  }
}

interface GalleryImage {
  title: string;
  large?: boolean;
}

/** All doors of a folder, by default of the repository. @throws SetupError with everything that is wrong */
export const checkedGallery = (folder?: string, images?: Map<string, GalleryImage>) =>
  readGallery({ promise: promiseProblems, options: optionProblems, keys: keyProblems }, folder, images);
