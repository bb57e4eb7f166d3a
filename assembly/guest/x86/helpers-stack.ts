/** Helper of ENTER with nesting levels. */
import * as X from './cpu';
import { stackMask } from './mode';
import { stackBegin, stackCommit, stackPointer, stackPush, stackRead, stackReserve } from './stack';
import { loaded } from './system-memory';

/** Where the immediate holds log2 of the operand's bytes; below it the level, 1 to 31. */
export const ENTER_SIZE_SHIFT: u32 = 8;

/** Helper (callg): b = bytes of the frame; immediate as above. A fault leaves RSP and RBP as they were. SDM 2, ENTER. */
export function helperEnter(cpu: usize, b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  const level = immediate & 0xff;
  const size = immediate >> ENTER_SIZE_SHIFT;
  const bytes: u32 = 1 << size;
  const bp = load<u64>(cpu, X.RBP);
  stackBegin(cpu);
  if (!stackPush(cpu, bp, bytes)) return 0;
  const frame = stackPointer(cpu) & stackMask(cpu);
  for (let n: u32 = 1; n < level; n++)
    if (!stackRead(cpu, bp - bytes * n, bytes) || !stackPush(cpu, loaded(cpu), bytes)) return 0;
  if (!stackPush(cpu, frame, bytes) || !stackReserve(cpu, <u32>b, bytes)) return 0;
  stackCommit(cpu);
  if (size == 1) store<u16>(cpu, <u16>frame, X.RBP);
  else store<u64>(cpu, size == 2 ? frame & 0xffffffff : frame, X.RBP);
  return 0;
}
