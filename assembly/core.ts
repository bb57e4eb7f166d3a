/** The Wasm exports that the cores of all guests have. All state lies in the memory that the creator passes in: see layout.ts. */
import { CPU_STATE, VCPU_BASE, VCPU_STRIDE } from './layout';
import {
  compileBatch,
  compileReport,
  compileCodeSize,
  compileCodeStart,
  compileDiscard,
  compileHeadSize,
  compileHeadStart,
  compileInstall,
} from './tb/compile';
import { regionEvictModule, regionModuleLive, regionsUsed } from './tb/region';
import { STATE_EPOCH, STATE_QUEUED } from './vcpu/state';
import { checkStart } from './vcpu/check';
import { vcpuRun, vcpuSleepMs, vcpuSlept } from './vcpu/run';

/** Linear address of a vCPU's state struct. */
export function stateOf(index: u32): usize {
  return VCPU_BASE + index * VCPU_STRIDE + CPU_STATE;
}

/** After a reset: runs every region in both tiers, and ends with RESULT_DIFFERENCE where they differ. */
export function check(index: u32): void {
  checkStart(stateOf(index));
}

/** After RESULT_DIFFERENCE: emits the region again, as for compile(), and writes its IR at CHECK_TEXT. Returns the text's length, 0 if it is gone. */
export function describeCheck(index: u32): u32 {
  return compileReport(stateOf(index));
}

/** Runs a vCPU for a few ms; returns RESULT_*. */
export function run(index: u32): u32 {
  return vcpuRun(stateOf(index));
}

/** After RESULT_HALT: how long to sleep, in ms. */
export function sleepMs(index: u32): f64 {
  return vcpuSleepMs(stateOf(index));
}

/** After the sleep: how long it was, in ms, and whether it ended by time-out. */
export function slept(index: u32, ms: f64, timedOut: bool): void {
  vcpuSlept(stateOf(index), ms, timedOut);
}

/** Hot blocks that wait for tier 1. */
export function queued(index: u32): u32 {
  return load<u32>(stateOf(index), STATE_QUEUED);
}

/** Emits a module of at most `most` regions for table slots from `base` on; returns its number of regions. */
export function compile(index: u32, base: u32, most: u32): u32 {
  return compileBatch(stateOf(index), base, most);
}

/** The module is two pieces of memory, to be put together. */
export function moduleHead(index: u32): u32 {
  return compileHeadStart(stateOf(index));
}

export function moduleHeadSize(index: u32): u32 {
  return compileHeadSize(stateOf(index));
}

export function moduleCode(index: u32): u32 {
  return compileCodeStart(stateOf(index));
}

export function moduleCodeSize(index: u32): u32 {
  return compileCodeSize(stateOf(index));
}

/** After the module was instantiated: lets the guest run its regions. */
export function install(index: u32, base: u32, module: u32): void {
  compileInstall(stateOf(index), base, module);
}

/** Instead of install: the module could not be made. */
export function discard(index: u32): void {
  compileDiscard(stateOf(index));
}

/** Regions of a module that are still reachable. */
export function moduleLive(index: u32, module: u32): u32 {
  return regionModuleLive(stateOf(index), module);
}

/** Region descriptors in use. */
export function regions(index: u32): u32 {
  return regionsUsed(stateOf(index));
}

/** Drops the regions of the coldest module and returns its number, or -1. */
export function evict(index: u32): i32 {
  return regionEvictModule(stateOf(index));
}

/** Begins a new epoch: what is entered from now on is warmer than what was entered before. */
export function nextEpoch(index: u32): void {
  store<u32>(stateOf(index), load<u32>(stateOf(index), STATE_EPOCH) + 1, STATE_EPOCH);
}

// What emitted modules import, in the order of backend/wasm-imports.ts.
export { regionLoad as A, regionStore as B, regionRmw as C, regionFault as D } from './backend/wasm-runtime';
export { regionFence as E } from './backend/wasm-runtime';
export { regionVectorLoad as S, regionVectorStore as T } from './backend/wasm-runtime';
export {
  mulhu as F,
  mulhs as G,
  mulhsu as H,
  divs64 as I,
  divu64 as J,
  rems64 as K,
  remu64 as L,
} from './backend/arith';
export {
  divs32 as M,
  divu32 as N,
  rems32 as O,
  remu32 as P,
  bswap64 as Q,
  orcb64 as R,
} from './backend/arith';
