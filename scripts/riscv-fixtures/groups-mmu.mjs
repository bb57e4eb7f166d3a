// Address translation: permissions, levels, A/D updates, faults, accesses across pages.
import { aliases, fences, modifyPrivilege, withoutFence } from './groups-mmu-cases.mjs';
import {
  DATA,
  HOLE,
  PAGE_VA,
  PageTables,
  PROBE_LABELS,
  PROBE_RUNNER,
  probeSection,
  PTE,
  pteFor,
  READY,
  RWX,
  SCHEMES,
} from './paging.mjs';
import { MSTATUS, SystemProgram } from './system.mjs';

const LEVEL_SIZE = (level) => 1n << BigInt(12 + 9 * level);

/** Every permission combination, in S and U, with SUM and MXR, for load, store and fetch. */
function permissions(program, scheme) {
  const tables = new PageTables(scheme);
  const entryAddress = tables.map(PAGE_VA, DATA, 0, 0n);
  const rows = [];
  for (let bits = 0n; bits < 32n; bits += 1n) {
    const flags =
      ((bits & 1n) * PTE.V) |
      (((bits >> 1n) & 1n) * PTE.R) |
      (((bits >> 2n) & 1n) * PTE.W) |
      (((bits >> 3n) & 1n) * PTE.X) |
      (((bits >> 4n) & 1n) * PTE.U);
    // V without R, W or X is a pointer to another table: its own cases.
    if (flags & PTE.V && !(flags & RWX)) continue;
    for (const mode of ['S', 'U']) {
      for (const status of [0n, MSTATUS.SUM, MSTATUS.MXR, MSTATUS.SUM | MSTATUS.MXR]) {
        if (!(flags & PTE.V) && status) continue;
        for (const access of ['ld', 'sd', 'jalr']) {
          rows.push({
            entryAddress,
            entry: pteFor(DATA, flags | PTE.A | PTE.D),
            mode,
            status,
            va: PAGE_VA + (access === 'jalr' ? 0n : 8n),
            access,
            memory: DATA + 8n,
          });
        }
      }
    }
  }
  probeSection(program, `${scheme}: permission bits`, tables, rows);
}

function accessedDirty(program, scheme) {
  const tables = new PageTables(scheme);
  const entryAddress = tables.map(PAGE_VA, DATA, 0, 0n);
  const rows = [];
  for (const ad of [0n, PTE.A, PTE.D, PTE.A | PTE.D]) {
    for (const permission of [PTE.R, PTE.R | PTE.W, PTE.X, RWX]) {
      for (const access of ['ld', 'lb', 'sd', 'sb', 'jalr', 'amoadd.d', 'amoswap.w', 'lr.d', 'fld', 'fsd']) {
        for (const mode of ['S', 'U']) {
          const user = mode === 'U' ? PTE.U : 0n;
          rows.push({
            entryAddress,
            entry: pteFor(DATA, PTE.V | permission | ad | user),
            mode,
            va: PAGE_VA + (access === 'jalr' ? 0n : 8n),
            access,
            memory: DATA + 8n,
          });
        }
      }
    }
  }
  rows.push({
    entryAddress,
    entry: pteFor(DATA, PTE.V | RWX | PTE.G | (3n << 8n)),
    mode: 'S',
    va: PAGE_VA,
    access: 'sd',
    memory: DATA,
  });
  probeSection(program, `${scheme}: accessed and dirty bits`, tables, rows);
}

function levels(program, scheme) {
  const top = SCHEMES[scheme].levels - 1;
  const tables = new PageTables(scheme);
  const rows = [];
  for (let level = 0; level <= top; level += 1) {
    const size = LEVEL_SIZE(level);
    // Each level has its own part of the address space; 512 GB and larger leaves map physical address 0 on.
    const va = level < 3 ? [PAGE_VA, 0x20200000n, 0x40000000n][level] : size;
    const base = level < 2 ? (DATA / size) * size : level === 2 ? 0x80000000n : 0n;
    const entryAddress = tables.entryAddress(va, level);
    const memory = DATA + 8n;
    const inside = va + (memory - base);
    for (const mode of ['S', 'U']) {
      const flags = READY | RWX | (mode === 'U' ? PTE.U : 0n);
      for (const access of ['ld', 'sd', 'lw'])
        rows.push({ entryAddress, entry: pteFor(base, flags), mode, va: inside, access, memory });
      rows.push({ entryAddress, entry: pteFor(base, flags), mode, va: va + (DATA - base), access: 'jalr' });
      rows.push({
        entryAddress,
        entry: pteFor(base, flags & ~(PTE.A | PTE.D)),
        mode,
        va: inside,
        access: 'sd',
        memory,
      });
      if (level > 0) {
        // A superpage whose low PPN bits are not zero.
        for (const access of ['ld', 'sd', 'jalr']) {
          rows.push({
            entryAddress,
            entry: pteFor(base + LEVEL_SIZE(level - 1), flags),
            mode,
            va: inside,
            access,
          });
          rows.push({ entryAddress, entry: pteFor(base + 4096n, flags), mode, va: inside, access });
        }
        // A pointer with A, D or U set is reserved.
        for (const bit of [PTE.A, PTE.D, PTE.U])
          rows.push({
            entryAddress,
            entry: pteFor(0x802f0000n, PTE.V | bit),
            mode,
            va: inside,
            access: 'ld',
          });
        // A table of zeroes; a table in a hole of the memory map.
        for (const access of ['ld', 'sd', 'jalr']) {
          rows.push({ entryAddress, entry: pteFor(0x80238000n, PTE.V), mode, va: inside, access });
          rows.push({ entryAddress, entry: pteFor(HOLE, PTE.V), mode, va: inside, access });
        }
      } else {
        // A pointer at the last level.
        for (const access of ['ld', 'sd', 'jalr'])
          rows.push({ entryAddress, entry: pteFor(DATA, PTE.V), mode, va: inside, access });
      }
      // Reserved: bits 60–54, PBMT and N without their extensions; W without R.
      for (const bit of [1n << 54n, 1n << 60n, 1n << 61n, 1n << 62n, 1n << 63n]) {
        for (const access of ['ld', 'sd'])
          rows.push({ entryAddress, entry: pteFor(base, flags) | bit, mode, va: inside, access });
      }
      rows.push({ entryAddress, entry: pteFor(base, flags & ~PTE.R), mode, va: inside, access: 'ld' });
      rows.push({ entryAddress, entry: pteFor(base, 0n), mode, va: inside, access: 'jalr' });
    }
    rows.push({ entryAddress, entry: 0n, mode: 'S', va: inside, access: 'ld' });
  }
  // A leaf whose page lies in a hole: access fault, at the virtual address.
  const hole = tables.map(0x21000000n, HOLE, 0, 0n);
  for (const access of ['ld', 'sd', 'jalr', 'lr.d'])
    rows.push({ entryAddress: hole, entry: pteFor(HOLE, READY | RWX), mode: 'S', va: 0x21000000n, access });
  const first = probeSection(program, `${scheme}: leaves at every level, reserved encodings`, tables, rows);
  rows.forEach((row, i) => {
    // 1.12, address translation, step 2: a table that cannot be read is an access fault; QEMU 7.2 has a page fault.
    if (row.entry !== pteFor(HOLE, PTE.V)) return;
    program.override(first + i * PROBE_LABELS.length, (cause) => ({ 12: 1n, 13: 5n, 15: 7n })[cause]);
  });
}

function canonical(program, scheme) {
  const bits = BigInt(12 + 9 * SCHEMES[scheme].levels);
  const high = BigInt.asUintN(64, -(1n << (bits - 1n)));
  const tables = new PageTables(scheme);
  const entryAddress = tables.map(high + 0x3000n, DATA, 0, READY | RWX);
  const entry = pteFor(DATA, READY | RWX);
  const rows = [];
  const addresses = [
    high + 0x3000n,
    1n << (bits - 1n),
    (1n << (bits - 1n)) + 0x3000n,
    1n << bits,
    (1n << bits) + PAGE_VA,
    high - 0x1000n,
    high - 8n,
    (1n << 63n) + PAGE_VA,
    0x7fffffffffffff00n,
    0xfffffffffffffff8n,
    (high + 0x3000n) & ~(1n << 63n),
  ];
  for (const va of addresses)
    for (const access of ['ld', 'sd', 'jalr', 'amoadd.d'])
      rows.push({ entryAddress, entry, mode: 'S', va, access });
  probeSection(program, `${scheme}: canonical and other addresses`, tables, rows);
}

/** Accesses across two pages, each present or not. */
function crossing(program, scheme) {
  const tables = new PageTables(scheme);
  const entryAddress = tables.map(PAGE_VA, DATA, 0, 0n);
  const secondAddress = tables.map(PAGE_VA + 0x1000n, DATA + 0x3000n, 0, 0n);
  const rows = [];
  const present = PTE.V | RWX;
  const cases = [
    [present, present],
    [present, 0n],
    [0n, present],
    [0n, 0n],
    [present | PTE.A | PTE.D, PTE.V | PTE.R | PTE.A],
    [PTE.V | PTE.R, present],
    [present, present | PTE.U],
  ];
  for (const [first, second] of cases) {
    for (const [access, offset] of [
      ['ld', 0xffcn],
      ['ld', 0xff9n],
      ['lw', 0xffen],
      ['lw', 0xffdn],
      ['lhu', 0xfffn],
      ['sd', 0xffcn],
      ['sd', 0xfffn],
      ['sw', 0xffdn],
      ['sh', 0xfffn],
      ['fld', 0xffan],
      ['fsd', 0xffan],
    ]) {
      rows.push({
        entryAddress,
        entry: pteFor(DATA, first),
        secondAddress,
        second: pteFor(DATA + 0x3000n, second),
        mode: 'S',
        va: PAGE_VA + offset,
        access,
        memory: DATA + 0x3000n,
      });
      rows.push({
        entryAddress,
        entry: pteFor(DATA, first),
        secondAddress,
        second: pteFor(DATA + 0x3000n, second),
        mode: 'S',
        va: PAGE_VA + offset,
        access,
        memory: DATA + 0xff8n,
      });
    }
    // The data pages hold 32-bit instructions: a fetch at the last halfword needs both pages.
    rows.push({
      entryAddress,
      entry: pteFor(DATA, first),
      secondAddress,
      second: pteFor(DATA + 0x3000n, second),
      mode: 'S',
      va: PAGE_VA + 0xff0n,
      access: 'jalr',
    });
  }
  probeSection(program, `${scheme}: accesses across pages`, tables, rows);
}

export function mmu(scheme) {
  const program = new SystemProgram(
    `mmu-${scheme}`,
    'QEMU 7.2, which updates A and D in memory; a denied AMO is cause 15 by the ' +
      'privileged specification 1.12 where QEMU says 13, and leaves the entry alone; a page table ' +
      'outside memory is an access fault where QEMU has a page fault.',
  );
  program.sourceOptions.handler += PROBE_RUNNER;
  permissions(program, scheme);
  accessedDirty(program, scheme);
  levels(program, scheme);
  canonical(program, scheme);
  crossing(program, scheme);
  if (scheme === 'sv39') {
    modifyPrivilege(program);
    fences(program);
    aliases(program);
    withoutFence(program);
  }
  return program;
}

export const mmuSv39 = () => mmu('sv39');
export const mmuSv48 = () => mmu('sv48');
export const mmuSv57 = () => mmu('sv57');
