/** Golden text: cases with a title, before and after. `UPDATE_GOLDEN=1` rewrites a golden file; a missing one fails. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { createPassTest, type PassTest } from './passes.ts';

/** Compares what `run` makes of each case's IR with the golden file of that name. */
export async function expectGolden(
  name: string,
  cases: readonly (readonly [string, string])[],
  run: (test: PassTest, source: string) => string,
): Promise<void> {
  const test = await createPassTest();
  const text = cases
    .map(([title, source]) => `## ${title}\n\n${test.run(source)}\nbecomes\n\n${run(test, source)}`)
    .join('\n');
  const path = fileURLToPath(new URL(`./fixtures/${name}.txt`, import.meta.url));
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(path, text);
  expect(existsSync(path), `${path} is missing`).toBe(true);
  expect(text).toBe(readFileSync(path, 'utf8'));
}
