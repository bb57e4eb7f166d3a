// Builds and instantiates the RISC-V frontend for its tests.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { withLock } from '../../../../scripts/lib/lock.mjs';
import {
  buildDir,
  hashFiles,
  isFresh,
  listFiles,
  markFresh,
  root,
} from '../../../../scripts/lib/project.mjs';

const PAGES = 64;
const NAME = 'riscv-frontend-test';
const TARGET = join(buildDir, `${NAME}.wasm`);

/** Folder of the frontend's sources. */
export const folder = join(root, 'assembly/guest/riscv');

function compile() {
  const hash = hashFiles(listFiles(['assembly'], (path) => path.endsWith('.ts')));
  if (isFresh(NAME, hash, [TARGET])) return;
  mkdirSync(buildDir, { recursive: true });
  const partial = join(buildDir, `.${process.pid}.${NAME}.wasm`);
  const options = ['--runtime', 'stub', '-O1', '--importMemory', '--sharedMemory', '--memoryBase', '4096'];
  options.push('--initialMemory', '1', '--maximumMemory', '65536', '--enable', 'threads,simd', '-o', partial);
  const asc = join(root, 'node_modules/assemblyscript/bin/asc.js');
  const args = [asc, 'assembly/guest/riscv/tests/entry.ts', ...options];
  execFileSync(process.execPath, args, { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] });
  renameSync(partial, TARGET);
  markFresh(NAME, hash);
}

/** Compiles tests/entry.ts if anything changed. @returns {Promise<{exports: any, memory: WebAssembly.Memory}>} */
export async function loadFrontend() {
  await withLock(NAME, compile);
  const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true });
  const env = { memory };
  const module = await WebAssembly.compile(readFileSync(TARGET));
  for (const { name, kind } of WebAssembly.Module.imports(module)) {
    if (kind !== 'function') continue;
    env[name] = () => {
      throw new Error(`the frontend called ${name}`);
    };
  }
  const { exports } = await WebAssembly.instantiate(module, { env });
  return { exports, memory };
}
