// Address translation: permissions, levels, A/D updates, faults, accesses across pages, fences, satp.
import { MSTATUS, overrideAmoCauses, SystemProgram } from './system.mjs';
import { hex64 } from './program.mjs';
import { DATA, PageTables, PROBE_LABELS, PROBE_RUNNER, probeSection, PTE, pteFor, READY, RWX, SCHEMES } from './paging.mjs';

const PAGE_VA = 0x20000000n;
/** Nothing is mapped here on the virt board. */
const HOLE = 0x18000000n;
const LEVEL_SIZE = (level) => 1n << BigInt(12 + 9 * level);

/** Every permission combination, in S and U, with SUM and MXR, for load, store and fetch. */
function permissions(program, scheme) {
  const tables = new PageTables(scheme);
  const entryAddress = tables.map(PAGE_VA, DATA, 0, 0n);
  const rows = [];
  for (let bits = 0n; bits < 32n; bits += 1n) {
    const flags = (bits & 1n) * PTE.V | (bits >> 1n & 1n) * PTE.R | (bits >> 2n & 1n) * PTE.W | (bits >> 3n & 1n) * PTE.X | (bits >> 4n & 1n) * PTE.U;
    // V without R, W or X is a pointer to another table: its own cases.
    if (flags & PTE.V && !(flags & RWX)) continue;
    for (const mode of ['S', 'U']) {
      for (const status of [0n, MSTATUS.SUM, MSTATUS.MXR, MSTATUS.SUM | MSTATUS.MXR]) {
        if (!(flags & PTE.V) && status) continue;
        for (const access of ['ld', 'sd', 'jalr']) {
          rows.push({ entryAddress, entry: pteFor(DATA, flags | PTE.A | PTE.D), mode, status, va: PAGE_VA + (access === 'jalr' ? 0n : 8n), access, memory: DATA + 8n });
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
          rows.push({ entryAddress, entry: pteFor(DATA, PTE.V | permission | ad | user), mode, va: PAGE_VA + (access === 'jalr' ? 0n : 8n), access, memory: DATA + 8n });
        }
      }
    }
  }
  rows.push({ entryAddress, entry: pteFor(DATA, PTE.V | RWX | PTE.G | (3n << 8n)), mode: 'S', va: PAGE_VA, access: 'sd', memory: DATA });
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
      for (const access of ['ld', 'sd', 'lw']) rows.push({ entryAddress, entry: pteFor(base, flags), mode, va: inside, access, memory });
      rows.push({ entryAddress, entry: pteFor(base, flags), mode, va: va + (DATA - base), access: 'jalr' });
      rows.push({ entryAddress, entry: pteFor(base, flags & ~(PTE.A | PTE.D)), mode, va: inside, access: 'sd', memory });
      if (level > 0) {
        // A superpage whose low PPN bits are not zero.
        for (const access of ['ld', 'sd', 'jalr']) {
          rows.push({ entryAddress, entry: pteFor(base + LEVEL_SIZE(level - 1), flags), mode, va: inside, access });
          rows.push({ entryAddress, entry: pteFor(base + 4096n, flags), mode, va: inside, access });
        }
        // A pointer with A, D or U set is reserved.
        for (const bit of [PTE.A, PTE.D, PTE.U]) rows.push({ entryAddress, entry: pteFor(0x802f0000n, PTE.V | bit), mode, va: inside, access: 'ld' });
        // A table of zeroes; a table in a hole of the memory map.
        for (const access of ['ld', 'sd', 'jalr']) {
          rows.push({ entryAddress, entry: pteFor(0x80238000n, PTE.V), mode, va: inside, access });
          rows.push({ entryAddress, entry: pteFor(HOLE, PTE.V), mode, va: inside, access });
        }
      } else {
        // A pointer at the last level.
        for (const access of ['ld', 'sd', 'jalr']) rows.push({ entryAddress, entry: pteFor(DATA, PTE.V), mode, va: inside, access });
      }
      // Reserved: bits 60–54, PBMT and N without their extensions; W without R.
      for (const bit of [1n << 54n, 1n << 60n, 1n << 61n, 1n << 62n, 1n << 63n]) {
        for (const access of ['ld', 'sd']) rows.push({ entryAddress, entry: pteFor(base, flags) | bit, mode, va: inside, access });
      }
      rows.push({ entryAddress, entry: pteFor(base, flags & ~PTE.R), mode, va: inside, access: 'ld' });
      rows.push({ entryAddress, entry: pteFor(base, 0n), mode, va: inside, access: 'jalr' });
    }
    rows.push({ entryAddress, entry: 0n, mode: 'S', va: inside, access: 'ld' });
  }
  // A leaf whose page lies in a hole: access fault, at the virtual address.
  const hole = tables.map(0x21000000n, HOLE, 0, 0n);
  for (const access of ['ld', 'sd', 'jalr', 'lr.d']) rows.push({ entryAddress: hole, entry: pteFor(HOLE, READY | RWX), mode: 'S', va: 0x21000000n, access });
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
  const addresses = [high + 0x3000n, 1n << (bits - 1n), (1n << (bits - 1n)) + 0x3000n, 1n << bits, (1n << bits) + PAGE_VA, high - 0x1000n, high - 8n, (1n << 63n) + PAGE_VA, 0x7fffffffffffff00n, 0xfffffffffffffff8n, (high + 0x3000n) & ~(1n << 63n)];
  for (const va of addresses) for (const access of ['ld', 'sd', 'jalr', 'amoadd.d']) rows.push({ entryAddress, entry, mode: 'S', va, access });
  probeSection(program, `${scheme}: canonical and other addresses`, tables, rows);
}

/** Accesses across two pages, each present or not. */
function crossing(program, scheme) {
  const tables = new PageTables(scheme);
  const entryAddress = tables.map(PAGE_VA, DATA, 0, 0n);
  const secondAddress = tables.map(PAGE_VA + 0x1000n, DATA + 0x3000n, 0, 0n);
  const rows = [];
  const present = PTE.V | RWX;
  const cases = [[present, present], [present, 0n], [0n, present], [0n, 0n], [present | PTE.A | PTE.D, PTE.V | PTE.R | PTE.A], [PTE.V | PTE.R, present], [present, present | PTE.U]];
  for (const [first, second] of cases) {
    for (const [access, offset] of [['ld', 0xffcn], ['ld', 0xff9n], ['lw', 0xffen], ['lw', 0xffdn], ['lhu', 0xfffn], ['sd', 0xffcn], ['sd', 0xfffn], ['sw', 0xffdn], ['sh', 0xfffn], ['fld', 0xffan], ['fsd', 0xffan]]) {
      rows.push({ entryAddress, entry: pteFor(DATA, first), secondAddress, second: pteFor(DATA + 0x3000n, second), mode: 'S', va: PAGE_VA + offset, access, memory: DATA + 0x3000n });
      rows.push({ entryAddress, entry: pteFor(DATA, first), secondAddress, second: pteFor(DATA + 0x3000n, second), mode: 'S', va: PAGE_VA + offset, access, memory: DATA + 0xff8n });
    }
    // The data pages hold 32-bit instructions: a fetch at the last halfword needs both pages.
    rows.push({ entryAddress, entry: pteFor(DATA, first), secondAddress, second: pteFor(DATA + 0x3000n, second), mode: 'S', va: PAGE_VA + 0xff0n, access: 'jalr' });
  }
  probeSection(program, `${scheme}: accesses across pages`, tables, rows);
}

/** MPRV: loads and stores of M-mode translated and checked as MPP; fetches are not. */
function modifyPrivilege(program) {
  const tables = new PageTables('sv39');
  const entryAddress = tables.map(PAGE_VA, DATA, 0, 0n);
  const rows = [];
  for (const user of [0n, PTE.U]) {
    for (const permission of [PTE.R, PTE.R | PTE.W, PTE.X]) {
      for (const status of [0n, MSTATUS.SUM, MSTATUS.MXR]) {
        for (const access of ['ld', 'sd']) {
          rows.push({ entryAddress, entry: pteFor(DATA, READY | permission | user), mode: 'S', status, va: PAGE_VA + 8n, access, memory: DATA + 8n });
        }
      }
    }
  }
  probeSection(program, 'sv39: data accesses in S for comparison with MPRV', tables, rows);
  program.pending = [];
  for (const mpp of [0n, 1n, 3n]) {
    for (const user of [0n, PTE.U]) {
      for (const sum of [0n, MSTATUS.SUM]) {
        const label = `mprv_${mpp}_${user}_${sum}`;
        const cell = new PageTables('sv39');
        cell.map(PAGE_VA, DATA, 0, READY | PTE.R | PTE.W | user);
        cell.emit(program, label);
        const code = (access) => `  li t0, ${hex64((mpp << 11n) | MSTATUS.MPRV | sum)}\n  li t1, 0x1800\n  csrc mstatus, t1\n  li a1, ${hex64(mpp === 3n ? DATA : PAGE_VA)}\n  li a0, 0x77\n  csrs mstatus, t0\n  ${access}\n  li t0, 0x20000\n  csrc mstatus, t0`;
        for (const access of ['ld a0, 8(a1)', 'sd a0, 8(a1)', 'amoadd.d a0, a0, (a1)']) {
          program.trapCase(`MPRV, MPP ${mpp}, page ${user ? 'U' : 'S'}, SUM ${sum ? 1 : 0}: ${access}`, { pre: `  call data_fill\n  la a0, ${label}\n  call pt_load\n  li t0, ${hex64(cell.satp)}\n  csrw satp, t0\n  sfence.vma`, code: code(access) });
        }
      }
    }
  }
  const names = [...program.pending];
  overrideAmoCauses(program, program.trapSection('sv39: MPRV'), names);
}

/** sfence.vma, satp, global pages, remapping, table changes: what is seen after the fence. */
function fences(program) {
  const load = (tables, label) => {
    tables.emit(program, label);
    return `  call data_fill\n  la a0, ${label}\n  call pt_load\n  li t0, ${hex64(tables.satp)}\n  csrw satp, t0\n  sfence.vma`;
  };
  const writePte = (address, pte) => `  li t0, ${hex64(address)}\n  li t1, ${hex64(pte)}\n  sd t1, 0(t0)`;
  const fill = `  li t0, ${hex64(DATA)}\n  li t1, 0x111\n  sd t1, 0(t0)\n  li t0, ${hex64(DATA + 0x1000n)}\n  li t1, 0x222\n  sd t1, 0(t0)`;
  for (const [kind, fence] of Object.entries({ 'sfence.vma': 'sfence.vma', 'sfence.vma va': 'sfence.vma a1', 'sfence.vma va, asid': 'sfence.vma a1, x0', 'asid 0': 'li a3, 0\n  sfence.vma x0, a3', 'va and asid 0': 'li a3, 0\n  sfence.vma a1, a3' })) {
    const n = program.label('fence');
    const tables = new PageTables('sv39');
    const address = tables.map(PAGE_VA, DATA, 0, READY | RWX);
    const pre = `${load(tables, n)}\n${fill}`;
    const access = `  li a1, ${hex64(PAGE_VA)}\n  ld a2, 0(a1)`;
    program.trapCase(`${kind}: remapped page`, { mode: 'S', paged: true, pre, code: `${access}\n${writePte(address, pteFor(DATA + 0x1000n, READY | RWX))}\n  ${fence}\n  ld a0, 0(a1)` });
    program.trapCase(`${kind}: unmapped page`, { mode: 'S', paged: true, pre, code: `${access}\n${writePte(address, 0n)}\n  ${fence}\n  ld a0, 0(a1)` });
    program.trapCase(`${kind}: write permission removed`, { mode: 'S', paged: true, pre, code: `${access}\n  sd a2, 0(a1)\n${writePte(address, pteFor(DATA, READY | PTE.R))}\n  ${fence}\n  sd a2, 0(a1)` });
    program.trapCase(`${kind}: execute permission removed`, { mode: 'S', paged: true, pre: `${pre}\n  li t0, ${hex64(DATA)}\n  li t1, 0x00008067\n  sd t1, 0(t0)\n  fence.i`, code: `  li a1, ${hex64(PAGE_VA)}\n  jalr ra, 0(a1)\n  li a0, 1\n${writePte(address, pteFor(DATA, READY | PTE.R))}\n  ${fence}\n  jalr ra, 0(a1)` });
    program.trapCase(`${kind}: A and D cleared are set again`, { mode: 'S', paged: true, pre, code: `${access}\n  sd a2, 0(a1)\n${writePte(address, pteFor(DATA, PTE.V | RWX))}\n  ${fence}\n  ld a2, 0(a1)\n  li t0, ${hex64(address)}\n  ld a0, 0(t0)\n  sd a2, 0(a1)\n  ld a2, 0(t0)`, post: SystemProgram.extra('a2') });
  }
  const n = program.label('switch');
  const one = new PageTables('sv39');
  one.map(PAGE_VA, DATA, 0, READY | RWX);
  const two = new PageTables('sv48', one.next);
  two.map(PAGE_VA, DATA + 0x1000n, 0, READY | RWX);
  for (const [address, pte] of two.entries) one.entries.set(address, pte);
  one.emit(program, n);
  const pre = `  call data_fill\n  la a0, ${n}\n  call pt_load\n${fill}`;
  const switchTo = (satp) => `  li t0, ${hex64(satp)}\n  csrw satp, t0\n  sfence.vma`;
  program.trapCase('satp from bare to sv39 to sv48 to bare, in S', { mode: 'S', pre, code: `${switchTo(one.satp)}\n  li a1, ${hex64(PAGE_VA)}\n  ld a0, 0(a1)\n${switchTo(two.satp)}\n  ld a2, 0(a1)\n${switchTo(0n)}\n  li a1, ${hex64(DATA + 0x1000n)}\n  ld a3, 0(a1)\n  slli a2, a2, 16\n  or a0, a0, a2\n  slli a3, a3, 32\n  or a0, a0, a3` });
  program.trapCase('two ASIDs without a fence', { mode: 'S', pre, code: `${switchTo(one.satp | (1n << 44n))}\n  li a1, ${hex64(PAGE_VA)}\n  ld a0, 0(a1)\n  li t0, ${hex64(two.satp | (2n << 44n))}\n  csrw satp, t0\n  ld a2, 0(a1)\n  li t0, ${hex64(one.satp | (1n << 44n))}\n  csrw satp, t0\n  ld a3, 0(a1)\n  slli a2, a2, 16\n  or a0, a0, a2\n  slli a3, a3, 32\n  or a0, a0, a3` });
  program.trapCase('M-mode ignores satp', { mode: 'M', pre, code: `${switchTo(one.satp)}\n  li a1, ${hex64(DATA)}\n  ld a0, 0(a1)` });
  program.trapCase('U-mode through the alias', { mode: 'U', paged: true, pre: `${pre}\n${switchTo(one.satp)}`, code: '  auipc a0, 0' });
  program.trapCase('U-mode may not run S-mode pages', { mode: 'U', paged: true, pre: `${pre}\n${switchTo(one.satp)}`, code: '  li a0, 5\n  la a1, finish\n  li a2, 0x70000000\n  add a1, a1, a2\n  jr a1' });
  program.trapCase('S-mode may not run U-mode pages, even with SUM', { mode: 'S', status: MSTATUS.SUM, pre: `${pre}\n${switchTo(one.satp)}`, code: `  li a1, ${hex64(0x10000000n)}\n  jr a1` });
  program.trapCase('a page fault delegated to S', { mode: 'U', paged: true, pre: `${pre}\n${switchTo(one.satp)}\n  li t0, 0xb000\n  csrw medeleg, t0`, code: '  li a0, 3\n  li a1, 0x30000123\n  sw a0, 0(a1)' });
  program.trapCase('a fetch page fault delegated to S', { mode: 'S', pre: `${pre}\n${switchTo(one.satp)}\n  li t0, 0xb000\n  csrw medeleg, t0`, code: '  li a1, 0x30000124\n  jr a1' });
  program.trapCase('a load page fault delegated to S, from S', { mode: 'S', pre: `${pre}\n${switchTo(one.satp)}\n  li t0, 0xb000\n  csrw medeleg, t0`, code: '  li a1, 0x30000125\n  ld a0, 0(a1)' });
  program.trapSection('fences, satp, delegation');
}

/** One physical page at two virtual addresses; instructions across two pages of which one is missing. */
function aliases(program) {
  const n = program.label('alias');
  const tables = new PageTables('sv39');
  tables.map(PAGE_VA, DATA, 0, READY | RWX);
  tables.map(PAGE_VA + 0x5000n, DATA, 0, READY | RWX);
  const second = tables.map(PAGE_VA + 0x1000n, DATA + 0x4000n, 0, READY | RWX);
  tables.emit(program, n);
  const pre = `  call data_fill\n  la a0, ${n}\n  call pt_load\n  li t0, ${hex64(tables.satp)}\n  csrw satp, t0\n  sfence.vma`;
  program.trapCase('a store through one address is seen through the other', { mode: 'S', pre, code: `  li a1, ${hex64(PAGE_VA)}\n  li a2, ${hex64(PAGE_VA + 0x5000n)}\n  li a0, 0x1234\n  sd a0, 8(a1)\n  ld a0, 8(a2)\n  addi a0, a0, 1\n  sd a0, 8(a2)\n  ld a0, 8(a1)` });
  // 0x02a00513 is li a0, 42; its halves go to both sides of the boundary. 0x8082 is ret.
  const split = `  li a1, ${hex64(PAGE_VA)}\n  li a2, 0x1000\n  add a2, a2, a1\n  li t0, 0x0513\n  sh t0, -2(a2)\n  li t0, 0x02a0\n  sh t0, 0(a2)\n  li t0, 0x8082\n  sh t0, 2(a2)\n  fence.i\n  addi a3, a2, -2`;
  program.trapCase('an instruction across two pages that are not adjacent in memory', { mode: 'S', pre, code: `${split}\n  jalr a3` });
  program.trapCase('its second page is missing', { mode: 'S', pre, code: `${split}\n  li t0, ${hex64(second)}\n  sd x0, 0(t0)\n  sfence.vma\n  jalr a3` });
  program.trapCase('its second page is remapped', { mode: 'S', pre, code: `${split}\n  jalr a3\n  mv a4, a0\n  li t0, ${hex64(DATA + 0x6000n)}\n  li t1, 0x808203a0\n  sw t1, 0(t0)\n  li t0, ${hex64(second)}\n  li t1, ${hex64(pteFor(DATA + 0x6000n, READY | RWX))}\n  sd t1, 0(t0)\n  sfence.vma\n  fence.i\n  jalr a3` });
  program.trapCase('its second half is rewritten', { mode: 'S', pre, code: `${split}\n  jalr a3\n  li t0, 0x0630\n  sh t0, 0(a2)\n  fence.i\n  jalr a3` });
  program.trapCase('its first half is rewritten', { mode: 'S', pre, code: `${split}\n  jalr a3\n  li t0, 0x0593\n  sh t0, -2(a2)\n  fence.i\n  li a0, 0\n  jalr a3\n  mv a0, a1` });
  program.trapSection('aliases, instructions across pages');
}

export function mmu(scheme) {
  const program = new SystemProgram(`mmu-${scheme}`, 'QEMU 7.2, which updates A and D in memory; a denied AMO is cause 15 by the ' +
    'privileged specification 1.12 where QEMU says 13, and leaves the entry alone; a page table ' +
    'outside memory is an access fault where QEMU has a page fault.');
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
  }
  return program;
}

export const mmuSv39 = () => mmu('sv39');
export const mmuSv48 = () => mmu('sv48');
export const mmuSv57 = () => mmu('sv57');
