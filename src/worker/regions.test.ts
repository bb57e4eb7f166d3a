import { afterEach, expect, it, vi } from 'vitest';
import { VCPU_BASE } from '../memory/layout.gen.ts';
import { type CompilerExports, RegionCompiler } from './regions.ts';

afterEach(() => vi.restoreAllMocks());

/** A core that emits the given bytes as its next module, and notes what becomes of it. */
function coreThatEmits(memory: WebAssembly.Memory, head: Uint8Array) {
  new Uint8Array(memory.buffer).set(head, 64);
  const calls: string[] = [];
  const core: CompilerExports = {
    table: new WebAssembly.Table({ element: 'anyfunc', initial: 1 }),
    queued: () => 1,
    compile: () => 1,
    moduleHead: () => 64,
    moduleHeadSize: () => head.length,
    moduleCode: () => 0,
    moduleCodeSize: () => 0,
    install: () => calls.push('install'),
    discard: () => calls.push('discard'),
    moduleLive: () => 0,
    regions: () => 0,
    evict: () => -1,
    nextEpoch: () => {},
  };
  return { core, calls };
}

const memory = () =>
  new WebAssembly.Memory({ initial: (VCPU_BASE >> 16) + 1, maximum: (VCPU_BASE >> 16) + 1, shared: true });

it('leaves code in tier 0 when the engine refuses its module', () => {
  const warning = vi.spyOn(console, 'warn').mockImplementation(() => {});
  const shared = memory();
  const { core, calls } = coreThatEmits(shared, new Uint8Array([0, 0x61, 0x73, 0x6d, 9, 9, 9, 9]));
  new RegionCompiler(core, shared, 0).compileWaiting();
  expect(calls).toEqual(['discard']);
  expect(warning).toHaveBeenCalledOnce();
});

it('installs a module that the engine takes', () => {
  const shared = memory();
  const { core, calls } = coreThatEmits(shared, new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]));
  new RegionCompiler(core, shared, 0).compileWaiting();
  expect(calls).toEqual(['install']);
});
