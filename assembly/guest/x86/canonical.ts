/**
 * Addresses of 64-bit code that are not canonical: #SS(0) for the stack, #GP(0) for everything else. SDM 3, 5.3.1. The page walk sees only the
 * address, so which of the two it is comes out at delivery, from the instruction.
 */
import { memLoad, STATUS_OK } from '../../softmmu/access';
import { raise } from '../../vcpu/exception';
import {
  STATE_EXCEPTION,
  STATE_FETCH_BUFFER,
  STATE_GUEST_INSN,
  STATE_LOADED,
  STATE_PC,
  STATE_TB_FLAGS,
} from '../../vcpu/state';
import * as X from './cpu';
import { x86Decode } from './decode';
import * as I from './insn';

/** Bit of STATE_EXCEPTION_VALUE of such a #GP, above the error code. */
const BY_ADDRESS: u64 = 0x100000000;
/** How far from RSP the accesses of PUSH, POP and their like lie at most. */
const STACK_REACH: u64 = 64;
/** It reads at RBP. */
const OPCODE_LEAVE: u32 = 0xc9;

/** Raises #GP(0), or what canonicalVector makes of it. */
export function raiseNotCanonical(cpu: usize, va: u64): void {
  store<u64>(cpu, va, X.X86_FAULT_ADDRESS);
  raise(cpu, X.EXC_GP, BY_ADDRESS);
}

/** Vector to deliver for a pending #GP with this value: #SS if the instruction at STATE_PC accessed its stack. */
export function canonicalVector(cpu: usize, value: u64): u32 {
  if ((value & BY_ADDRESS) == 0) return X.EXC_GP;
  const buffer = cpu + STATE_FETCH_BUFFER;
  const pc = load<u64>(cpu, STATE_PC);
  let available: u32 = 0;
  for (; available < I.INSN_LENGTH_MAX; available++) {
    if (memLoad(cpu, pc + available, 1, X.MMU_SUPERVISOR_NO_SMAP) != STATUS_OK) break;
    store<u8>(buffer + available, <u8>load<u64>(cpu, STATE_LOADED));
  }
  store<u64>(cpu, 0, STATE_EXCEPTION);
  const length = x86Decode(cpu, buffer, available, load<u32>(cpu, STATE_TB_FLAGS));
  if (length == 0 || length > I.INSN_LENGTH_MAX) return X.EXC_GP;
  const i = cpu + STATE_GUEST_INSN;
  const map = <u32>load<u8>(i, I.INSN_MAP);
  const opcode = <u32>load<u8>(i, I.INSN_OPCODE);
  if (map == 0 && opcode == OPCODE_LEAVE) return X.EXC_SS;
  const distance = load<u64>(cpu, X.X86_FAULT_ADDRESS) - load<u64>(cpu, X.RSP) + STACK_REACH;
  if (usesStack(map, opcode) && distance < 2 * STACK_REACH) return X.EXC_SS;
  return hasMemory(i) && load<u8>(i, I.INSN_SEGMENT) == X.SEG_SS ? X.EXC_SS : X.EXC_GP;
}

function hasMemory(i: usize): bool {
  for (let n: u32 = 0; n < load<u8>(i, I.INSN_OPERAND_COUNT); n++)
    if (load<u8>(I.insnOperand(i, n), I.OPERAND_KIND) == I.OPERAND_MEM) return true;
  return false;
}

/** PUSH, POP, PUSHF, POPF, CALL, RET, ENTER. */
function usesStack(map: u32, opcode: u32): bool {
  if (map == 1) return (opcode & 0xf6) == 0xa0;
  return (
    map == 0 &&
    ((opcode >= 0x50 && opcode < 0x60) ||
      opcode == 0x68 ||
      opcode == 0x6a ||
      opcode == 0x8f ||
      opcode == 0x9c ||
      opcode == 0x9d ||
      opcode == 0xc2 ||
      opcode == 0xc3 ||
      opcode == 0xc8 ||
      opcode == 0xe8 ||
      opcode == 0xff)
  );
}
