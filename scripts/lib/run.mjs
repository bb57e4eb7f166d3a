// Child processes: quiet while they succeed, everything they said when they fail.
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { SetupError } from './console.mjs';
import { root } from './project.mjs';

/** The full path of a program on PATH, or undefined. */
export function findProgram(...names) {
  for (const name of names) {
    for (const dir of (process.env.PATH ?? '').split(delimiter)) {
      const path = join(dir, name);
      try {
        accessSync(path, constants.X_OK);
        if (statSync(path).isFile()) return path;
      } catch {}
    }
  }
  return undefined;
}

/**
 * Runs a program to its end, never through a shell. `onLine` gets each line of stdout and stderr as it comes; `input` is its stdin.
 * Resolves to {status, stdout, stderr}; a program that cannot be started is status 127.
 */
export function run(program, args, { cwd = root, env, onLine, input } = {}) {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd,
      // What we catch is shown without colours, or not at all.
      env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined, ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    // Ctrl-C ends us too; locks and temporary folders of dead processes are cleared by the next run.
    const stop = (signal) => {
      child.kill(signal);
      process.exit(signal === 'SIGINT' ? 130 : 143);
    };
    process.once('SIGINT', stop);
    process.once('SIGTERM', stop);
    const streams = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr']) {
      let rest = '';
      child[name].setEncoding('utf8').on('data', (chunk) => {
        streams[name] += chunk;
        if (!onLine) return;
        const lines = (rest + chunk).split(/[\r\n]+/);
        rest = lines.pop();
        for (const line of lines) if (line) onLine(line);
      });
    }
    const done = (status) => {
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
      resolve({ status, ...streams });
    };
    child.on('error', (error) => {
      streams.stderr += error.message;
      done(127);
    });
    child.on('close', (status, signal) => done(status ?? (signal === 'SIGINT' ? 130 : 143)));
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}

/** Like `run`, but a status other than 0 is an error that carries the output. */
export async function runOrFail(what, program, args, options) {
  const result = await run(program, args, options);
  if (result.status !== 0) {
    const output = `${result.stdout}${result.stderr}`.trim();
    throw new SetupError(`${what} failed (status ${result.status}).\n${output}`);
  }
  return result;
}

/** Runs a script of this repository with the same Node. */
export const runNode = (what, script, args = [], options = {}) =>
  runOrFail(what, process.execPath, [join(root, script), ...args], options);

/** The program behind a package's command, to be run by Node: quicker than npx, which looks around first. */
export const binary = (path) => join(root, 'node_modules', path);

/** Whether the program runs at all, for example `dpkg-deb --version`. */
export const works = (program, ...args) => spawnSync(program, args, { stdio: 'ignore' }).status === 0;

/** Runs a program that speaks for itself on our terminal; resolves to its status. */
export function runVisibly(program, args, { cwd = root, env } = {}) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: 'inherit' });
    // Ctrl-C reaches the child by itself, a signal to us alone does not; either way we wait for its end.
    const forward = (signal) => child.kill(signal);
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, forward);
    const done = (status) => {
      for (const signal of ['SIGINT', 'SIGTERM']) process.off(signal, forward);
      resolve(status);
    };
    child.on('error', () => done(127));
    child.on('close', (status) => done(status ?? 143));
  });
}
