// Translation in cases of their own: MPRV, fences, satp, aliased pages, and what holds without a fence (Sv39).
import { DATA, HOLE, PAGE_VA, PageTables, probeSection, PTE, pteFor, READY, RWX } from './paging.mjs';
import { hex64 } from './program.mjs';
import { MSTATUS, overrideAmoCauses, SystemProgram, USER_ALIAS } from './system.mjs';

/** MPRV: loads and stores of M-mode translated and checked as MPP; fetches are not. */
export function modifyPrivilege(program) {
  const tables = new PageTables('sv39');
  const entryAddress = tables.map(PAGE_VA, DATA, 0, 0n);
  const rows = [];
  for (const user of [0n, PTE.U]) {
    for (const permission of [PTE.R, PTE.R | PTE.W, PTE.X]) {
      for (const status of [0n, MSTATUS.SUM, MSTATUS.MXR]) {
        for (const access of ['ld', 'sd']) {
          rows.push({
            entryAddress,
            entry: pteFor(DATA, READY | permission | user),
            mode: 'S',
            status,
            va: PAGE_VA + 8n,
            access,
            memory: DATA + 8n,
          });
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
        const code = (access) =>
          `  li t0, ${hex64((mpp << 11n) | MSTATUS.MPRV | sum)}\n  li t1, 0x1800\n  csrc mstatus, t1\n  li a1, ${hex64(mpp === 3n ? DATA : PAGE_VA)}\n  li a0, 0x77\n  csrs mstatus, t0\n  ${access}\n  li t0, 0x20000\n  csrc mstatus, t0`;
        for (const access of ['ld a0, 8(a1)', 'sd a0, 8(a1)', 'amoadd.d a0, a0, (a1)']) {
          program.trapCase(`MPRV, MPP ${mpp}, page ${user ? 'U' : 'S'}, SUM ${sum ? 1 : 0}: ${access}`, {
            pre: `  call data_fill\n  la a0, ${label}\n  call pt_load\n  li t0, ${hex64(cell.satp)}\n  csrw satp, t0\n  sfence.vma`,
            code: code(access),
          });
        }
      }
    }
  }
  const names = [...program.pending];
  overrideAmoCauses(program, program.trapSection('sv39: MPRV'), names);
}

/** sfence.vma, satp, global pages, remapping, table changes: what is seen after the fence. */
export function fences(program) {
  const load = (tables, label) => {
    tables.emit(program, label);
    return `  call data_fill\n  la a0, ${label}\n  call pt_load\n  li t0, ${hex64(tables.satp)}\n  csrw satp, t0\n  sfence.vma`;
  };
  const writePte = (address, pte) => `  li t0, ${hex64(address)}\n  li t1, ${hex64(pte)}\n  sd t1, 0(t0)`;
  const fill = `  li t0, ${hex64(DATA)}\n  li t1, 0x111\n  sd t1, 0(t0)\n  li t0, ${hex64(DATA + 0x1000n)}\n  li t1, 0x222\n  sd t1, 0(t0)`;
  for (const [kind, fence] of Object.entries({
    'sfence.vma': 'sfence.vma',
    'sfence.vma va': 'sfence.vma a1',
    'sfence.vma va, asid': 'sfence.vma a1, x0',
    'asid 0': 'li a3, 0\n  sfence.vma x0, a3',
    'va and asid 0': 'li a3, 0\n  sfence.vma a1, a3',
  })) {
    const n = program.label('fence');
    const tables = new PageTables('sv39');
    const address = tables.map(PAGE_VA, DATA, 0, READY | RWX);
    const pre = `${load(tables, n)}\n${fill}`;
    const access = `  li a1, ${hex64(PAGE_VA)}\n  ld a2, 0(a1)`;
    program.trapCase(`${kind}: remapped page`, {
      mode: 'S',
      paged: true,
      pre,
      code: `${access}\n${writePte(address, pteFor(DATA + 0x1000n, READY | RWX))}\n  ${fence}\n  ld a0, 0(a1)`,
    });
    program.trapCase(`${kind}: unmapped page`, {
      mode: 'S',
      paged: true,
      pre,
      code: `${access}\n${writePte(address, 0n)}\n  ${fence}\n  ld a0, 0(a1)`,
    });
    program.trapCase(`${kind}: write permission removed`, {
      mode: 'S',
      paged: true,
      pre,
      code: `${access}\n  sd a2, 0(a1)\n${writePte(address, pteFor(DATA, READY | PTE.R))}\n  ${fence}\n  sd a2, 0(a1)`,
    });
    program.trapCase(`${kind}: execute permission removed`, {
      mode: 'S',
      paged: true,
      pre: `${pre}\n  li t0, ${hex64(DATA)}\n  li t1, 0x00008067\n  sd t1, 0(t0)\n  fence.i`,
      code: `  li a1, ${hex64(PAGE_VA)}\n  jalr ra, 0(a1)\n  li a0, 1\n${writePte(address, pteFor(DATA, READY | PTE.R))}\n  ${fence}\n  jalr ra, 0(a1)`,
    });
    program.trapCase(`${kind}: A and D cleared are set again`, {
      mode: 'S',
      paged: true,
      pre,
      code: `${access}\n  sd a2, 0(a1)\n${writePte(address, pteFor(DATA, PTE.V | RWX))}\n  ${fence}\n  ld a2, 0(a1)\n  li t0, ${hex64(address)}\n  ld a0, 0(t0)\n  sd a2, 0(a1)\n  ld a2, 0(t0)`,
      post: SystemProgram.extra('a2'),
    });
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
  program.trapCase('satp from bare to sv39 to sv48 to bare, in S', {
    mode: 'S',
    pre,
    code: `${switchTo(one.satp)}\n  li a1, ${hex64(PAGE_VA)}\n  ld a0, 0(a1)\n${switchTo(two.satp)}\n  ld a2, 0(a1)\n${switchTo(0n)}\n  li a1, ${hex64(DATA + 0x1000n)}\n  ld a3, 0(a1)\n  slli a2, a2, 16\n  or a0, a0, a2\n  slli a3, a3, 32\n  or a0, a0, a3`,
  });
  program.trapCase('two ASIDs without a fence', {
    mode: 'S',
    pre,
    code: `${switchTo(one.satp | (1n << 44n))}\n  li a1, ${hex64(PAGE_VA)}\n  ld a0, 0(a1)\n  li t0, ${hex64(two.satp | (2n << 44n))}\n  csrw satp, t0\n  ld a2, 0(a1)\n  li t0, ${hex64(one.satp | (1n << 44n))}\n  csrw satp, t0\n  ld a3, 0(a1)\n  slli a2, a2, 16\n  or a0, a0, a2\n  slli a3, a3, 32\n  or a0, a0, a3`,
  });
  program.trapCase('M-mode ignores satp', {
    mode: 'M',
    pre,
    code: `${switchTo(one.satp)}\n  li a1, ${hex64(DATA)}\n  ld a0, 0(a1)`,
  });
  program.trapCase('U-mode through the alias', {
    mode: 'U',
    paged: true,
    pre: `${pre}\n${switchTo(one.satp)}`,
    code: '  auipc a0, 0',
  });
  program.trapCase('U-mode may not run S-mode pages', {
    mode: 'U',
    paged: true,
    pre: `${pre}\n${switchTo(one.satp)}`,
    code: '  li a0, 5\n  la a1, finish\n  li a2, 0x70000000\n  add a1, a1, a2\n  jr a1',
  });
  program.trapCase('S-mode may not run U-mode pages, even with SUM', {
    mode: 'S',
    status: MSTATUS.SUM,
    pre: `${pre}\n${switchTo(one.satp)}`,
    code: `  li a1, ${hex64(0x10000000n)}\n  jr a1`,
  });
  program.trapCase('a page fault delegated to S', {
    mode: 'U',
    paged: true,
    pre: `${pre}\n${switchTo(one.satp)}\n  li t0, 0xb000\n  csrw medeleg, t0`,
    code: '  li a0, 3\n  li a1, 0x30000123\n  sw a0, 0(a1)',
  });
  program.trapCase('a fetch page fault delegated to S', {
    mode: 'S',
    pre: `${pre}\n${switchTo(one.satp)}\n  li t0, 0xb000\n  csrw medeleg, t0`,
    code: '  li a1, 0x30000124\n  jr a1',
  });
  program.trapCase('a load page fault delegated to S, from S', {
    mode: 'S',
    pre: `${pre}\n${switchTo(one.satp)}\n  li t0, 0xb000\n  csrw medeleg, t0`,
    code: '  li a1, 0x30000125\n  ld a0, 0(a1)',
  });
  program.trapSection('fences, satp, delegation');
}

/** One physical page at two virtual addresses; instructions across two pages of which one is missing. */
export function aliases(program) {
  const n = program.label('alias');
  const tables = new PageTables('sv39');
  tables.map(PAGE_VA, DATA, 0, READY | RWX);
  tables.map(PAGE_VA + 0x5000n, DATA, 0, READY | RWX);
  const second = tables.map(PAGE_VA + 0x1000n, DATA + 0x4000n, 0, READY | RWX);
  tables.emit(program, n);
  const pre = `  call data_fill\n  la a0, ${n}\n  call pt_load\n  li t0, ${hex64(tables.satp)}\n  csrw satp, t0\n  sfence.vma`;
  program.trapCase('a store through one address is seen through the other', {
    mode: 'S',
    pre,
    code: `  li a1, ${hex64(PAGE_VA)}\n  li a2, ${hex64(PAGE_VA + 0x5000n)}\n  li a0, 0x1234\n  sd a0, 8(a1)\n  ld a0, 8(a2)\n  addi a0, a0, 1\n  sd a0, 8(a2)\n  ld a0, 8(a1)`,
  });
  // 0x02a00513 is li a0, 42; its halves go to both sides of the boundary. 0x8082 is ret.
  const split = `  li a1, ${hex64(PAGE_VA)}\n  li a2, 0x1000\n  add a2, a2, a1\n  li t0, 0x0513\n  sh t0, -2(a2)\n  li t0, 0x02a0\n  sh t0, 0(a2)\n  li t0, 0x8082\n  sh t0, 2(a2)\n  fence.i\n  addi a3, a2, -2`;
  program.trapCase('an instruction across two pages that are not adjacent in memory', {
    mode: 'S',
    pre,
    code: `${split}\n  jalr a3`,
  });
  program.trapCase('its second page is missing', {
    mode: 'S',
    pre,
    code: `${split}\n  li t0, ${hex64(second)}\n  sd x0, 0(t0)\n  sfence.vma\n  jalr a3`,
  });
  program.trapCase('its second page is remapped', {
    mode: 'S',
    pre,
    code: `${split}\n  jalr a3\n  mv a4, a0\n  li t0, ${hex64(DATA + 0x6000n)}\n  li t1, 0x808203a0\n  sw t1, 0(t0)\n  li t0, ${hex64(second)}\n  li t1, ${hex64(pteFor(DATA + 0x6000n, READY | RWX))}\n  sd t1, 0(t0)\n  sfence.vma\n  fence.i\n  jalr a3`,
  });
  program.trapCase('its second half is rewritten', {
    mode: 'S',
    pre,
    code: `${split}\n  jalr a3\n  li t0, 0x0630\n  sh t0, 0(a2)\n  fence.i\n  jalr a3`,
  });
  program.trapCase('its first half is rewritten', {
    mode: 'S',
    pre,
    code: `${split}\n  jalr a3\n  li t0, 0x0593\n  sh t0, -2(a2)\n  fence.i\n  li a0, 0\n  jalr a3\n  mv a0, a1`,
  });
  program.trapSection('aliases, instructions across pages');
}

/**
 * What holds without a fence: privilege, SUM, MXR and MPRV act on the next access; D is set by a store after a load; code
 * at the end of a page does not need the next one.
 */
export function withoutFence(program) {
  const build = (pages) => {
    const n = program.label('cached');
    const tables = new PageTables('sv39');
    const entries = pages.map(([offset, flags, page = 0n]) =>
      tables.map(PAGE_VA + offset, DATA + page, 0, flags),
    );
    tables.emit(program, n);
    return {
      entries,
      pre: `  call data_fill\n  la a0, ${n}\n  call pt_load\n  li t0, ${hex64(tables.satp)}\n  csrw satp, t0\n  sfence.vma`,
    };
  };
  const va = `  li a1, ${hex64(PAGE_VA)}`;
  const set = (bits) => `  li t0, ${hex64(bits)}\n  csrs sstatus, t0`;
  const clear = (bits) => `  li t0, ${hex64(bits)}\n  csrc sstatus, t0`;
  const user = build([[0n, READY | PTE.R | PTE.W | PTE.U]]);
  program.trapCase('SUM cleared after a load', {
    mode: 'S',
    pre: user.pre,
    status: MSTATUS.SUM,
    code: `${va}\n  ld a0, 8(a1)\n${clear(MSTATUS.SUM)}\n  ld a0, 0(a1)`,
  });
  program.trapCase('SUM cleared after a store', {
    mode: 'S',
    pre: user.pre,
    status: MSTATUS.SUM,
    code: `${va}\n  sd a0, 8(a1)\n${clear(MSTATUS.SUM)}\n  sd a0, 0(a1)`,
  });
  program.trapCase('SUM set, cleared and set', {
    mode: 'S',
    pre: user.pre,
    code: `${va}\n${set(MSTATUS.SUM)}\n  ld a0, 8(a1)\n${clear(MSTATUS.SUM)}\n${set(MSTATUS.SUM)}\n  ld a0, 0(a1)`,
  });
  const execute = build([[0n, READY | PTE.X]]);
  program.trapCase('MXR set, then cleared', {
    mode: 'S',
    pre: execute.pre,
    code: `${va}\n${set(MSTATUS.MXR)}\n  ld a0, 8(a1)\n${clear(MSTATUS.MXR)}\n  ld a0, 0(a1)`,
  });
  program.trapCase('MXR clear, then set', {
    mode: 'S',
    pre: execute.pre,
    code: `${va}\n  li a0, 1\n${set(MSTATUS.MXR)}\n  ld a0, 8(a1)\n  ld a0, 0(a1)`,
  });
  program.trapCase('a page that U read is denied to S', {
    mode: 'U',
    paged: true,
    pre: `${user.pre}\n  li t0, 0x100\n  csrw medeleg, t0\n  la t0, 8f\n  csrw stvec, t0`,
    code: `${va}\n  ld a0, 8(a1)\n  ecall\n  .balign 4\n8:\n  ld a0, 0(a1)`,
  });
  const supervisor = build([[0n, READY | RWX]]);
  program.trapCase('a page that S read is denied to U', {
    mode: 'S',
    pre: supervisor.pre,
    code: `${va}\n  ld a0, 8(a1)\n  la t0, 8f\n  li t1, ${hex64(USER_ALIAS - 0x80000000n)}\n  add t0, t0, t1\n  csrw sepc, t0\n  li t0, 0x100\n  csrc sstatus, t0\n  sret\n8:\n  ld a0, 0(a1)`,
  });
  const overHole = build([[HOLE - PAGE_VA, READY | RWX]]);
  program.trapCase('MPRV on and off', {
    pre: overHole.pre,
    code: `  li a1, ${hex64(HOLE)}\n  li t0, 0x1800\n  csrc mstatus, t0\n  li t0, 0x20800\n  csrs mstatus, t0\n  ld a0, 8(a1)\n  li t0, 0x20000\n  csrc mstatus, t0\n  ld a0, 8(a1)`,
  });
  const clean = build([[0n, PTE.V | RWX]]);
  const pte = (entry, register) => `  li t0, ${hex64(entry)}\n  ld ${register}, 0(t0)`;
  program.trapCase('a load sets A, the store after it sets D', {
    mode: 'S',
    pre: clean.pre,
    code: `${va}\n  ld a0, 8(a1)\n${pte(clean.entries[0], 'a0')}\n  sd a0, 8(a1)\n${pte(clean.entries[0], 'a2')}`,
    post: SystemProgram.extra('a2'),
  });
  program.trapCase('a fetch sets A, a store after it sets D', {
    mode: 'S',
    pre: `${clean.pre}\n  li t0, ${hex64(DATA)}\n  li t1, 0x8067\n  sd t1, 0(t0)\n  fence.i`,
    code: `${va}\n  jalr a1\n${pte(clean.entries[0], 'a0')}\n  sd a0, 8(a1)\n${pte(clean.entries[0], 'a2')}`,
    post: SystemProgram.extra('a2'),
  });
  const readOnly = build([[0n, READY | PTE.R]]);
  program.trapCase('a load, then a store to a read-only page', {
    mode: 'S',
    pre: readOnly.pre,
    code: `${va}\n  ld a0, 8(a1)\n  sd a0, 8(a1)`,
  });
  program.trapCase('a load, then a fetch from a page without X', {
    mode: 'S',
    pre: readOnly.pre,
    code: `${va}\n  ld a0, 8(a1)\n  jr a1`,
  });
  // The second page of this one is missing.
  const last = build([[0n, READY | RWX]]);
  const code = (halves) =>
    `  li t0, ${hex64(DATA + 0x1000n)}\n${halves.map((half, i) => `  li t1, ${half}\n  sh t1, ${(i - halves.length) * 2}(t0)`).join('\n')}\n  fence.i`;
  const jump = (bytes) => `  li a1, ${hex64(PAGE_VA + 0x1000n - BigInt(bytes))}\n  jalr a1`;
  program.trapCase('a compressed return in the last halfword of the last page', {
    mode: 'S',
    pre: `${last.pre}\n${code(['0x8082'])}`,
    code: `${jump(2)}\n  li a0, 5`,
  });
  program.trapCase('a 32-bit return in the last word of the last page', {
    mode: 'S',
    pre: `${last.pre}\n${code(['0x8067', '0x0000'])}`,
    code: `${jump(4)}\n  li a0, 6`,
  });
  program.trapCase('compressed instructions run off the last page', {
    mode: 'S',
    pre: `${last.pre}\n${code(['0x0505', '0x0505', '0x0505'])}`,
    code: `  li a0, 0\n${jump(6)}`,
  });
  program.trapCase('a long instruction hangs over the last page', {
    mode: 'S',
    pre: `${last.pre}\n${code(['0x0505', '0x0513'])}`,
    code: `  li a0, 0\n${jump(4)}`,
  });
  program.trapCase('a branch over the end of the last page is not taken', {
    mode: 'S',
    pre: `${last.pre}\n${code(['0xe111', '0x8082'])}`,
    code: `  li a0, 0\n${jump(4)}\n  li a0, 7`,
  });
  program.trapCase('a store in the last word faults in the page after it, then returns', {
    mode: 'S',
    pre: last.pre,
    code: `  li a1, ${hex64(PAGE_VA + 0x1000n)}\n  li a0, 9\n  sw a0, -4(a1)\n  sw a0, 0(a1)`,
  });
  const twice = build([
    [0n, READY | RWX],
    [0x5000n, READY | RWX],
  ]);
  program.trapCase('code rewritten through another address', {
    mode: 'S',
    pre: `${twice.pre}\n${code(['0x0515', '0x8082'])}`,
    code: `  li a0, 0\n${jump(4)}\n  li a2, ${hex64(PAGE_VA + 0x5ffcn)}\n  li t0, 0x0521\n  sh t0, 0(a2)\n  fence.i\n  jalr a1`,
  });
  const swap = build([
    [0n, READY | RWX],
    [0x1000n, READY | RWX, 0x1000n],
  ]);
  program.trapCase('two code pages swapped under their addresses', {
    mode: 'S',
    pre: `${swap.pre}\n${code(['0x0505', '0x8082'])}\n  li t0, ${hex64(DATA + 0x2000n)}\n  li t1, 0x80820541\n  sw t1, -4(t0)\n  fence.i`,
    code: `  li a0, 0\n  li a1, ${hex64(PAGE_VA + 0xffcn)}\n  li a2, ${hex64(PAGE_VA + 0x1ffcn)}\n  jalr a1\n  jalr a2\n  li t0, ${hex64(swap.entries[0])}\n  ld t1, 0(t0)\n  li a3, ${hex64(swap.entries[1])}\n  ld a4, 0(a3)\n  sd t1, 0(a3)\n  sd a4, 0(t0)\n  sfence.vma\n  slli a0, a0, 8\n  jalr a1\n  slli a0, a0, 8\n  jalr a2`,
  });
  program.trapSection('without a fence; the end of a page');
}
