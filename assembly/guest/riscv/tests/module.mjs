// Builds and instantiates the RISC-V frontend for its tests.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const PAGES = 64;

/** Folder of the frontend's sources. */
export const folder = join(root, 'assembly/guest/riscv');

/** Compiles tests/entry.ts. @returns {{exports: any, memory: WebAssembly.Memory}} */
export function loadFrontend() {
  mkdirSync(join(root, 'build'), { recursive: true });
  const work = mkdtempSync(join(root, 'build', 'riscv-test-'));
  try {
    const output = join(work, 'frontend.wasm');
    const options = ['--runtime', 'stub', '-O1', '--importMemory', '--sharedMemory', '--memoryBase', '4096'];
    options.push(
      '--initialMemory',
      '1',
      '--maximumMemory',
      '65536',
      '--enable',
      'threads,simd',
      '-o',
      output,
    );
    const asc = join(root, 'node_modules/assemblyscript/bin/asc.js');
    execFileSync(process.execPath, [asc, 'assembly/guest/riscv/tests/entry.ts', ...options], {
      cwd: root,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true });
    const unused = (name) => () => {
      throw new Error(`the frontend called ${name}`);
    };
    const module = new WebAssembly.Module(readFileSync(output));
    const env = { memory };
    for (const { name, kind } of WebAssembly.Module.imports(module)) {
      if (kind === 'function') env[name] = unused(name);
    }
    return { exports: new WebAssembly.Instance(module, { env }).exports, memory };
  } finally {
    rmSync(work, { recursive: true });
  }
}
