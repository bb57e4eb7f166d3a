/** Debian's qemu-img (package qemu-utils), against which images are tested. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/** A folder of a test file, removed after its tests. */
export function workFolder(): (name: string) => string {
  const folder = mkdtempSync(join(tmpdir(), 'qemu-img-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return (name) => join(folder, name);
}

/** Runs qemu-img. @throws Error with its messages unless it ends with status 0 */
export function qemuImg(...args: string[]): string {
  return execFileSync('qemu-img', args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 64 << 20,
  });
}

/** Runs qemu-io's commands on an image. */
export function qemuIo(path: string, ...commands: string[]): string {
  const args = commands.flatMap((command) => ['-c', command]);
  const { stdout, stderr, status } = spawnSync('qemu-io', ['-f', 'qcow2', ...args, path], {
    encoding: 'utf8',
  });
  if (status !== 0 || /error|fail/i.test(stdout + stderr)) throw new Error(stdout + stderr);
  return stdout;
}

/** What `qemu-img check` says: its status, and its words. 0: nothing is wrong, 2: corruptions, 3: leaks. */
export function qemuCheck(path: string): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync('qemu-img', ['check', '-f', 'qcow2', path], {
    encoding: 'utf8',
  });
  return { status, output: stdout + stderr };
}

/** The disk's bytes as qemu-img reads them. */
export function qemuRead(path: string, options: string[] = []): Uint8Array {
  const raw = `${path}.raw`;
  qemuImg('convert', ...options, '-f', 'qcow2', '-O', 'raw', path, raw);
  const bytes = readFileSync(raw);
  rmSync(raw);
  return bytes;
}

export const save = (path: string, bytes: Uint8Array): string => {
  writeFileSync(path, bytes);
  return path;
};
