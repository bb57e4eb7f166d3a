/**
 * Tier 0: runs the IR. One loop, one switch; the meaning of each operation is stated in ir/ops.def.
 *
 * The function keeps the instruction budget, the running block and the operation pointer in locals, and leaves with a LEAVE_*
 * code after it has written STATE_PC and STATE_BUDGET. Guest memory is probed inline; misses go through slow.ts. What is around the
 * switch lies in operands.ts; the compiler inlines all of it.
 */
import * as O from '../ir/ops.gen';
import { OP_A, OP_B, OP_C, OP_CHAIN, OP_IMM, OP_SIZE } from '../ir/builder';
import { TLB_ADDEND, TLB_READ, TLB_WRITE } from '../softmmu/tlb';
import { BLOCK_CODE, BLOCK_INSNS } from '../tb/block';
import { JUMP_BLOCK, jumpCacheEntry, jumpCacheHas } from '../tb/jump-cache';
import * as S from '../vcpu/state';
import * as arith from './arith';
import { fence } from './atomic';
import { isHot, LEAVE_BUDGET, LEAVE_EXIT, LEAVE_LOOKUP, leaveHot, leaveInside, leaveTo } from './leave';
import {
  callHelper,
  callQuick,
  callVector,
  deposit,
  extract,
  imm,
  rb,
  rc,
  rv,
  sext32,
  tlbAt,
  wa,
  wv,
} from './operands';
import { slowLoad, slowRmw, slowStore, slowVectorLoad, slowVectorStore } from './slow';
import { vectorBinary, vectorShift, vectorShuffle, vectorTest, vectorUnary } from './vector';

/** Runs blocks from `block` on until there is a reason to leave. */
export function interpret(cpu: usize, block: usize): u32 {
  let budget = load<i64>(cpu, S.STATE_BUDGET) - load<u16>(block, BLOCK_INSNS);
  let op = block + BLOCK_CODE;
  while (true) {
    switch (<u32>load<u16>(op)) {
      case O.OP_MOV:
        wa(cpu, op, rb(cpu, op));
        break;
      case O.OP_MOVI:
        wa(cpu, op, imm(op));
        break;
      case O.OP_NOP:
        break;
      case O.OP_ADD:
        wa(cpu, op, rb(cpu, op) + rc(cpu, op));
        break;
      case O.OP_SUB:
        wa(cpu, op, rb(cpu, op) - rc(cpu, op));
        break;
      case O.OP_AND:
        wa(cpu, op, rb(cpu, op) & rc(cpu, op));
        break;
      case O.OP_OR:
        wa(cpu, op, rb(cpu, op) | rc(cpu, op));
        break;
      case O.OP_XOR:
        wa(cpu, op, rb(cpu, op) ^ rc(cpu, op));
        break;
      case O.OP_ANDN:
        wa(cpu, op, rb(cpu, op) & ~rc(cpu, op));
        break;
      case O.OP_ORN:
        wa(cpu, op, rb(cpu, op) | ~rc(cpu, op));
        break;
      case O.OP_XNOR:
        wa(cpu, op, ~(rb(cpu, op) ^ rc(cpu, op)));
        break;
      case O.OP_SHL:
        wa(cpu, op, rb(cpu, op) << rc(cpu, op));
        break;
      case O.OP_SHR:
        wa(cpu, op, rb(cpu, op) >> rc(cpu, op));
        break;
      case O.OP_SAR:
        wa(cpu, op, <u64>(<i64>rb(cpu, op) >> <i64>rc(cpu, op)));
        break;
      case O.OP_ROL:
        wa(cpu, op, rotl<u64>(rb(cpu, op), rc(cpu, op)));
        break;
      case O.OP_ROR:
        wa(cpu, op, rotr<u64>(rb(cpu, op), rc(cpu, op)));
        break;
      case O.OP_MUL:
        wa(cpu, op, rb(cpu, op) * rc(cpu, op));
        break;
      case O.OP_MULHU:
        wa(cpu, op, arith.mulhu(rb(cpu, op), rc(cpu, op)));
        break;
      case O.OP_MULHS:
        wa(cpu, op, arith.mulhs(rb(cpu, op), rc(cpu, op)));
        break;
      case O.OP_MULHSU:
        wa(cpu, op, arith.mulhsu(rb(cpu, op), rc(cpu, op)));
        break;
      case O.OP_DIVS:
        wa(cpu, op, arith.divs64(rb(cpu, op), rc(cpu, op)));
        break;
      case O.OP_DIVU:
        wa(cpu, op, arith.divu64(rb(cpu, op), rc(cpu, op)));
        break;
      case O.OP_REMS:
        wa(cpu, op, arith.rems64(rb(cpu, op), rc(cpu, op)));
        break;
      case O.OP_REMU:
        wa(cpu, op, arith.remu64(rb(cpu, op), rc(cpu, op)));
        break;
      case O.OP_LTS:
        wa(cpu, op, <u64>(<i64>rb(cpu, op) < <i64>rc(cpu, op)));
        break;
      case O.OP_LTU:
        wa(cpu, op, <u64>(rb(cpu, op) < rc(cpu, op)));
        break;
      case O.OP_MINS: {
        const b = rb(cpu, op);
        const c = rc(cpu, op);
        wa(cpu, op, <i64>b < <i64>c ? b : c);
        break;
      }
      case O.OP_MINU: {
        const b = rb(cpu, op);
        const c = rc(cpu, op);
        wa(cpu, op, <u64>b < <u64>c ? b : c);
        break;
      }
      case O.OP_MAXS: {
        const b = rb(cpu, op);
        const c = rc(cpu, op);
        wa(cpu, op, <i64>b > <i64>c ? b : c);
        break;
      }
      case O.OP_MAXU: {
        const b = rb(cpu, op);
        const c = rc(cpu, op);
        wa(cpu, op, <u64>b > <u64>c ? b : c);
        break;
      }
      case O.OP_SHADD:
        wa(cpu, op, (rb(cpu, op) << imm(op)) + rc(cpu, op));
        break;
      case O.OP_SHADDUW:
        wa(cpu, op, ((<u64>(<u32>rb(cpu, op))) << imm(op)) + rc(cpu, op));
        break;
      case O.OP_ADDI:
        wa(cpu, op, rb(cpu, op) + imm(op));
        break;
      case O.OP_ANDI:
        wa(cpu, op, rb(cpu, op) & imm(op));
        break;
      case O.OP_ORI:
        wa(cpu, op, rb(cpu, op) | imm(op));
        break;
      case O.OP_XORI:
        wa(cpu, op, rb(cpu, op) ^ imm(op));
        break;
      case O.OP_SHLI:
        wa(cpu, op, rb(cpu, op) << imm(op));
        break;
      case O.OP_SHRI:
        wa(cpu, op, rb(cpu, op) >> imm(op));
        break;
      case O.OP_SARI:
        wa(cpu, op, <u64>(<i64>rb(cpu, op) >> <i64>imm(op)));
        break;
      case O.OP_RORI:
        wa(cpu, op, rotr<u64>(rb(cpu, op), imm(op)));
        break;
      case O.OP_LTSI:
        wa(cpu, op, <u64>(<i64>rb(cpu, op) < <i64>imm(op)));
        break;
      case O.OP_LTUI:
        wa(cpu, op, <u64>(rb(cpu, op) < imm(op)));
        break;
      case O.OP_SHLIUW:
        wa(cpu, op, (<u64>(<u32>rb(cpu, op))) << imm(op));
        break;
      case O.OP_ADD_32:
        wa(cpu, op, sext32(rb(cpu, op) + rc(cpu, op)));
        break;
      case O.OP_SUB_32:
        wa(cpu, op, sext32(rb(cpu, op) - rc(cpu, op)));
        break;
      case O.OP_MUL_32:
        wa(cpu, op, sext32(rb(cpu, op) * rc(cpu, op)));
        break;
      case O.OP_SHL_32:
        wa(cpu, op, <u64>(<i64>((<i32>rb(cpu, op)) << (<i32>rc(cpu, op)))));
        break;
      case O.OP_SHR_32:
        wa(cpu, op, <u64>(<i64>(<i32>(<u32>rb(cpu, op) >> <u32>rc(cpu, op)))));
        break;
      case O.OP_SAR_32:
        wa(cpu, op, <u64>(<i64>(<i32>rb(cpu, op) >> <i32>rc(cpu, op))));
        break;
      case O.OP_ROL_32:
        wa(cpu, op, <u64>(<i64>(<i32>rotl<u32>(<u32>rb(cpu, op), <u32>rc(cpu, op)))));
        break;
      case O.OP_ROR_32:
        wa(cpu, op, <u64>(<i64>(<i32>rotr<u32>(<u32>rb(cpu, op), <u32>rc(cpu, op)))));
        break;
      case O.OP_DIVS_32:
        wa(cpu, op, arith.divs32(rb(cpu, op), rc(cpu, op)));
        break;
      case O.OP_DIVU_32:
        wa(cpu, op, arith.divu32(rb(cpu, op), rc(cpu, op)));
        break;
      case O.OP_REMS_32:
        wa(cpu, op, arith.rems32(rb(cpu, op), rc(cpu, op)));
        break;
      case O.OP_REMU_32:
        wa(cpu, op, arith.remu32(rb(cpu, op), rc(cpu, op)));
        break;
      case O.OP_ADDI_32:
        wa(cpu, op, sext32(rb(cpu, op) + imm(op)));
        break;
      case O.OP_SHLI_32:
        wa(cpu, op, <u64>(<i64>((<i32>rb(cpu, op)) << (<i32>imm(op)))));
        break;
      case O.OP_SHRI_32:
        wa(cpu, op, <u64>(<i64>(<i32>(<u32>rb(cpu, op) >> <u32>imm(op)))));
        break;
      case O.OP_SARI_32:
        wa(cpu, op, <u64>(<i64>(<i32>rb(cpu, op) >> <i32>imm(op))));
        break;
      case O.OP_RORI_32:
        wa(cpu, op, <u64>(<i64>(<i32>rotr<u32>(<u32>rb(cpu, op), <u32>imm(op)))));
        break;
      case O.OP_SEXT8:
        wa(cpu, op, <u64>(<i64>(<i8>rb(cpu, op))));
        break;
      case O.OP_SEXT16:
        wa(cpu, op, <u64>(<i64>(<i16>rb(cpu, op))));
        break;
      case O.OP_SEXT32:
        wa(cpu, op, sext32(rb(cpu, op)));
        break;
      case O.OP_ZEXT32:
        wa(cpu, op, <u64>(<u32>rb(cpu, op)));
        break;
      case O.OP_CLZ:
        wa(cpu, op, clz<u64>(rb(cpu, op)));
        break;
      case O.OP_CTZ:
        wa(cpu, op, ctz<u64>(rb(cpu, op)));
        break;
      case O.OP_POPCNT:
        wa(cpu, op, popcnt<u64>(rb(cpu, op)));
        break;
      case O.OP_CLZ_32:
        wa(cpu, op, <u64>clz<u32>(<u32>rb(cpu, op)));
        break;
      case O.OP_CTZ_32:
        wa(cpu, op, <u64>ctz<u32>(<u32>rb(cpu, op)));
        break;
      case O.OP_POPCNT_32:
        wa(cpu, op, <u64>popcnt<u32>(<u32>rb(cpu, op)));
        break;
      case O.OP_BSWAP:
        wa(cpu, op, arith.bswap64(rb(cpu, op)));
        break;
      case O.OP_ORCB:
        wa(cpu, op, arith.orcb64(rb(cpu, op)));
        break;
      case O.OP_LD8U: {
        const va = rb(cpu, op) + imm(op);
        const entry = tlbAt(cpu, op, va);
        if ((va & 0xfffffffffffff000) == load<u64>(entry, TLB_READ)) {
          wa(cpu, op, <u64>load<u8>(<usize>(<u32>va + load<u32>(entry, TLB_ADDEND))));
          break;
        }
        if (slowLoad(cpu, op, va, budget)) return leaveInside(cpu, block, op, budget);
        wa(cpu, op, load<u64>(cpu, S.STATE_LOADED));
        break;
      }
      case O.OP_LD8S: {
        const va = rb(cpu, op) + imm(op);
        const entry = tlbAt(cpu, op, va);
        if ((va & 0xfffffffffffff000) == load<u64>(entry, TLB_READ)) {
          wa(cpu, op, <u64>(<i64>load<i8>(<usize>(<u32>va + load<u32>(entry, TLB_ADDEND)))));
          break;
        }
        if (slowLoad(cpu, op, va, budget)) return leaveInside(cpu, block, op, budget);
        wa(cpu, op, load<u64>(cpu, S.STATE_LOADED));
        break;
      }
      case O.OP_LD16U: {
        const va = rb(cpu, op) + imm(op);
        const entry = tlbAt(cpu, op, va);
        if (((va + 1) & 0xfffffffffffff000) == load<u64>(entry, TLB_READ)) {
          wa(cpu, op, <u64>load<u16>(<usize>(<u32>va + load<u32>(entry, TLB_ADDEND))));
          break;
        }
        if (slowLoad(cpu, op, va, budget)) return leaveInside(cpu, block, op, budget);
        wa(cpu, op, load<u64>(cpu, S.STATE_LOADED));
        break;
      }
      case O.OP_LD16S: {
        const va = rb(cpu, op) + imm(op);
        const entry = tlbAt(cpu, op, va);
        if (((va + 1) & 0xfffffffffffff000) == load<u64>(entry, TLB_READ)) {
          wa(cpu, op, <u64>(<i64>load<i16>(<usize>(<u32>va + load<u32>(entry, TLB_ADDEND)))));
          break;
        }
        if (slowLoad(cpu, op, va, budget)) return leaveInside(cpu, block, op, budget);
        wa(cpu, op, load<u64>(cpu, S.STATE_LOADED));
        break;
      }
      case O.OP_LD32U: {
        const va = rb(cpu, op) + imm(op);
        const entry = tlbAt(cpu, op, va);
        if (((va + 3) & 0xfffffffffffff000) == load<u64>(entry, TLB_READ)) {
          wa(cpu, op, <u64>load<u32>(<usize>(<u32>va + load<u32>(entry, TLB_ADDEND))));
          break;
        }
        if (slowLoad(cpu, op, va, budget)) return leaveInside(cpu, block, op, budget);
        wa(cpu, op, load<u64>(cpu, S.STATE_LOADED));
        break;
      }
      case O.OP_LD32S: {
        const va = rb(cpu, op) + imm(op);
        const entry = tlbAt(cpu, op, va);
        if (((va + 3) & 0xfffffffffffff000) == load<u64>(entry, TLB_READ)) {
          wa(cpu, op, <u64>(<i64>load<i32>(<usize>(<u32>va + load<u32>(entry, TLB_ADDEND)))));
          break;
        }
        if (slowLoad(cpu, op, va, budget)) return leaveInside(cpu, block, op, budget);
        wa(cpu, op, load<u64>(cpu, S.STATE_LOADED));
        break;
      }
      case O.OP_LD64: {
        const va = rb(cpu, op) + imm(op);
        const entry = tlbAt(cpu, op, va);
        if (((va + 7) & 0xfffffffffffff000) == load<u64>(entry, TLB_READ)) {
          wa(cpu, op, load<u64>(<usize>(<u32>va + load<u32>(entry, TLB_ADDEND))));
          break;
        }
        if (slowLoad(cpu, op, va, budget)) return leaveInside(cpu, block, op, budget);
        wa(cpu, op, load<u64>(cpu, S.STATE_LOADED));
        break;
      }
      case O.OP_ST8: {
        const va = rb(cpu, op) + imm(op);
        const entry = tlbAt(cpu, op, va);
        const value = load<u64>(cpu + load<u16>(op, OP_A));
        if ((va & 0xfffffffffffff000) == load<u64>(entry, TLB_WRITE)) {
          store<u8>(<usize>(<u32>va + load<u32>(entry, TLB_ADDEND)), <u8>value);
          break;
        }
        if (slowStore(cpu, op, va, value, budget)) return leaveInside(cpu, block, op, budget);
        break;
      }
      case O.OP_ST16: {
        const va = rb(cpu, op) + imm(op);
        const entry = tlbAt(cpu, op, va);
        const value = load<u64>(cpu + load<u16>(op, OP_A));
        if (((va + 1) & 0xfffffffffffff000) == load<u64>(entry, TLB_WRITE)) {
          store<u16>(<usize>(<u32>va + load<u32>(entry, TLB_ADDEND)), <u16>value);
          break;
        }
        if (slowStore(cpu, op, va, value, budget)) return leaveInside(cpu, block, op, budget);
        break;
      }
      case O.OP_ST32: {
        const va = rb(cpu, op) + imm(op);
        const entry = tlbAt(cpu, op, va);
        const value = load<u64>(cpu + load<u16>(op, OP_A));
        if (((va + 3) & 0xfffffffffffff000) == load<u64>(entry, TLB_WRITE)) {
          store<u32>(<usize>(<u32>va + load<u32>(entry, TLB_ADDEND)), <u32>value);
          break;
        }
        if (slowStore(cpu, op, va, value, budget)) return leaveInside(cpu, block, op, budget);
        break;
      }
      case O.OP_ST64: {
        const va = rb(cpu, op) + imm(op);
        const entry = tlbAt(cpu, op, va);
        const value = load<u64>(cpu + load<u16>(op, OP_A));
        if (((va + 7) & 0xfffffffffffff000) == load<u64>(entry, TLB_WRITE)) {
          store<u64>(<usize>(<u32>va + load<u32>(entry, TLB_ADDEND)), <u64>value);
          break;
        }
        if (slowStore(cpu, op, va, value, budget)) return leaveInside(cpu, block, op, budget);
        break;
      }
      case O.OP_VLD128:
      case O.OP_VLD128A: {
        const va = rb(cpu, op) + imm(op);
        const entry = tlbAt(cpu, op, va);
        const tag = load<u16>(op) == O.OP_VLD128A ? va & 0xfffffffffffff00f : (va + 15) & 0xfffffffffffff000;
        if (tag == load<u64>(entry, TLB_READ)) {
          v128.store(wv(cpu, op), v128.load(<usize>(<u32>va + load<u32>(entry, TLB_ADDEND))));
          break;
        }
        if (slowVectorLoad(cpu, op, va, budget)) return leaveInside(cpu, block, op, budget);
        v128.store(wv(cpu, op), v128.load(cpu, S.STATE_VECTOR));
        break;
      }
      case O.OP_VST128:
      case O.OP_VST128A: {
        const va = rb(cpu, op) + imm(op);
        const entry = tlbAt(cpu, op, va);
        const tag = load<u16>(op) == O.OP_VST128A ? va & 0xfffffffffffff00f : (va + 15) & 0xfffffffffffff000;
        if (tag == load<u64>(entry, TLB_WRITE)) {
          v128.store(<usize>(<u32>va + load<u32>(entry, TLB_ADDEND)), v128.load(wv(cpu, op)));
          break;
        }
        v128.store(cpu, v128.load(wv(cpu, op)), S.STATE_VECTOR);
        if (slowVectorStore(cpu, op, va, budget)) return leaveInside(cpu, block, op, budget);
        break;
      }
      case O.OP_VMOV:
        v128.store(wv(cpu, op), v128.load(rv(cpu, op, OP_B)));
        break;
      case O.OP_VBIN:
        vectorBinary(<u32>imm(op), wv(cpu, op), rv(cpu, op, OP_B), rv(cpu, op, OP_C));
        break;
      case O.OP_VUN:
        vectorUnary(<u32>imm(op), wv(cpu, op), rv(cpu, op, OP_B));
        break;
      case O.OP_VSHIFT:
        vectorShift(<u32>imm(op), wv(cpu, op), rv(cpu, op, OP_B), <u32>rc(cpu, op));
        break;
      case O.OP_VTEST:
        wa(cpu, op, <u64>vectorTest(<u32>imm(op), rv(cpu, op, OP_B)));
        break;
      case O.OP_VGET64:
        wa(cpu, op, load<u64>(rv(cpu, op, OP_B) + ((<usize>imm(op)) << 3)));
        break;
      case O.OP_VSET64: {
        const value = rc(cpu, op);
        v128.store(wv(cpu, op), v128.load(rv(cpu, op, OP_B)));
        store<u64>(wv(cpu, op) + ((<usize>imm(op)) << 3), value);
        break;
      }
      case O.OP_VSHUF:
        vectorShuffle(imm(op), wv(cpu, op), rv(cpu, op, OP_B), rv(cpu, op, OP_C));
        break;
      case O.OP_ADDU_32:
        wa(cpu, op, <u32>(rb(cpu, op) + rc(cpu, op)));
        break;
      case O.OP_SUBU_32:
        wa(cpu, op, <u32>(rb(cpu, op) - rc(cpu, op)));
        break;
      case O.OP_MULU_32:
        wa(cpu, op, <u32>(rb(cpu, op) * rc(cpu, op)));
        break;
      case O.OP_SHLU_32:
        wa(cpu, op, (<u32>rb(cpu, op)) << (<u32>rc(cpu, op)));
        break;
      case O.OP_SHRU_32:
        wa(cpu, op, <u32>rb(cpu, op) >> <u32>rc(cpu, op));
        break;
      case O.OP_SARU_32:
        wa(cpu, op, <u32>(<i32>rb(cpu, op) >> <i32>rc(cpu, op)));
        break;
      case O.OP_ROLU_32:
        wa(cpu, op, rotl<u32>(<u32>rb(cpu, op), <u32>rc(cpu, op)));
        break;
      case O.OP_RORU_32:
        wa(cpu, op, rotr<u32>(<u32>rb(cpu, op), <u32>rc(cpu, op)));
        break;
      case O.OP_ADDIU_32:
        wa(cpu, op, <u32>(rb(cpu, op) + imm(op)));
        break;
      case O.OP_SHLIU_32:
        wa(cpu, op, (<u32>rb(cpu, op)) << (<u32>imm(op)));
        break;
      case O.OP_SHRIU_32:
        wa(cpu, op, <u32>rb(cpu, op) >> <u32>imm(op));
        break;
      case O.OP_SARIU_32:
        wa(cpu, op, <u32>(<i32>rb(cpu, op) >> <i32>imm(op)));
        break;
      case O.OP_RORIU_32:
        wa(cpu, op, rotr<u32>(<u32>rb(cpu, op), <u32>imm(op)));
        break;
      case O.OP_EQ:
        wa(cpu, op, <u64>(rb(cpu, op) == rc(cpu, op)));
        break;
      case O.OP_NE:
        wa(cpu, op, <u64>(rb(cpu, op) != rc(cpu, op)));
        break;
      case O.OP_EQI:
        wa(cpu, op, <u64>(rb(cpu, op) == imm(op)));
        break;
      case O.OP_NEI:
        wa(cpu, op, <u64>(rb(cpu, op) != imm(op)));
        break;
      case O.OP_SELECT:
        wa(cpu, op, rb(cpu, op) != 0 ? rc(cpu, op) : load<u64>(cpu + (<usize>(imm(op) >> 16) & 0xffff)));
        break;
      case O.OP_DEPOSIT:
        wa(cpu, op, deposit(rb(cpu, op), rc(cpu, op), <u32>imm(op)));
        break;
      case O.OP_EXTRACT:
        wa(cpu, op, extract(rb(cpu, op), <u32>imm(op)));
        break;
      case O.OP_RMW_32:
      case O.OP_RMW_64:
        if (slowRmw(cpu, op, rb(cpu, op), rc(cpu, op), budget)) return leaveInside(cpu, block, op, budget);
        wa(cpu, op, load<u64>(cpu, S.STATE_LOADED));
        break;
      case O.OP_FENCE:
        fence(cpu);
        break;
      case O.OP_CALL:
      case O.OP_CALLF:
      case O.OP_CALLP:
        wa(cpu, op, callHelper(cpu, op));
        break;
      case O.OP_CALLG:
      case O.OP_CALLX:
      case O.OP_CALLFX:
      case O.OP_CALLQ: {
        // Counter reads end their block, so the count at the block's end is exact for them.
        store<i64>(cpu, budget, S.STATE_BUDGET);
        const result = load<u16>(op) == O.OP_CALLQ ? callQuick(cpu, op) : callHelper(cpu, op);
        if (load<u64>(cpu, S.STATE_EXCEPTION) != 0) return leaveInside(cpu, block, op, budget);
        wa(cpu, op, result);
        if (load<u32>(cpu, S.STATE_LEAVE) != 0) return leaveInside(cpu, block, op, budget);
        break;
      }
      case O.OP_CALLFV:
        store<i64>(cpu, budget, S.STATE_BUDGET);
        callVector(cpu, op);
        if (load<u64>(cpu, S.STATE_EXCEPTION) != 0) return leaveInside(cpu, block, op, budget);
        v128.store(wv(cpu, op), v128.load(cpu, S.STATE_VECTOR_B));
        break;
      case O.OP_BEQ:
        if (rb(cpu, op) == rc(cpu, op)) op += load<u32>(op, OP_IMM) << 4;
        break;
      case O.OP_BNE:
        if (rb(cpu, op) != rc(cpu, op)) op += load<u32>(op, OP_IMM) << 4;
        break;
      case O.OP_BLTS:
        if (<i64>rb(cpu, op) < <i64>rc(cpu, op)) op += load<u32>(op, OP_IMM) << 4;
        break;
      case O.OP_BGES:
        if (<i64>rb(cpu, op) >= <i64>rc(cpu, op)) op += load<u32>(op, OP_IMM) << 4;
        break;
      case O.OP_BLTU:
        if (rb(cpu, op) < rc(cpu, op)) op += load<u32>(op, OP_IMM) << 4;
        break;
      case O.OP_BGEU:
        if (rb(cpu, op) >= rc(cpu, op)) op += load<u32>(op, OP_IMM) << 4;
        break;
      case O.OP_GOTO: {
        if (budget <= 0) return leaveTo(cpu, imm(op), budget, LEAVE_BUDGET);
        block = load<u32>(op, OP_CHAIN);
        if (block == 0) {
          store<u32>(cpu, <u32>op, S.STATE_CHAIN_FROM);
          return leaveTo(cpu, imm(op), budget, LEAVE_LOOKUP);
        }
        if (isHot(block)) return leaveHot(cpu, block, budget);
        budget -= load<u16>(block, BLOCK_INSNS);
        op = block + BLOCK_CODE;
        continue;
      }
      case O.OP_GOTOFAR: {
        const pc = imm(op);
        const entry = jumpCacheEntry(cpu, pc);
        if (budget <= 0 || !jumpCacheHas(cpu, entry, pc))
          return leaveTo(cpu, pc, budget, budget <= 0 ? LEAVE_BUDGET : LEAVE_LOOKUP);
        block = load<u32>(entry, JUMP_BLOCK);
        if (isHot(block)) return leaveHot(cpu, block, budget);
        budget -= load<u16>(block, BLOCK_INSNS);
        op = block + BLOCK_CODE;
        continue;
      }
      case O.OP_GOTOIND: {
        const pc = rb(cpu, op);
        const entry = jumpCacheEntry(cpu, pc);
        if (budget <= 0 || !jumpCacheHas(cpu, entry, pc))
          return leaveTo(cpu, pc, budget, budget <= 0 ? LEAVE_BUDGET : LEAVE_LOOKUP);
        // Where it went last: tb/graph.ts.
        store<u64>(op, pc, OP_IMM);
        block = load<u32>(entry, JUMP_BLOCK);
        if (isHot(block)) return leaveHot(cpu, block, budget);
        budget -= load<u16>(block, BLOCK_INSNS);
        op = block + BLOCK_CODE;
        continue;
      }
      case O.OP_EXIT: {
        const reason = <u32>load<u16>(op, OP_A);
        if (reason == S.EXIT_AGAIN) return leaveTo(cpu, imm(op), budget, LEAVE_LOOKUP);
        store<u32>(cpu, reason, S.STATE_EXIT_REASON);
        return leaveTo(cpu, imm(op), budget, LEAVE_EXIT);
      }
      default:
        unreachable();
    }
    op += OP_SIZE;
  }
}
