import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeModulesAreFresh } from './node-modules.mjs';
import { root } from './project.mjs';

describe('the lock file', () => {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));

  // A registry mirror that lacks a platform's binary makes npm leave it out, and then `npm ci` fails everywhere.
  it('names the binaries of every platform', () => {
    const missing = Object.values(packages).flatMap(({ optionalDependencies = {} }) =>
      Object.keys(optionalDependencies).filter((name) => !packages[`node_modules/${name}`]),
    );
    expect(missing).toEqual([]);
  });

  it('names no registry', () => {
    expect(Object.values(packages).filter(({ resolved }) => resolved)).toEqual([]);
  });
});

describe('node_modules', () => {
  let dir;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'node-modules-'));
    mkdirSync(join(dir, 'node_modules'));
    put('package-lock.json', {
      '': {},
      'node_modules/a': { version: '1.0.0' },
      'node_modules/b': { version: '2.0.0', optional: true },
    });
  });
  afterEach(() => rmSync(dir, { recursive: true }));
  const put = (path, packages) => writeFileSync(join(dir, path), JSON.stringify({ packages }));
  const installed = 'node_modules/.package-lock.json';

  it('is stale when npm has not finished', () => {
    expect(nodeModulesAreFresh(dir)).toBe(false);
  });

  it('is fresh without the binaries of other platforms', () => {
    put(installed, { 'node_modules/a': { version: '1.0.0' } });
    expect(nodeModulesAreFresh(dir)).toBe(true);
  });

  it.each([
    ['a package is missing', {}],
    ['a package has another version', { 'node_modules/a': { version: '1.0.1' } }],
    [
      'an optional package has another version',
      { 'node_modules/a': { version: '1.0.0' }, 'node_modules/b': { version: '1.9.0' } },
    ],
  ])('is stale when %s', (_, packages) => {
    put(installed, packages);
    expect(nodeModulesAreFresh(dir)).toBe(false);
  });
});
