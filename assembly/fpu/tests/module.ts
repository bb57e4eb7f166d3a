/** Builds and instantiates the module under test, and reads the fixtures of scripts/gen-fpu-fixtures.mjs. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** A raw value: binary64 and 64-bit integers as BigInt, all others as an unsigned number. */
export type Raw = number | bigint;
export type Operation = (...values: Raw[]) => Raw;

export interface FpuModule {
  operation(name: string): Operation;
  constant(name: string): number;
  /** The accrued flags, at `flagsAddress`. */
  flags: Uint32Array;
  flagsAddress: number;
}

/** Compiles tests/entry.ts into build/fpu-test.wasm. */
export function compileFpuModule(): WebAssembly.Module {
  mkdirSync(join(root, 'build'), { recursive: true });
  const work = mkdtempSync(join(root, 'build', 'fpu-test-'));
  const target = join(root, 'build', 'fpu-test.wasm');
  try {
    const asc = join(root, 'node_modules', 'assemblyscript', 'bin', 'asc.js');
    const output = join(work, 'fpu-test.wasm');
    const options = ['--runtime', 'stub', '-O3', '--initialMemory', '1', '-o', output];
    execFileSync(process.execPath, [asc, 'assembly/fpu/tests/entry.ts', ...options], { cwd: root });
    renameSync(output, target);
  } finally {
    rmSync(work, { recursive: true });
  }
  return new WebAssembly.Module(readFileSync(target));
}

/** Instantiates it on a host with the given fused multiply-add, which gives NaN where it cannot do it. */
export function loadFpuModule(
  module: WebAssembly.Module,
  fma: (x: number, y: number, z: number) => number,
): FpuModule {
  const { exports } = new WebAssembly.Instance(module, {
    env: {
      fma,
      abort: () => {
        throw new Error('abort');
      },
    },
  });
  const flagsAddress = 64;
  const memory = exports.memory as WebAssembly.Memory;
  return {
    operation: (name) => {
      const found = exports[name];
      if (typeof found !== 'function') throw new Error(`The module does not export ${name}`);
      return found as Operation;
    },
    constant: (name) => Number((exports[name] as WebAssembly.Global).value),
    flags: new Uint32Array(memory.buffer, flagsAddress, 1),
    flagsAddress,
  };
}

type Column = Uint32Array | BigUint64Array;

export interface Fixture {
  name: string;
  /** Whose NaN results and invalid integers these are. */
  policy: 'riscv' | 'x86';
  /** Argument list of the exported function, by name. */
  parameters: string[];
  exact?: number;
  /** Widths in bits. */
  operands: number[];
  result: number;
  count: number;
  columns: Column[];
  /** Per rounding mode the result and the flags of each case. */
  answers: { rm: number; results: Column; flags: Uint8Array }[];
}

/** The entries of fixtures/NAME.bin.gz; the generator describes the format. */
export function readFixtures(name: string): Fixture[] {
  const bytes = gunzipSync(readFileSync(new URL(`./fixtures/${name}.bin.gz`, import.meta.url)));
  let at = 0;
  const take = (length: number) => bytes.subarray(at, (at += length));
  const fixtures: Fixture[] = [];
  while (at < bytes.length) {
    const length = take(4).readUInt32LE();
    const { modes, ...header } = JSON.parse(take(length).toString());
    const column = (width: number) => joinPlanes(take((header.count * width) / 8), header.count, width);
    const columns = header.operands.map(column);
    let previous: Column | undefined;
    const answers = modes.map((rm: number) => {
      const results = column(header.result);
      if (previous) addInto(results, previous);
      previous = results;
      return { rm, results, flags: take(header.count) };
    });
    fixtures.push({ ...header, columns, answers });
  }
  return fixtures;
}

function joinPlanes(planes: Uint8Array, count: number, width: number): Column {
  const bytes = new Uint8Array(planes.length);
  const size = width / 8;
  for (let i = 0; i < count; i++) {
    for (let k = 0; k < size; k++) bytes[i * size + k] = planes[k * count + i]!;
  }
  return width === 64 ? new BigUint64Array(bytes.buffer) : new Uint32Array(bytes.buffer);
}

/** The typed arrays wrap around as the format says. */
function addInto(differences: Column, previous: Column): void {
  for (let i = 0; i < differences.length; i++) {
    (differences as BigUint64Array)[i]! += (previous as BigUint64Array)[i]!;
  }
}
