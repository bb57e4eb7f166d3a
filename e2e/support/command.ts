import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { repository } from './images.ts';

export interface CommandResult {
  /** Exit status; null if a signal ended it. */
  status: number | null;
  stdout: string;
  stderr: string;
}

export interface CommandOptions {
  env?: Record<string, string>;
  /** Written to stdin, which is then closed. Without it stdin stays open and empty. */
  input?: string;
  /** Called with the output so far; may send a signal. */
  onOutput?: (stdout: string, kill: (signal: NodeJS.Signals) => void) => void;
}

/** Runs the real `snowglobe` program of this repository. */
export function snowglobe(args: string[], options: CommandOptions = {}): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(repository, 'bin/snowglobe.js'), ...args], {
      env: { ...process.env, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const result = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      result.stdout += text;
      options.onOutput?.(result.stdout, (signal) => child.kill(signal));
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      result.stderr += text;
    });
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, ...result }));
    if (options.input !== undefined) child.stdin.end(options.input);
  });
}
