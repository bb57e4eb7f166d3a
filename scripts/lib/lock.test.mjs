import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { removeLeftovers, withLock } from './lock.mjs';

let dir;
let deadProcess;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'lock-'));
  deadProcess = spawnSync(process.execPath, ['-e', '']).pid;
});
afterEach(() => rmSync(dir, { recursive: true }));

describe('the lock', () => {
  it('lets one in at a time, in order', async () => {
    const log = [];
    const work = (name) => async () => {
      log.push(`${name} in`);
      await new Promise((resolve) => setTimeout(resolve, 20));
      log.push(`${name} out`);
    };
    await Promise.all([withLock('x', work('a'), dir), withLock('x', work('b'), dir)]);
    expect(log).toEqual(['a in', 'a out', 'b in', 'b out']);
  });

  it('is released by a failure', async () => {
    const fail = async () => {
      throw new Error('no');
    };
    await expect(withLock('x', fail, dir)).rejects.toThrow('no');
    expect(existsSync(join(dir, 'x'))).toBe(false);
  });

  it('is taken over from a process that died', async () => {
    writeFileSync(join(dir, 'x'), String(deadProcess));
    expect(await withLock('x', async () => 'in', dir)).toBe('in');
  });
});

describe('leftovers', () => {
  it('go when their process is gone, and nothing else does', () => {
    const kept = ['core.wasm', 'site', `.${process.pid}.site`, `unpack-${process.pid}`];
    const gone = [`.${deadProcess}.site`, `unpack-${deadProcess}`, `image-${deadProcess}-old`];
    for (const name of [...kept, ...gone]) mkdirSync(join(dir, name));
    removeLeftovers(dir);
    expect(readdirSync(dir).sort()).toEqual(kept.sort());
  });
});
