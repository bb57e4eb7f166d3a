/** Local APICs and the I/O APIC against SDM volume 3 chapter 11 and the 82093AA data sheet, beyond what QEMU was asked: several vCPUs, x2APIC, errors. */
import { beforeEach, describe, expect, it } from 'vitest';
import { type Chips, loadChips } from './tests/module.ts';

const makeChips = await loadChips();
const APIC = 0xfee00000;
const SVR = 0xf0;
const ICR = 0x300;
const ICR_HIGH = 0x310;
const LVT_TIMER = 0x320;
const LVT_LINT0 = 0x350;
const LVT_LINT1 = 0x360;
const LVT_ERROR = 0x370;
const ESR = 0x280;
const INIT = 1;
const SIPI = 2;
const NMI = 4;
const SMI = 8;
const BASE = 0xfee00000n;
const BSP = 0x100n;
const EXTD = 0x400n;
const EN = 0x800n;
const DEADLINE = 0x6e0;

let pc: Chips;
const write = (register: number, value: number) => pc.write(APIC + register, value);
const read = (register: number) => pc.read(APIC + register);

function on<T>(cpu: number, act: () => T): T {
  const before = pc.cpu;
  pc.cpu = cpu;
  pc.at(pc.now);
  try {
    return act();
  } finally {
    pc.cpu = before;
  }
}

beforeEach(() => {
  pc = makeChips(4);
  for (let cpu = 0; cpu < 4; cpu++) on(cpu, () => write(SVR, 0x1ff));
  pc.out8(0x43, 0x30);
  write(LVT_LINT0, 0x10000);
});

/** Vectors that each vCPU takes, and the events that wait for it. */
const taken = () => [0, 1, 2, 3].map((cpu) => on(cpu, () => (pc.events() << 8) | Math.max(pc.take(), 0)));

describe('interprocessor interrupts', () => {
  it('go to one APIC by its ID, or to all', () => {
    write(ICR_HIGH, 2 << 24);
    write(ICR, 0x4040);
    expect(taken()).toEqual([0, 0, 0x40, 0]);
    write(ICR_HIGH, 0xff << 24);
    write(ICR, 0x4051);
    expect(taken()).toEqual([0x51, 0x51, 0x51, 0x51]);
  });

  it('go by shorthand to self, all, all others', () => {
    write(ICR, 0x44041);
    expect(taken()).toEqual([0x41, 0, 0, 0]);
    write(ICR, 0x84051);
    expect(taken()).toEqual([0x51, 0x51, 0x51, 0x51]);
    write(ICR, 0xc4061);
    expect(taken()).toEqual([0, 0x61, 0x61, 0x61]);
  });

  it('go by logical destination, flat and in clusters', () => {
    for (let cpu = 0; cpu < 4; cpu++) on(cpu, () => write(0xd0, 0x01000000 << cpu));
    write(ICR_HIGH, 0x0a << 24);
    write(ICR, 0x4842);
    expect(taken()).toEqual([0, 0x42, 0, 0x42]);
    for (let cpu = 0; cpu < 4; cpu++)
      on(cpu, () => write(0xe0, 0x0fffffff).write(APIC + 0xd0, (((cpu >> 1) << 4) | (1 << (cpu & 1))) << 24));
    write(ICR_HIGH, 0x13 << 24);
    write(ICR, 0x4852);
    expect(taken()).toEqual([0, 0, 0x52, 0x52]);
  });

  it('lowest priority: to the one whose processor priority is lowest', () => {
    for (let cpu = 0; cpu < 4; cpu++)
      on(cpu, () => write(0xd0, 0x01000000 << cpu).write(APIC + 0x80, cpu === 2 ? 0x10 : 0x20));
    write(ICR_HIGH, 0x0f << 24);
    write(ICR, 0x4943);
    expect(taken()).toEqual([0, 0, 0x43, 0]);
  });

  it('INIT, SIPI, NMI and SMI wait for the vCPU; INIT level de-assert is nothing', () => {
    write(ICR, 0xc4500);
    write(ICR, 0xc8500);
    expect(taken()).toEqual([0, INIT << 8, INIT << 8, INIT << 8]);
    write(ICR_HIGH, 1 << 24);
    write(ICR, 0x469a);
    expect(on(1, () => pc.exports.pcSipiVector(pc.exports.stateOf(1)))).toBe(0x9a);
    expect(taken()).toEqual([0, SIPI << 8, 0, 0]);
    write(ICR, 0x4400);
    write(ICR, 0x4200);
    expect(taken()).toEqual([0, (NMI | SMI) << 8, 0, 0]);
  });

  it('INIT leaves ID, base and what the wires say', () => {
    on(1, () => {
      write(0x80, 0x50);
      write(0xd0, 0x01000000);
      pc.exports.pcLocalApicInit(pc.exports.stateOf(1));
      expect([0x20, 0x80, 0xd0, 0xe0, SVR, LVT_LINT0].map((register) => read(register) >>> 0)).toEqual([
        0x01000000, 0, 0, 0xffffffff, 0xff, 0x10000,
      ]);
      expect(pc.exports.lapicBaseRead(pc.exports.stateOf(1))).toBe(BASE | EN);
    });
  });
});

describe('priorities and errors', () => {
  it('a vector waits for its class to rise above that of TPR and of what is in service', () => {
    write(0x80, 0x50);
    write(ICR, 0x4405f);
    expect(pc.take()).toBe(-1);
    write(ICR, 0x44061);
    expect(pc.take()).toBe(0x61);
    expect(read(0xa0)).toBe(0x60);
    write(ICR, 0x4406f);
    expect(pc.take()).toBe(-1);
    write(ICR, 0x44070);
    expect(pc.take()).toBe(0x70);
    write(0xb0, 0);
    expect(pc.take()).toBe(-1);
    write(0xb0, 0);
    expect(pc.take()).toBe(0x6f);
    write(0xb0, 0);
    pc.exports.pcCr8Write(pc.exports.stateOf(0), 4);
    expect(read(0x80)).toBe(0x40);
    expect(pc.exports.pcCr8Read(pc.exports.stateOf(0))).toBe(4);
    expect(pc.take()).toBe(0x5f);
  });

  it('answers the spurious vector when nothing waits any more', () => {
    write(SVR, 0x1ef);
    write(ICR, 0x44061);
    write(0x80, 0x60);
    expect(pc.acknowledge()).toBe(0xef);
    expect(read(0x130)).toBe(0);
  });

  it('accepts nothing and masks its entries while disabled by software', () => {
    write(LVT_TIMER, 0x40);
    write(SVR, 0xff);
    expect(read(LVT_TIMER)).toBe(0x10040);
    write(LVT_TIMER, 0x41);
    expect(read(LVT_TIMER)).toBe(0x10041);
    write(ICR, 0x44061);
    write(SVR, 0x1ff);
    expect(pc.take()).toBe(-1);
  });

  it('ESR shows errors since its last write, and LVT error interrupts', () => {
    write(LVT_ERROR, 0xe1);
    write(ICR, 0x44005);
    expect(read(ESR)).toBe(0);
    write(ESR, 0);
    expect(read(ESR)).toBe(0x20);
    expect(pc.take()).toBe(0xe1);
    write(0xb0, 0);
    read(0x70);
    write(ESR, 0);
    expect(read(ESR)).toBe(0x80);
    write(ESR, 0);
    expect(read(ESR)).toBe(0);
  });
});

describe('wires', () => {
  const initialise = () => pc.out8(0x20, 0x11).out8(0x21, 0x20, 4, 1);

  it('LINT0 as ExtINT hands the vector over to the 8259s, as it is after reset', () => {
    initialise();
    pc.line(4, true);
    expect(pc.take()).toBe(-1);
    write(LVT_LINT0, 0x700);
    expect(pc.take()).toBe(0x24);
    const fresh = makeChips();
    fresh.out8(0x43, 0x30).out8(0x20, 0x11).out8(0x21, 0x20, 4, 1).line(4, true);
    expect(fresh.take()).toBe(0x24);
  });

  it('LINT0 as a fixed vector or as NMI follows the edge of INTR', () => {
    initialise();
    write(LVT_LINT0, 0x77);
    pc.line(4, true);
    expect(pc.take()).toBe(0x77);
    write(0xb0, 0);
    expect(pc.take()).toBe(-1);
    pc.out8(0x20, 0x0c);
    expect(pc.in8(0x20)).toBe(0x84);
    pc.out8(0x20, 0x20);
    write(LVT_LINT0, 0x400);
    pc.line(4, false).line(4, true);
    expect(pc.take()).toBe(-1);
    expect(pc.events()).toBe(NMI);
  });

  it('LINT1 is NMI where the guest wants it', () => {
    pc.exports.pcNmi(pc.exports.stateOf(0));
    expect(pc.events()).toBe(0);
    write(LVT_LINT1, 0x400);
    pc.exports.pcNmi(pc.exports.stateOf(0));
    expect(pc.events()).toBe(NMI);
  });

  it('INTR goes straight to the processor while the APIC is off', () => {
    initialise();
    pc.line(4, true);
    expect(pc.take()).toBe(-1);
    expect(pc.setBase(BASE | BSP)).toBe(true);
    expect(read(0x30)).toBe(-1);
    expect(pc.take()).toBe(0x24);
  });
});

describe('timer', () => {
  it('TSC deadline: one interrupt, after which the MSR reads 0', () => {
    expect(pc.wrmsr(DEADLINE, 5000)).toBe(true);
    expect(pc.rdmsr(DEADLINE)).toBe(0n);
    write(LVT_TIMER, 0x40050);
    pc.at(1000).wrmsr(DEADLINE, 5000);
    expect(pc.rdmsr(DEADLINE)).toBe(5000n);
    expect(pc.deadline()).toBe(5000n);
    expect(pc.at(4999).take()).toBe(-1);
    expect(pc.at(5000).take()).toBe(0x50);
    expect(pc.rdmsr(DEADLINE)).toBe(0n);
    write(0xb0, 0);
    // One that has passed fires at once; 0 disarms; a changed TSC moves it.
    pc.wrmsr(DEADLINE, 10);
    expect(pc.take()).toBe(0x50);
    write(0xb0, 0);
    pc.wrmsr(DEADLINE, 9000);
    pc.wrmsr(DEADLINE, 0);
    expect(pc.at(10000).take()).toBe(-1);
    pc.exports.pcSetTscOffset(pc.exports.stateOf(0), 1_000_000n);
    pc.wrmsr(DEADLINE, 1_012_000);
    expect(pc.deadline()).toBe(12000n);
    write(LVT_TIMER, 0x50);
    expect(pc.at(13000).take()).toBe(-1);
    write(0x380, 100);
    write(LVT_TIMER, 0x40050);
    expect(read(0x390)).toBe(0);
    expect(pc.at(20000).take()).toBe(-1);
  });

  it('a masked timer runs, but interrupts nobody and needs no wake-up', () => {
    write(0x3e0, 0xb);
    write(LVT_TIMER, 0x10050);
    write(0x380, 1000);
    expect(pc.deadline()).toBe(0x7fff_ffff_ffff_ffffn);
    pc.at(400);
    expect(read(0x390)).toBe(600);
    pc.at(2000);
    write(LVT_TIMER, 0x50);
    expect(pc.take()).toBe(-1);
    expect(read(0x390)).toBe(0);
  });

  it('goes on from where it is when its divisor changes', () => {
    write(0x3e0, 0xb);
    write(LVT_TIMER, 0x50);
    write(0x380, 1000);
    pc.at(400);
    write(0x3e0, 0);
    expect(read(0x390)).toBe(600);
    pc.at(800);
    expect(read(0x390)).toBe(400);
  });
});

describe('x2APIC', () => {
  it('is entered from xAPIC mode only, and left by disabling', () => {
    expect(pc.setBase(BASE | BSP | EXTD)).toBe(false);
    expect(pc.setBase(BASE | BSP | EN | 1n)).toBe(false);
    expect(pc.setBase((1n << 40n) | BASE | BSP | EN)).toBe(false);
    expect(pc.rdmsr(0x802)).toBe(null);
    expect(pc.setBase(BASE | BSP | EN | EXTD)).toBe(true);
    expect(read(0x20)).toBe(-1);
    expect(pc.setBase(BASE | BSP | EN)).toBe(false);
    expect(pc.setBase(BASE | BSP)).toBe(true);
    expect(pc.setBase(BASE | BSP | EN | EXTD)).toBe(false);
    expect(pc.setBase(BASE | BSP | EN)).toBe(true);
    expect(pc.exports.lapicBaseWrite(pc.exports.stateOf(0), BASE | BSP | EN | EXTD, 0)).toBe(0);
  });

  it('has its registers as MSRs, faults on reserved ones, on read-only ones and on reserved bits', () => {
    for (let cpu = 0; cpu < 4; cpu++) on(cpu, () => pc.setBase((cpu ? BASE : BASE | BSP) | EN | EXTD));
    on(3, () => {
      expect([0x802, 0x803, 0x80d, 0x80f].map((msr) => pc.rdmsr(msr))).toEqual([3n, 0x50014n, 8n, 0x1ffn]);
    });
    expect([0x80e, 0x831, 0x800, 0x80b, 0x83f, 0x840, 0x8ff].map((msr) => pc.rdmsr(msr))).toEqual(
      Array(7).fill(null),
    );
    expect([0x802, 0x803, 0x80a, 0x80d, 0x810, 0x839, 0x80e].map((msr) => pc.wrmsr(msr, 0))).toEqual(
      Array(7).fill(false),
    );
    expect(pc.wrmsr(0x80b, 1)).toBe(false);
    expect(pc.wrmsr(0x828, 1)).toBe(false);
    expect(pc.wrmsr(0x808, 0x100)).toBe(false);
    expect(pc.wrmsr(0x808, 1n << 32n)).toBe(false);
    expect(pc.wrmsr(0x808, 0x20)).toBe(true);
    expect(pc.rdmsr(0x808)).toBe(0x20n);
    // ICR is one register with 32 bits of destination: ID 2; then a logical one, cluster 0, members 1 and 3; broadcast; self.
    expect(pc.wrmsr(0x830, (2n << 32n) | 0x4041n)).toBe(true);
    expect(taken()).toEqual([0, 0, 0x41, 0]);
    expect(pc.wrmsr(0x830, (0xan << 32n) | 0x4851n)).toBe(true);
    expect(taken()).toEqual([0, 0x51, 0, 0x51]);
    expect(pc.wrmsr(0x830, (0xffffffffn << 32n) | 0x4061n)).toBe(true);
    expect(taken()).toEqual([0x61, 0x61, 0x61, 0x61]);
    expect(pc.wrmsr(0x83f, 0x71)).toBe(true);
    expect(taken()).toEqual([0x71, 0, 0, 0]);
    // In service since: 0x61 and 0x71 are bits 1 and 17 of ISR's fourth word.
    expect(pc.rdmsr(0x813)).toBe(0x20002n);
    expect(pc.wrmsr(0x80b, 0)).toBe(true);
  });
});

it('tier check: the replay reads what the first run read, and writes nothing', () => {
  const cpu = pc.exports.stateOf(0);
  expect(pc.setBase(BASE | BSP | EN | EXTD)).toBe(true);
  pc.wrmsr(0x83e, 0xb);
  pc.wrmsr(0x838, 1_000_000);
  const run = () => {
    const results = [
      pc.rdmsr(0x839),
      pc.wrmsr(0x83f, 0x61),
      pc.rdmsr(0x80e),
      pc.wrmsr(0x802, 0),
      pc.rdmsr(0x823),
    ];
    results.push(pc.exports.lapicBaseRead(cpu), pc.setBase(BASE | BSP | EN));
    pc.exports.pcCr8Write(cpu, pc.exports.pcCr8Read(cpu) + 1);
    pc.exports.pcIrqchipUpdate(cpu);
    return [...results, pc.exports.pcInterruptPending(cpu)];
  };
  pc.exports.recordStart(cpu);
  const first = run();
  expect(first).toEqual([1_000_000n, true, null, false, 2n, BASE | BSP | EN | EXTD, false, 1]);
  pc.exports.setNow(0, 500_000n);
  pc.exports.replayStart(cpu);
  const before = pc.state();
  expect(run()).toEqual(first);
  expect(pc.state().equals(before)).toBe(true);
  pc.exports.recordStop(cpu);
  expect(pc.exports.pcCr8Read(cpu)).toBe(1);
  expect(pc.rdmsr(0x839)).toBe(500_000n);
});

describe('I/O APIC', () => {
  const entry = (pin: number, low: number, destination = 0) =>
    pc.ioapic(0x11 + 2 * pin, destination << 24).ioapic(0x10 + 2 * pin, low);

  it('sends a level again until its line falls; the EOI register ends it as an EOI does', () => {
    entry(20, 0x8061, 1);
    pc.line(20, true);
    expect(taken()).toEqual([0, 0x61, 0, 0]);
    expect(pc.ioapicRead(0x38)).toBe(0xc061);
    expect(taken()).toEqual([0, 0, 0, 0]);
    on(1, () => write(0xb0, 0));
    expect(taken()).toEqual([0, 0x61, 0, 0]);
    pc.line(20, false);
    expect(pc.ioapicRead(0x38)).toBe(0xc061);
    pc.write(0xfec00040, 0x61);
    expect(pc.ioapicRead(0x38)).toBe(0x8061);
    on(1, () => write(0xb0, 0));
    expect(taken()).toEqual([0, 0, 0, 0]);
  });

  it('loses an edge on a masked pin and keeps a level; switching to edge clears remote IRR', () => {
    entry(5, 0x10065);
    pc.line(5, true);
    entry(5, 0x65);
    expect(taken()).toEqual([0, 0, 0, 0]);
    entry(5, 0x18065);
    entry(5, 0x8065);
    expect(taken()).toEqual([0x65, 0, 0, 0]);
    expect(pc.ioapicRead(0x1a)).toBe(0xc065);
    entry(5, 0x10065);
    expect(pc.ioapicRead(0x1a)).toBe(0x10065);
  });

  it('delivers NMI, INIT and ExtINT', () => {
    entry(21, 0x400, 2);
    pc.line(21, true);
    expect(taken()).toEqual([0, 0, NMI << 8, 0]);
    entry(22, 0x500, 3);
    pc.line(22, true);
    expect(taken()).toEqual([0, 0, 0, INIT << 8]);
    pc.out8(0x20, 0x11).out8(0x21, 0x20, 4, 1);
    pc.line(6, true);
    entry(23, 0x700, 1);
    pc.line(23, true);
    expect(on(1, () => pc.take())).toBe(0x26);
    expect(on(1, () => pc.take())).toBe(-1);
  });

  it('narrow and odd accesses read their part and write nothing', () => {
    expect(pc.write(0xfec00000, 1).read(0xfec00010, 1)).toBe(0x20);
    expect(pc.read(0xfec00012, 2)).toBe(0x17);
    pc.write(0xfec00000, 3, 1);
    expect(pc.read(0xfec00000)).toBe(1);
    expect(pc.read(0xfec00020)).toBe(0);
    expect(read(0x31)).toBe(0);
    expect(pc.read(APIC + 0x30, 1)).toBe(0x14);
    expect(pc.read(APIC + 0x32, 2)).toBe(5);
  });
});
