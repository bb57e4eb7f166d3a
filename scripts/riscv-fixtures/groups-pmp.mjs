// Physical memory protection: address matching, priority, permissions, locked entries, page walks.
import { hex64 } from './program.mjs';
import { DATA, PageTables, PROBE_RUNNER, READY, RWX } from './paging.mjs';
import { MSTATUS, SLOT_LABELS, SystemProgram } from './system.mjs';

const OFF = 0n;
const TOR = 1n;
const NA4 = 2n;
const NAPOT = 3n;
const [R, W, X, L] = [1n, 2n, 4n, 0x80n];

/** pmpaddr of a naturally aligned region of `size` bytes, 8 or more. */
const napot = (base, size) => (base >> 2n) | ((size >> 3n) - 1n);
const cfg = (matching, permissions) => (matching << 3n) | permissions;

/** Sets entries 0…; `entries` are [cfg, pmpaddr]. Entry 15 of the runtime lets everything else pass. */
function setEntries(entries) {
  const bytes = entries.reduce((word, [config], i) => word | (config << BigInt(8 * i)), 0n);
  const addresses = entries
    .map(([, address], i) => `  li t0, ${hex64(address)}\n  csrw pmpaddr${i}, t0`)
    .join('\n');
  return `  call data_fill\n${addresses}\n  li t0, ${hex64(bytes)}\n  csrw pmpcfg0, t0\n  sfence.vma`;
}

const DENY_REST = '  csrw pmpcfg2, x0\n  sfence.vma';
const at = (address, access) => `  li a1, ${hex64(address)}\n  li a0, 0x77\n  ${access}`;

function matching(program) {
  const page = DATA + 0x1000n;
  const shapes = {
    'NAPOT of a page': [[cfg(NAPOT, R), napot(page, 4096n)]],
    'NAPOT of 8 bytes': [[cfg(NAPOT, R), napot(page + 16n, 8n)]],
    'NAPOT of 64 bytes': [[cfg(NAPOT, R), napot(page + 64n, 64n)]],
    NA4: [[cfg(NA4, R), (page + 16n) >> 2n]],
    'TOR from entry 0': [
      [cfg(OFF, 0n), page >> 2n],
      [cfg(TOR, R), (page + 4096n) >> 2n],
    ],
    'TOR of 32 bytes': [
      [cfg(OFF, 0n), (page + 32n) >> 2n],
      [cfg(TOR, R), (page + 64n) >> 2n],
    ],
    'TOR with bottom above top matches nothing': [
      [cfg(OFF, 0n), (page + 64n) >> 2n],
      [cfg(TOR, 0n), page >> 2n],
    ],
    'the lower entry wins': [
      [cfg(NAPOT, R | W | X), napot(page, 64n)],
      [cfg(NAPOT, 0n), napot(page, 4096n)],
    ],
    'the lower entry denies': [
      [cfg(NAPOT, 0n), napot(page, 64n)],
      [cfg(NAPOT, R | W | X), napot(page, 4096n)],
    ],
  };
  for (const [name, entries] of Object.entries(shapes)) {
    for (const mode of ['S', 'U', 'M']) {
      for (const offset of [0n, 12n, 16n, 20n, 24n, 32n, 60n, 64n, 72n, 120n, 128n, 0xff8n, 0x1000n, -8n]) {
        for (const access of ['lw a0, 0(a1)', 'sw a0, 0(a1)']) {
          program.trapCase(`${name}, ${mode}: ${access} at ${offset}`, {
            mode,
            pre: setEntries(entries),
            code: at(page + offset, access),
          });
        }
      }
      for (const offset of [12n, 16n, 20n, 28n, 60n]) {
        program.trapCase(`${name}, ${mode}: ld across at ${offset}`, {
          mode,
          pre: setEntries(entries),
          code: at(page + (offset & ~7n), 'ld a0, 0(a1)'),
        });
      }
    }
  }
  program.trapSection('matching: NAPOT, NA4, TOR, priority, partial overlap');
  for (let bits = 0n; bits < 8n; bits += 1n) {
    if ((bits & 3n) === W) continue;
    for (const mode of ['S', 'U', 'M']) {
      const pre = setEntries([[cfg(NAPOT, bits), napot(page, 4096n)]]);
      for (const access of [
        'ld a0, 0(a1)',
        'sd a0, 0(a1)',
        'jalr a0, 0(a1)',
        'fld fa0, 8(a1)',
        'lr.d a0, (a1)',
        'c.ld a0, 0(a1)',
      ]) {
        const text = access.startsWith('c.')
          ? `.option push\n  .option rvc\n  ${access}\n  .option pop\n  .balign 4`
          : access;
        program.trapCase(`permissions ${bits}, ${mode}: ${access}`, { mode, pre, code: at(page, text) });
      }
    }
  }
  program.trapSection('permissions');
}

function defaults(program) {
  for (const mode of ['S', 'U']) {
    // The program itself stays executable, nothing else matches.
    const pre = `${setEntries([[cfg(NAPOT, R | W | X), napot(0x80000000n, 0x200000n)]])}\n${DENY_REST}`;
    for (const access of ['ld a0, 0(a1)', 'sd a0, 0(a1)', 'jalr a0, 0(a1)']) {
      program.trapCase(`no entry matches, ${mode}: ${access}`, { mode, pre, code: at(DATA, access) });
      program.trapCase(`no entry matches, MPRV ${mode}: ${access}`, {
        pre,
        code: `  li a1, ${hex64(DATA)}\n  li t1, 0x1800\n  csrc mstatus, t1\n  li t0, ${hex64((mode === 'S' ? 0x800n : 0n) | MSTATUS.MPRV)}\n  csrs mstatus, t0\n  ${access}\n  li t0, 0x20000\n  csrc mstatus, t0`,
      });
    }
  }
  program.trapCase('no entry matches, M: all pass', {
    pre: DENY_REST,
    code: at(DATA, 'ld a0, 8(a1)'),
  });
  const tables = new PageTables('sv39');
  const va = 0x20000000n;
  const leaf = tables.map(va, DATA, 0, READY | RWX);
  tables.emit(program, 'pmp_tables');
  const paged = (entries) =>
    `${setEntries(entries)}\n  la a0, pmp_tables\n  call pt_load\n  li t0, ${hex64(tables.satp)}\n  csrw satp, t0\n  sfence.vma`;
  for (const access of ['ld a0, 0(a1)', 'sd a0, 0(a1)', 'jalr a0, 0(a1)']) {
    program.trapCase(`the page table is out of reach: ${access}`, {
      mode: 'S',
      pre: paged([[cfg(NAPOT, 0n), napot(leaf & ~4095n, 4096n)]]),
      code: at(va, access),
    });
    program.trapCase(`the page itself is out of reach: ${access}`, {
      mode: 'S',
      pre: paged([[cfg(NAPOT, 0n), napot(DATA, 4096n)]]),
      code: at(va, access),
    });
    program.trapCase(`the page is read-only: ${access}`, {
      mode: 'S',
      pre: paged([[cfg(NAPOT, R), napot(DATA, 4096n)]]),
      code: at(va, access),
    });
  }
  program.trapSection('no match, page walks');
}

/**
 * Fetches near the border of a small region. QEMU 7.2 checks the rest of the page at once and so faults too early; the
 * expectations are the specification's: each instruction is checked by itself (3.7.1).
 */
function fetches(program) {
  const page = DATA + 0x4000n;
  // Eight times `c.addi a0, 1`, then ret, from page + 48 on; the region without X begins at page + 64.
  const code = `  li t0, ${hex64(page + 48n)}\n  li t1, 0x0505050505050505\n  sd t1, 0(t0)\n  sd t1, 8(t0)\n  sd t1, 16(t0)\n  li t1, 0x8082\n  sh t1, 24(t0)\n  fence.i`;
  const small = [[cfg(NAPOT, R), napot(page + 64n, 64n)]];
  const cases = [
    ['runs into the region', small, 48n, [1n, page + 64n, page + 64n, 8n]],
    ['jumps into the region', small, 66n, [1n, page + 66n, page + 66n, 0n]],
    [
      'only the region executes',
      [
        [cfg(NAPOT, R | X), napot(page + 48n, 16n)],
        [cfg(NAPOT, R), napot(page, 4096n)],
      ],
      48n,
      [1n, page + 64n, page + 64n, 8n],
    ],
    ['the region lies behind the code', [[cfg(NAPOT, R), napot(page + 128n, 64n)]], 48n, [9n, null, 0n, 12n]],
  ];
  for (const [name, entries, offset] of cases) {
    program.trapCase(`fetch: ${name}`, {
      mode: 'S',
      pre: `${setEntries(entries)}\n${code}`,
      code: `  li a0, 0\n  li a1, ${hex64(page + offset)}\n  jalr a1\n  .balign 4\n${name === cases[3][0] ? 'pmp_fetch_done:' : ''}`,
    });
  }
  const first = program.trapSection('fetches at the border of a small region');
  cases.forEach(([, , , [cause, epc, tval, a0]], i) => {
    const slot = first + i * SLOT_LABELS.length;
    program.override(slot, cause);
    program.override(slot + 1, () => epc ?? program.symbol('pmp_fetch_done'));
    program.override(slot + 2, tval);
    program.override(slot + 3, MSTATUS.SPP << 3n);
    program.override(slot + 4, a0);
    for (let word = 5; word < SLOT_LABELS.length; word += 1) program.override(slot + word, 0n);
  });
}

function locked(program) {
  const page = DATA + 0x2000n;
  const lock = setEntries([
    [cfg(NAPOT, R) | L, napot(page, 4096n)],
    [cfg(OFF, 0n) | L, (page + 0x1000n) >> 2n],
    [cfg(TOR, X) | L, (page + 0x2000n) >> 2n],
  ]);
  let pre = lock;
  for (const mode of ['M', 'S', 'U']) {
    for (const access of ['ld a0, 0(a1)', 'sd a0, 0(a1)', 'jalr a0, 0(a1)']) {
      for (const offset of [0n, 0x1000n, 0x2000n]) {
        program.trapCase(`locked R at 0, X at 0x1000, ${mode}: ${access} at ${hex64(offset)}`, {
          mode,
          pre,
          code: at(page + offset, access),
        });
        pre = '';
      }
    }
  }
  const read = (name, body) => program.trapCase(name, { code: body });
  read('a locked pmpaddr keeps its value', `  csrw pmpaddr0, x0\n  csrr a0, pmpaddr0`);
  read('pmpaddr below a locked TOR entry keeps its value', `  csrw pmpaddr1, x0\n  csrr a0, pmpaddr1`);
  read(
    'locked bytes of pmpcfg0 keep their value',
    `  li a0, 0x1f1f1f1f1f\n  csrw pmpcfg0, a0\n  csrr a0, pmpcfg0\n  csrw pmpaddr3, x0\n  csrw pmpaddr4, x0\n  li t0, 0x1f1f1f\n  csrw pmpcfg0, t0`,
  );
  read(
    'an entry that is not locked still changes',
    `  li a0, 0x1234\n  csrw pmpaddr5, a0\n  csrr a0, pmpaddr5\n  csrw pmpaddr5, x0`,
  );
  program.trapSection('locked entries apply to M and keep their value');
}

export function pmp() {
  const program = new SystemProgram(
    'pmp',
    'QEMU 7.2: 16 entries, granularity 4 bytes; fetches at the border of a region smaller than a page from the specification.',
  );
  program.sourceOptions.handler += PROBE_RUNNER;
  matching(program);
  defaults(program);
  fetches(program);
  locked(program);
  return program;
}
