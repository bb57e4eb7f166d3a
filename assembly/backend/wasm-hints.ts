/**
 * Branch hints: which way an `if` or a `br_if` nearly always goes, in the custom section "metadata.code.branch_hint" (branch-hinting
 * proposal, https://github.com/WebAssembly/branch-hinting; in V8 since Chrome 137). V8 then keeps slow paths out of line and, which is
 * worth more, lets only them save and restore registers around their calls. Engines that do not know the section skip it.
 *
 * The section comes before the code, so the hints of a batch are written to a place of their own while its functions are, and copied later:
 * a vector of functions, each with its index and a vector of hints (u32 offset of the branch in the function's body, one byte 0 or 1).
 */
import * as L from '../layout';
import { HINT_CELLS, MODULE_HINTS, MODULE_HINTS_SIZE } from '../scratch';
import { patchSize, patchU, put, putU, reserveU } from './wasm-bytes';

/** u32 cells: writer of the hints, number of functions, the running function's first byte, its field of the number of hints, that number. */
const HINTS: u32 = HINT_CELLS;
const FUNCTIONS: u32 = HINT_CELLS + 4;
const BODY: u32 = HINT_CELLS + 8;
const FIELD: u32 = HINT_CELLS + 12;
const COUNT: u32 = HINT_CELLS + 16;

const START: u32 = MODULE_HINTS;
const END: u32 = MODULE_HINTS + MODULE_HINTS_SIZE;
const RESERVE: u32 = 0x1000;

/** "metadata.code.branch_hint" */
const NAME: usize = memory.data<u8>([
  0x6d, 0x65, 0x74, 0x61, 0x64, 0x61, 0x74, 0x61, 0x2e, 0x63, 0x6f, 0x64, 0x65, 0x2e, 0x62, 0x72, 0x61, 0x6e,
  0x63, 0x68, 0x5f, 0x68, 0x69, 0x6e, 0x74,
]);
const NAME_LENGTH: u32 = 25;

/** Begins a batch. */
export function hintsClear(cpu: usize): void {
  const area = cpu - L.CPU_STATE;
  store<u32>(area, <u32>area + START, HINTS);
  store<u32>(area, 0, FUNCTIONS);
}

/** Begins a function of that index, whose body's first byte will be written at `body`. Each function has an entry, be it empty. */
export function hintsBegin(cpu: usize, index: u32, body: u32): void {
  const area = cpu - L.CPU_STATE;
  const hints = area + HINTS;
  store<u32>(area, load<u32>(area, FUNCTIONS) + 1, FUNCTIONS);
  store<u32>(area, body, BODY);
  store<u32>(area, 0, COUNT);
  putU(hints, index);
  const field = reserveU(hints);
  store<u32>(area, <u32>field, FIELD);
  patchU(field, 0);
}

/** Puts the opcode of an `if` or `br_if` whose condition is nearly always true (`likely`) or nearly never. */
export function putHinted(cpu: usize, w: usize, opcode: u32, likely: bool): void {
  const area = cpu - L.CPU_STATE;
  const hints = area + HINTS;
  const at = load<u32>(w);
  put(w, opcode);
  // Room is kept for the entries of functions to come.
  if (load<u32>(hints) + RESERVE > <u32>area + END) return;
  putU(hints, at - load<u32>(area, BODY));
  put(hints, 1);
  put(hints, likely ? 1 : 0);
  const count = load<u32>(area, COUNT) + 1;
  store<u32>(area, count, COUNT);
  patchU(load<u32>(area, FIELD), count);
}

/** Writes the section. */
export function hintsPut(cpu: usize, w: usize): void {
  const area = cpu - L.CPU_STATE;
  put(w, 0);
  const section = reserveU(w);
  putU(w, NAME_LENGTH);
  for (let i: u32 = 0; i < NAME_LENGTH; i++) put(w, load<u8>(NAME + i));
  putU(w, load<u32>(area, FUNCTIONS));
  const bytes = load<u32>(area, HINTS) - <u32>area - START;
  memory.copy(load<u32>(w), area + START, bytes);
  store<u32>(w, load<u32>(w) + bytes);
  patchSize(w, section);
}
