// Builds and instantiates the frontend of one architecture, alone, for its tests.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { withLock } from '../../../scripts/lib/lock.mjs';
import { buildDir, hashFiles, isFresh, listFiles, markFresh, root } from '../../../scripts/lib/project.mjs';

const PAGES = 64;

function compile(isa, name, target) {
  const hash = hashFiles(listFiles(['assembly'], (path) => path.endsWith('.ts')));
  if (isFresh(name, hash, [target])) return;
  mkdirSync(buildDir, { recursive: true });
  const partial = join(buildDir, `.${process.pid}.${name}.wasm`);
  const options = ['--runtime', 'stub', '-O1', '--importMemory', '--sharedMemory', '--memoryBase', '4096'];
  options.push('--initialMemory', '1', '--maximumMemory', '65536', '--enable', 'threads,simd', '-o', partial);
  const asc = join(root, 'node_modules/assemblyscript/bin/asc.js');
  const args = [asc, `assembly/guest/${isa}/tests/entry.ts`, ...options];
  execFileSync(process.execPath, args, { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] });
  renameSync(partial, target);
  markFresh(name, hash);
}

/**
 * Compiles tests/entry.ts of assembly/guest/`isa` if anything changed.
 * @param {string} isa @returns {Promise<{exports: any, memory: WebAssembly.Memory}>}
 */
export async function loadFrontend(isa) {
  const name = `${isa}-frontend-test`;
  const target = join(buildDir, `${name}.wasm`);
  await withLock(name, () => compile(isa, name, target));
  const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true });
  const env = { memory };
  const module = await WebAssembly.compile(readFileSync(target));
  for (const { name, kind } of WebAssembly.Module.imports(module)) {
    if (kind !== 'function') continue;
    env[name] = () => {
      throw new Error(`the frontend called ${name}`);
    };
  }
  const { exports } = await WebAssembly.instantiate(module, { env });
  return { exports, memory };
}
