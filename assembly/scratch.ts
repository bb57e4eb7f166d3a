/**
 * Where tier 1's compiler keeps what: offsets from the vCPU area's base. Every part begins where the one before it ends, so that two cannot
 * overlap, and the build fails if they outgrow their area. What lies in a part is said where it is used. Sizes are multiples of 8.
 */
import { CPU_COMPILER, CPU_COMPILER_END, CPU_MODULE, CPU_MODULE_END } from './layout';

/** Nodes in a graph. A set of them is a u64. */
export const NODES_MAX: u32 = 64;
export const NODE_SIZE: u32 = 64;
/** Slots of 8 bytes that operations can name: at most the first 4 KiB of the vCPU state. */
export const SLOTS_MAX: u32 = 512;
/** Slots that passes know about, of which the first are registers of the guest. */
export const SLOT_COUNT: u32 = 128;
export const SLOT_GLOBALS: u32 = 64;

// ── Kept from one batch to the next: tb/compile.ts, tb/region.ts ────────────────────────────────────────────────
export const QUEUE_MAX: u32 = 1024;
export const QUEUE: u32 = CPU_COMPILER;
/** Regions in a batch. */
export const BATCH_MAX: u32 = 3072;
export const BATCH: u32 = QUEUE + QUEUE_MAX * 4;
/** Modules that can be alive at once. */
export const REGION_MODULES_MAX: u32 = 2048;
export const MODULE_LIVE: u32 = BATCH + BATCH_MAX * 4;
export const MODULE_USED: u32 = MODULE_LIVE + REGION_MODULES_MAX * 4;
export const REGIONS_USED: u32 = MODULE_USED + REGION_MODULES_MAX * 4;
export const WRITERS: u32 = REGIONS_USED + 8;
export const WRITERS_SIZE: u32 = 16;

// ── One batch: backend/wasm-hints.ts ────────────────────────────────────────────────────────────────────────────
export const HINT_CELLS: u32 = WRITERS + WRITERS_SIZE;
export const HINT_CELLS_SIZE: u32 = 24;

// ── One region: its graph (tb/graph.ts, tb/graph-dispatch.ts) ───────────────────────────────────────────────────
export const GRAPH_COUNT: u32 = HINT_CELLS + HINT_CELLS_SIZE;
export const GRAPH_ORDER: u32 = GRAPH_COUNT + 8;
export const GRAPH_NODES: u32 = GRAPH_ORDER + NODES_MAX * 4;
export const SUCCESSORS: u32 = GRAPH_NODES + NODES_MAX * NODE_SIZE;
export const PREDECESSORS: u32 = SUCCESSORS + NODES_MAX * 8;
export const EMPTY_BLOCK: u32 = PREDECESSORS + NODES_MAX * 8;
export const EMPTY_BLOCK_SIZE: u32 = 64;

// ── One region: the passes (ir/passes) ──────────────────────────────────────────────────────────────────────────
export const PASS_OPS: u32 = EMPTY_BLOCK + EMPTY_BLOCK_SIZE;
export const PASS_OPS_MAX: u32 = 6144;
export const PASS_OPS_END: u32 = PASS_OPS + PASS_OPS_MAX * 16;
export const PROBE_MARKS: u32 = PASS_OPS_END;
export const PROBE_MARKS_SIZE: u32 = PASS_OPS_MAX * 2;
export const PROBE_GROUPS_MAX: u32 = 256;
export const PROBE_GROUP_SIZE: u32 = 40;
export const PROBE_GROUPS: u32 = PROBE_MARKS + PROBE_MARKS_SIZE;
/** Locals for linear addresses: groups of accesses that are open at once. */
export const PROBE_LOCALS: u32 = 6;
export const PROBE_OPEN: u32 = PROBE_GROUPS + PROBE_GROUPS_MAX * PROBE_GROUP_SIZE;
export const PROBE_OPEN_SIZE: u32 = 16;
export const PROBE_CELLS: u32 = PROBE_OPEN + PROBE_LOCALS * PROBE_OPEN_SIZE;
export const FACT_SIZE: u32 = 16;
export const FACTS_SAVED: u32 = PROBE_CELLS + 16;
export const FACTS_SAVED_SIZE: u32 = (SLOT_GLOBALS + 1) * FACT_SIZE;
export const FACTS: u32 = FACTS_SAVED + NODES_MAX * FACTS_SAVED_SIZE;
export const FACT_SYSTEM: u32 = FACTS + SLOT_COUNT * FACT_SIZE;
export const FACTS_PENDING: u32 = FACT_SYSTEM + FACT_SIZE;
export const FOLD_FROM: u32 = FACTS_PENDING + SLOT_COUNT * 4;
export const DEAD_LIVE: u32 = FOLD_FROM + NODES_MAX * 4;
export const DEAD_CELLS: u32 = DEAD_LIVE + NODES_MAX * 8;

// ── The same: probes are shared when all folding is done, in its place ──────────────────────────────────────────
export const PROBE_DELTAS: u32 = FACTS_SAVED;
export const PROBE_VALUE_SIZE: u32 = 16;
export const PROBE_VALUES: u32 = PROBE_DELTAS + PASS_OPS_MAX * 2;
/** Registers whose values go on into the next node: the first ones. */
export const PROBE_PATH_SLOTS: u32 = 32;
export const PROBE_PATH_SIZE: u32 = PROBE_PATH_SLOTS * PROBE_VALUE_SIZE + PROBE_LOCALS * PROBE_OPEN_SIZE;
export const PROBE_PATHS: u32 = PROBE_VALUES + SLOT_COUNT * PROBE_VALUE_SIZE;
export const PROBE_BEFORE: u32 = PROBE_PATHS + NODES_MAX * PROBE_PATH_SIZE;
if (PROBE_BEFORE + NODES_MAX * 4 > FACTS) ERROR('What the probe pass keeps is more than the fold pass did.');

// ── One region: the emitter (backend/wasm-locals.ts, backend/wasm-region.ts) ────────────────────────────────────
export const LOCAL_NUMBERS: u32 = DEAD_CELLS + 16;
export const LOCALS_WRITTEN: u32 = LOCAL_NUMBERS + SLOTS_MAX;
export const LOCALS_VECTOR: u32 = LOCALS_WRITTEN + SLOTS_MAX;
export const LOCAL_COUNTS: u32 = LOCALS_VECTOR + SLOTS_MAX;
export const LOOP_LEVELS: u32 = LOCAL_COUNTS + 8;
export const BLOCK_LEVELS: u32 = LOOP_LEVELS + NODES_MAX * 4;
export const LABEL_DEPTH: u32 = BLOCK_LEVELS + NODES_MAX * 4;

const COMPILER_END: u32 = LABEL_DEPTH + 8;
if (COMPILER_END > CPU_COMPILER_END) ERROR('The parts of the compiler’s scratch outgrow it.');

// ── The module that is being emitted: branch hints, its head, the functions of its code section ─────────────────
export const MODULE_HINTS: u32 = CPU_MODULE;
export const MODULE_HINTS_SIZE: u32 = 0x40000;
export const MODULE_HEAD: u32 = MODULE_HINTS + MODULE_HINTS_SIZE;
/** The hints are copied into it; the rest is types, imports, and a few bytes for each function. */
export const MODULE_HEAD_SIZE: u32 = MODULE_HINTS_SIZE + 0x10000;
export const MODULE_CODE: u32 = MODULE_HEAD + MODULE_HEAD_SIZE;
/** No region's function is larger: a batch ends when there is no room for another such one. The largest instruction is x86's DPPS of memory, 1,300 bytes. */
export const REGION_BYTES_MAX: u32 = 0x80000;
if (MODULE_CODE + REGION_BYTES_MAX > CPU_MODULE_END)
  ERROR('There is no room for a region of the largest size.');
