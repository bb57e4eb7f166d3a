import { vi } from 'vitest';
import { runProgram } from '../../src/img/program.ts';

/** What a command left. */
export interface Outcome {
  status: number | null;
  out: string;
  err: string;
}

/** Runs a command of snowglobe-img in this process. */
export async function snowglobeImg(...args: string[]): Promise<Outcome> {
  const text = { out: '', err: '' };
  const out = vi.spyOn(process.stdout, 'write').mockImplementation((part) => {
    text.out += part;
    return true;
  });
  const err = vi.spyOn(process.stderr, 'write').mockImplementation((part) => {
    text.err += part;
    return true;
  });
  try {
    return { status: await runProgram(args), ...text };
  } finally {
    out.mockRestore();
    err.mockRestore();
  }
}
