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
  /** Default: this process's. */
  cwd?: string;
  env?: Record<string, string>;
  /** Written to stdin, which is then closed. Without it stdin stays open and empty. */
  input?: string;
  /** Gives the program a terminal (through script, of util-linux), on which stdout and stderr come together. */
  terminal?: boolean;
  /** Called once the process is there. What it rejects with ends the process. */
  onStart?: (child: { pid: number; kill(signal: NodeJS.Signals): void }) => Promise<void>;
  /** Called with the output so far when there is more; may send a signal or type. */
  onOutput?: (
    stdout: string,
    child: { kill(signal: NodeJS.Signals): void; type(text: string): void },
    stderr: string,
  ) => void;
}

/** Runs the real `snowglobe` program of this repository. */
export function snowglobe(args: string[], options: CommandOptions = {}): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const program = [process.execPath, join(repository, 'bin/snowglobe.js'), ...args];
    const quoted = program.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
    const [file, ...rest] = options.terminal ? ['script', '-qec', quoted, '/dev/null'] : program;
    const child = spawn(file, rest, {
      env: { ...process.env, ...options.env },
      ...(options.cwd !== undefined && { cwd: options.cwd }),
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const result = { stdout: '', stderr: '' };
    const controls = {
      kill: (signal: NodeJS.Signals) => child.kill(signal),
      type: (keys: string) => child.stdin.write(keys),
    };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (text: string) => {
        result[stream] += text;
        options.onOutput?.(result.stdout, controls, result.stderr);
      });
    }
    child.on('error', reject);
    options.onStart?.({ pid: child.pid!, kill: (signal) => child.kill(signal) }).catch((error) => {
      child.kill('SIGTERM');
      reject(error);
    });
    child.on('close', (status) => resolve({ status, ...result }));
    if (options.input !== undefined) child.stdin.end(options.input);
  });
}
