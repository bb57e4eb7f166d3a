// Interrupts: sources, enables, delegation, priority, vectored mode, WFI.
import { hex64 } from './program.mjs';
import { MSTATUS, SLOT_LABELS, SystemProgram } from './system.mjs';

const MSIP = '  li t0, 0x02000000\n  li t1, 1\n  sw t1, 0(t0)';
const MTIMER = '  li t0, 0x02004000\n  sd x0, 0(t0)';
const STCE = '  li t0, -1\n  slli t0, t0, 63\n  csrw menvcfg, t0';
const csrs = (csr, bits) => `  li t0, ${hex64(bits)}\n  csrs ${csr}, t0`;
/** The interrupt is taken while the core sits on one instruction, so epc is known. */
const WAIT = '6: j 6b';
const [SSI, MSI, STI, MTI, SEI] = [2n, 8n, 0x20n, 0x80n, 0x200n];

const SOURCES = {
  MSI: [MSI, MSIP],
  MTI: [MTI, MTIMER],
  SSI: [SSI, csrs('mip', SSI)],
  STI: [STI, csrs('mip', STI)],
  SEI: [SEI, csrs('mip', SEI)],
  'STI by stimecmp': [STI, `${STCE}\n  csrw stimecmp, x0`],
};

function taken(program) {
  for (const [name, [bit, raise]] of Object.entries(SOURCES)) {
    for (const mode of ['M', 'S', 'U']) {
      const status = mode === 'M' ? MSTATUS.MPIE : 0n;
      program.trapCase(`${name} taken in ${mode}`, {
        mode,
        pre: `${raise}\n${csrs('mie', bit)}`,
        code: WAIT,
        status,
      });
      program.trapCase(`${name} not enabled, ${mode}`, {
        mode,
        pre: raise,
        code: '  nop\n  nop\n  li a0, 1',
        status,
      });
      if (mode === 'M')
        program.trapCase(`${name} with MIE clear, M`, {
          mode,
          pre: `${raise}\n${csrs('mie', bit)}`,
          code: '  nop\n  csrr a0, mip\n  andi a0, a0, 0x2aa',
        });
      if (!(bit & 0x222n)) continue;
      const delegated = `${raise}\n${csrs('mie', bit)}\n${csrs('mideleg', bit)}`;
      program.trapCase(`${name} delegated, ${mode}, SIE set`, {
        mode,
        pre: delegated,
        code: mode === 'M' ? '  nop' : WAIT,
        status: status | MSTATUS.SIE,
      });
      program.trapCase(`${name} delegated, ${mode}, SIE clear`, {
        mode,
        pre: delegated,
        code: mode === 'U' ? WAIT : '  nop\n  li a0, 2',
        status,
      });
      program.trapCase(`${name} delegated and vectored, ${mode}`, {
        mode,
        pre: `${delegated}\n  la t0, vector_table + 1\n  csrw stvec, t0`,
        code: mode === 'M' ? '  nop' : WAIT,
        status: status | MSTATUS.SIE,
      });
    }
    program.trapCase(`${name} vectored in M`, {
      pre: `${raise}\n${csrs('mie', bit)}\n  la t0, vector_table_m + 1\n  csrw mtvec, t0`,
      code: WAIT,
      status: MSTATUS.MPIE,
    });
    program.trapCase(`${name} pending seen in mip`, {
      pre: raise,
      code: '  nop\n  csrr a0, mip\n  andi a0, a0, 0x2aa',
    });
  }
  program.trapSection('sources, enables, delegation, vectored mode');
}

function priorities(program) {
  const order = ['SEI', 'MSI', 'MTI', 'SSI', 'STI'];
  const raise = (names) => names.map((name) => SOURCES[name][1]).join('\n');
  for (let set = 1; set < 32; set += 1) {
    const names = order.filter((_, i) => set & (1 << i));
    program.trapCase(`pending: ${names.join(', ')}`, {
      pre: `${raise(names)}\n${csrs('mie', 0xaaan)}`,
      code: WAIT,
      status: MSTATUS.MPIE,
    });
    program.trapCase(`pending in S, delegated: ${names.join(', ')}`, {
      mode: 'S',
      pre: `${raise(names)}\n${csrs('mie', 0xaaan)}\n${csrs('mideleg', 0x222n)}`,
      code: WAIT,
      status: MSTATUS.SIE,
    });
  }
  const first = program.trapSection('priority');
  // 1.12, mip and mie: MEI, MSI, MTI, SEI, SSI, STI in that order, what is not delegated first; QEMU 7.2 takes the
  // lowest number.
  const ranked = ['MSI', 'MTI', 'SEI', 'SSI', 'STI'];
  const code = { MSI: 3n, MTI: 7n, SEI: 9n, SSI: 1n, STI: 5n };
  for (let set = 1; set < 32; set += 1) {
    const names = order.filter((_, i) => set & (1 << i));
    const cause = (1n << 63n) | code[ranked.find((name) => names.includes(name))];
    for (const at of [0, 1]) program.override(first + ((set - 1) * 2 + at) * SLOT_LABELS.length, cause);
  }
}

function wakes(program) {
  for (const [name, [bit, raise]] of Object.entries(SOURCES)) {
    program.trapCase(`wfi goes on with ${name} pending and interrupts off`, {
      pre: `${raise}\n${csrs('mie', bit)}`,
      code: '  wfi\n  li a0, 1',
    });
    program.trapCase(`wfi in S goes on with ${name} pending, delegated, SIE clear`, {
      mode: 'S',
      pre: `${raise}\n${csrs('mie', bit)}\n${csrs('mideleg', 0x222n)}`,
      code: bit & 0x222n ? '  wfi\n  li a0, 1' : '7: j 7b',
    });
  }
  program.trapCase('MIE set by csrs takes a pending interrupt', {
    pre: `${MSIP}\n${csrs('mie', MSI)}`,
    code: '  li a0, 1\n  csrsi mstatus, 8\n6: j 6b',
  });
  program.trapCase('mret that sets MIE takes a pending interrupt at its target', {
    pre: `${MSIP}\n${csrs('mie', MSI)}`,
    code: '  la t0, 6f\n  csrw mepc, t0\n  li t0, 0x1880\n  csrs mstatus, t0\n  li a0, 3\n  mret\n6: li a0, 4',
    status: 0n,
  });
  program.trapCase('sret that sets SIE takes a pending interrupt at its target', {
    mode: 'S',
    pre: `${csrs('mip', SSI)}\n${csrs('mie', SSI)}\n${csrs('mideleg', SSI)}`,
    code: '  la t0, 6f\n  csrw sepc, t0\n  li t0, 0x120\n  csrs sstatus, t0\n  li a0, 3\n  sret\n6: li a0, 4',
  });
  program.trapCase('mie set by csrs takes a pending interrupt', {
    pre: MSIP,
    code: '  li a0, 8\n  csrs mie, a0\n6: j 6b',
    status: MSTATUS.MPIE,
  });
  program.trapCase('sip.SSIP set by S', {
    mode: 'S',
    pre: `${csrs('mie', SSI)}\n${csrs('mideleg', SSI)}`,
    code: '  csrsi sip, 2\n6: j 6b',
    status: MSTATUS.SIE,
  });
  program.trapCase('the timer counts down to an interrupt', {
    pre: csrs('mie', MTI),
    code: '  li t0, 0x0200bff8\n  ld t1, 0(t0)\n  li t2, 2000\n  add t1, t1, t2\n  li t0, 0x02004000\n  sd t1, 0(t0)\n6: j 6b',
    status: MSTATUS.MPIE,
  });
  program.trapCase('stimecmp counts down to an interrupt', {
    mode: 'S',
    pre: `${STCE}\n${csrs('mie', STI)}\n${csrs('mideleg', STI)}\n  csrwi mcounteren, 7`,
    code: '  rdtime t1\n  li t2, 2000\n  add t1, t1, t2\n  csrw stimecmp, t1\n6: j 6b',
    status: MSTATUS.SIE,
  });
  program.trapCase('wfi sleeps until the timer', {
    pre: csrs('mie', MTI),
    code: '  li t0, 0x0200bff8\n  ld t1, 0(t0)\n  li t2, 20000\n  add t1, t1, t2\n  li t0, 0x02004000\n  sd t1, 0(t0)\n  wfi\n  li t0, 0x0200bff8\n  ld a0, 0(t0)\n  sltu a0, a0, t1',
  });
  program.trapCase('msip reads back one bit', {
    code: '  li t0, 0x02000000\n  li t1, -1\n  sw t1, 0(t0)\n  lw a0, 0(t0)\n  sw x0, 0(t0)',
  });
  program.trapCase('mtimecmp reads back', {
    code: '  li t0, 0x02004000\n  li t1, 0x7234567812345678\n  sd t1, 0(t0)\n  ld a0, 0(t0)',
  });
  program.trapCase('mtimecmp by halves', {
    code: '  li t0, 0x02004000\n  li t1, 0x71234567\n  sw t1, 4(t0)\n  li t1, 0x12345678\n  sw t1, 0(t0)\n  lwu a0, 4(t0)\n  slli a0, a0, 32\n  lwu t1, 0(t0)\n  or a0, a0, t1',
  });
  program.trapCase('MSIP clear lowers mip', {
    pre: MSIP,
    code: '  li t0, 0x02000000\n  sw x0, 0(t0)\n  nop\n  csrr a0, mip\n  andi a0, a0, 8',
  });
  program.trapCase('mtimecmp raised lowers MTIP', {
    pre: MTIMER,
    code: '  li t0, 0x02004000\n  li t1, -1\n  sd t1, 0(t0)\n  nop\n  csrr a0, mip\n  andi a0, a0, 0x80',
  });
  program.trapCase('stimecmp raised lowers STIP', {
    pre: `${STCE}\n  csrw stimecmp, x0`,
    code: '  csrr a0, mip\n  li t0, -1\n  csrw stimecmp, t0\n  csrr t0, mip\n  slli t0, t0, 16\n  or a0, a0, t0\n  li t1, 0x200020\n  and a0, a0, t1',
  });
  program.trapCase('with STCE, mip.STIP cannot be written', {
    pre: STCE,
    code: '  li t0, 0x20\n  csrs mip, t0\n  csrr a0, mip\n  andi a0, a0, 0x20',
  });
  program.trapSection('wake-up, timers, ACLINT');
}

/** Registers of the PLIC with no source active: what is kept of a write, what reads zero (PLIC 1.0, QEMU's virt board). */
function plic(program) {
  const base = 0x0c000000;
  const names = [];
  const one = (name, address, value, width = 'w') => {
    program.emit(
      `  li a0, ${base + address}\n  li a1, ${hex64(value)}\n  s${width} a1, 0(a0)\n  lwu a2, 0(a0)\n  sw x0, 0(a0)\n  lwu a3, 0(a0)\n  sd a2, 0(gp)\n  sd a3, 8(gp)\n  addi gp, gp, 16`,
    );
    names.push(name);
  };
  one('priority of source 0', 0, -1n);
  for (const source of [1, 10, 95]) {
    one(`priority of source ${source}, all ones`, source * 4, -1n);
    one(`priority of source ${source}, 5`, source * 4, 5n);
  }
  for (const word of [0, 1, 2]) {
    one(`pending word ${word}`, 0x1000 + word * 4, -1n);
    for (const context of [0, 1])
      one(`enables of context ${context}, word ${word}`, 0x2000 + context * 0x80 + word * 4, 0x5a5a5a5an);
  }
  for (const context of [0, 1]) {
    one(`threshold of context ${context}, 7`, 0x200000 + context * 0x1000, 7n);
    one(`threshold of context ${context}, 3`, 0x200000 + context * 0x1000, 3n);
    one(`claim and complete of context ${context}`, 0x200004 + context * 0x1000, 10n);
  }
  program.section('PLIC registers', ['read', 'after a write of 0'], { names });
}

export function interrupts() {
  const program = new SystemProgram(
    'interrupts',
    'QEMU 7.2: ACLINT, Sstc, mip; the order of priority from the privileged specification ' +
      '1.12. Claims of the PLIC are tested with the device.',
  );
  program.sourceOptions.handler += `
.balign 256
vector_table:
${Array.from({ length: 12 }, (_, i) => `  j vector_${i}`).join('\n')}
${Array.from({ length: 12 }, (_, i) => `vector_${i}:\n  addi a0, a0, ${0x100 + i}\n  j s_trap`).join('\n')}
.balign 256
vector_table_m:
${Array.from({ length: 12 }, (_, i) => `  j vector_m_${i}`).join('\n')}
${Array.from({ length: 12 }, (_, i) => `vector_m_${i}:\n  addi a0, a0, ${0x200 + i}\n  j m_trap`).join('\n')}
`;
  taken(program);
  priorities(program);
  wakes(program);
  plic(program);
  return program;
}
