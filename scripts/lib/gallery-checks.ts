/** The gallery as the repository has it, checked by the parsers that its page and its tests use. Not for plain Node: Vite, Vitest and Playwright load it. */
import { doorOptions } from '../../src/app/gallery/doors.ts';
import { chordCodes } from '../../src/cli/keys.ts';
import { parseStatements } from '../../src/cli/vmtest/parse.ts';
import type { Action } from '../../src/cli/vmtest/steps.ts';
import { readGallery } from './gallery.mjs';

/** What a promise may consist of: a page can do it, and needs no file. */
const PROMISED: ReadonlySet<Action['do']> = new Set([
  ...(['expect', 'fail-on', 'send', 'screen-expect', 'screen-size', 'screen-changes'] as const),
  ...(['type', 'key', 'click', 'mouse-move', 'timeout', 'reset', 'expect-end'] as const),
]);
const PROVES = /^(expect|screen-)/;

/** What is wrong with a promise, in lines. */
export function promiseProblems(text: string): string[] {
  const steps = parseStatements(text);
  const bad = steps.flatMap((step) => {
    const place = `${step.line}:${step.column}`;
    if ('message' in step) return [`${place}: ${step.message}`];
    return PROMISED.has(step.action.do)
      ? []
      : [`${place}: "${step.action.do}" is not for doors; there is ${[...PROMISED].join(', ')}`];
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
