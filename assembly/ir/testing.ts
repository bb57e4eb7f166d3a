/** What the tests of the passes call, through build/core.debug.wasm. */
import { graphBuild } from '../tb/graph';
import { regionAllocate, regionRelease } from '../tb/region';
import { passDead } from './passes/dead';
import { passFold } from './passes/fold';
import { passProbe, probesClear } from './passes/probe';
import { passCopy } from './passes/region';
import { irPrintRegion } from './print';

/** The letters of RISC-V's registers for print.ts. */
const RISCV: u32 = 0x6678;

/** Builds the region around a block and copies its operations. False if tier 1 does not take it. */
export function testRegion(cpu: usize, entry: usize): bool {
  probesClear(cpu);
  const region = regionAllocate(cpu);
  const built = graphBuild(cpu, entry, region) && passCopy(cpu);
  regionRelease(cpu, region);
  return built;
}

export function testFold(cpu: usize): void {
  passFold(cpu);
}

export function testDead(cpu: usize): u32 {
  return passDead(cpu);
}

export function testProbe(cpu: usize): void {
  passProbe(cpu);
}

/** Writes the region's text and returns its length in bytes. */
export function testPrint(cpu: usize, out: usize): u32 {
  return <u32>(irPrintRegion(out, cpu, RISCV) - out);
}
