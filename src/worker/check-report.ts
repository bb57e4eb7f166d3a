/** What a stop of tier `check` says: what differs, the registers of both tiers, and the IR and the Wasm of the region. */
import * as L from '../memory/layout.gen.ts';
import { REGISTERS, STATE_PC } from './registers.ts';
import { wasmText } from './wasm-text.ts';

export interface CheckExports {
  stateOf(index: number): number;
  /** Emits the region again; the length of its IR's text at CHECK_TEXT, 0 if tier 1 does not take it any more. */
  describeCheck(index: number): number;
  moduleHead(index: number): number;
  moduleHeadSize(index: number): number;
  moduleCode(index: number): number;
  moduleCodeSize(index: number): number;
}

/** Fields of assembly/vcpu/state.ts. */
const STATE_EXCEPTION = 0x208;
const STATE_FFLAGS = 0x240;
const SYSTEM = 0x800;

const LEAVES = ['looks for the next block', 'end of the budget', 'exception', 'exit', 'hot block'];
const KINDS = ['', 'load', 'store', 'atomic', 'clock', 'interrupt lines', 'interrupt controller'];

const hex = (value: bigint): string => value.toString(16).padStart(16, '0');

/** Describes the difference that ended run() with RESULT_DIFFERENCE, as lines of text. */
export function describeDifference(
  core: CheckExports,
  buffer: ArrayBufferLike,
  index: number,
  arch: string,
): string {
  const view = new DataView(buffer);
  const area = L.VCPU_BASE + index * L.VCPU_STRIDE;
  const u32 = (field: number) => view.getUint32(area + field, true);
  const u64 = (field: number) => view.getBigUint64(area + field, true);
  const i64 = (field: number) => view.getBigInt64(area + field, true);
  const state = core.stateOf(index) - area;
  const block = u32(L.CHECK_BLOCK) - area;
  const alone = u32(L.CHECK_ALONE) !== 0;
  const lines = [
    `Tier check: the tiers differ after the region at pc ${hex(u64(block))}.`,
    `Tier 1 ran ${i64(L.CHECK_INSNS)} instructions${alone ? '' : ', maybe on into other regions'}: ${LEAVES[u32(L.CHECK_LEAVE_1)]}.`,
    `Tier 0 had ${i64(L.CHECK_LEFT)} of them left: ${LEAVES[u32(L.CHECK_LEAVE_0)]}.`,
    ...accesses(u32, u64),
    '                before            tier 0            tier 1',
  ];
  const row = (name: string, at: number) => {
    const values = [L.CHECK_BEFORE, state, L.CHECK_TIER1].map((base) => u64(base + at));
    const mark = values[1] === values[2] ? ' ' : '*';
    lines.push(`${mark} ${name.padEnd(12)}  ${values.map(hex).join('  ')}`);
    return mark === '*';
  };
  row('pc', STATE_PC);
  row('exception', STATE_EXCEPTION);
  row('fflags', STATE_FFLAGS);
  for (const { name, offset } of REGISTERS[arch].general) row(name, offset);
  for (let at = SYSTEM; at < L.CHECK_STATE_SIZE; at += 8) {
    if (u64(state + at) !== u64(L.CHECK_TIER1 + at)) row(`[0x${at.toString(16)}]`, at);
  }
  lines.push('', ...code(core, buffer, area, index));
  return lines.join('\n');
}

/** What is wrong with the accesses to memory, if something is. */
function accesses(u32: (field: number) => number, u64: (field: number) => bigint): string[] {
  const text = (kind: number, size: number, address: bigint, value: bigint) =>
    `${KINDS[kind]} of ${size} bytes at ${hex(address)}, value ${hex(value)}`;
  const end = u32(L.CHECK_LOG_END);
  const cursor = u32(L.CHECK_CURSOR);
  const isOdd = u32(L.CHECK_ODD) !== 0;
  if (cursor === end && !isOdd) return [];
  const base = L.VCPU_BASE + Math.floor((cursor - L.VCPU_BASE) / L.VCPU_STRIDE) * L.VCPU_STRIDE;
  const entry = cursor - base;
  const logged =
    cursor === end
      ? 'nothing more'
      : text(
          u32(entry + L.RECORD_KIND),
          u32(entry + L.RECORD_SIZE),
          u64(entry + L.RECORD_ADDRESS),
          u64(entry + L.RECORD_VALUE),
        );
  const odd = isOdd
    ? text(u32(L.CHECK_ODD), u32(L.CHECK_ODD_SIZE), u64(L.CHECK_ODD_ADDRESS), u64(L.CHECK_ODD_VALUE))
    : 'nothing more';
  return [`Where tier 1 made: ${logged}`, `tier 0 made:       ${odd}`];
}

/** IR and Wasm of the region as tier 1 compiles it now; its successors may have been others when it was compiled. */
function code(core: CheckExports, buffer: ArrayBufferLike, area: number, index: number): string[] {
  const length = core.describeCheck(index);
  if (length === 0) return ['Tier 1 does not take the region any more: there is no IR to show.'];
  const bytes = (from: number, size: number) => new Uint8Array(buffer).slice(from, from + size);
  const ir = new TextDecoder().decode(bytes(area + L.CHECK_TEXT, length));
  const head = bytes(core.moduleHead(index), core.moduleHeadSize(index));
  const body = bytes(core.moduleCode(index), core.moduleCodeSize(index));
  const module = new Uint8Array(head.length + body.length);
  module.set(head);
  module.set(body, head.length);
  return ['IR:', ir, 'Wasm:', ...wasmText(module).map((one) => one.text)];
}
