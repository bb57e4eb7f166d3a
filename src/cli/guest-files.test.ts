import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { folderFiles } from './guest-files.ts';

it.runIf(process.platform === 'linux')('finds files whose names are no UTF-8', () => {
  const path = mkdtempSync(join(tmpdir(), 'snowglobe-names-'));
  const at = (name: string) => Buffer.concat([Buffer.from(`${path}/`), Buffer.from(name, 'latin1')]);
  mkdirSync(at('d\xfe'));
  for (const name of ['plain', 'x\xff', 'd\xfe/x\xfd', '\xef\xbb\xbfx']) writeFileSync(at(name), '');
  expect(folderFiles(path).sort()).toEqual(['d\udcfe/x\udcfd', 'plain', 'x\udcff', '\ufeffx']);
  rmSync(path, { recursive: true });
});
