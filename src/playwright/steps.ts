/** Steps of the report: what a test asks of a machine, at the line of the test that asks for it. */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'playwright/test';

export interface SourceLocation {
  file: string;
  /** From 1. */
  line: number;
  column: number;
}

const OWN_FOLDER = dirname(fileURLToPath(import.meta.url));
const FRAME = /\(?(?:file:\/\/)?(\/[^():]+|[A-Za-z]:[^():]+):(\d+):(\d+)\)?$/;

/** Where the code outside of this folder is that has called into it; undefined: there is none on the stack. */
function callerLocation(): SourceLocation | undefined {
  for (const line of new Error().stack?.split('\n').slice(1) ?? []) {
    const frame = FRAME.exec(line.trim());
    if (!frame || frame[1].startsWith(OWN_FOLDER) || frame[1].includes('/node_modules/playwright')) continue;
    return { file: frame[1], line: Number(frame[2]), column: Number(frame[3]) };
  }
  return undefined;
}

/** Makes a place all that a failure's stack shows: reports quote that line. */
function placed(error: unknown, { file, line, column }: SourceLocation): unknown {
  if (error instanceof Error)
    error.stack = `${error.name}: ${error.message}\n    at ${file}:${line}:${column}`;
  return error;
}

/** Runs `work` as a step of the running test; an error is shown where the step was asked for. Outside of a test it just runs. */
export function step<T>(
  title: string,
  work: () => Promise<T>,
  location: SourceLocation | undefined = callerLocation(),
): Promise<T> {
  try {
    test.info();
  } catch {
    return work();
  }
  if (!location) return test.step(title, work);
  const placing = () =>
    work().catch((error) => {
      throw placed(error, location);
    });
  return test.step(title, placing, { location });
}
