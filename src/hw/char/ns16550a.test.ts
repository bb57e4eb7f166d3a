import { beforeEach, describe, expect, it } from 'vitest';
import { deviceEnv } from '../../../tests/support/device-env.ts';
import { Ns16550a } from './ns16550a.ts';

const THR = 0;
const RBR = 0;
const IER = 1;
const IIR = 2;
const FCR = 2;
const LCR = 3;
const MCR = 4;
const LSR = 5;
const MSR = 6;
const SCR = 7;

/** Base clock at which one character at divisor 1 takes 10 µs × 10 bits. */
const BAUD_BASE = 100_000;

function fixture() {
  const env = deviceEnv();
  const sent: number[] = [];
  const breaks: boolean[] = [];
  const queue: number[] = [];
  const backend = {
    transmit: (byte: number) => void sent.push(byte),
    take: () => queue.shift() ?? null,
    setBreak: (on: boolean) => void breaks.push(on),
  };
  const { time, irq, shadow, log } = env;
  const uart = new Ns16550a({ irq, clock: time, timers: time, shadow, backend, log, baudBase: BAUD_BASE });
  const region = uart.regions[0];
  return {
    ...env,
    uart,
    sent,
    breaks,
    queue,
    read: (offset: number) => region.read(offset, 1),
    write: (offset: number, value: number) => region.write(offset, 1, value),
    type: (...bytes: number[]) => {
      queue.push(...bytes);
      uart.inputReady();
    },
  };
}

let f: ReturnType<typeof fixture>;
beforeEach(() => {
  f = fixture();
});

describe('NS16550A registers', () => {
  it('have their reset values (QEMU 7.2: IER 0, IIR 1, LCR 0, LSR 0x60, MSR 0xb0)', () => {
    expect([IER, IIR, LCR, MCR, LSR, MSR, SCR].map(f.read)).toEqual([0, 1, 0, 8, 0x60, 0xb0, 0]);
    expect(f.irq.level).toBe(false);
  });

  it('keep scratch, line and modem control', () => {
    f.write(SCR, 0x5a);
    f.write(LCR, 0x1b);
    f.write(MCR, 0xff & ~0x10);
    expect([SCR, LCR, MCR].map(f.read)).toEqual([0x5a, 0x1b, 0x0f]);
  });

  it('exchange data and IER for the divisor while DLAB is set', () => {
    f.write(IER, 0x05);
    f.write(LCR, 0x83);
    f.write(0, 0x34);
    f.write(1, 0x12);
    expect([f.read(0), f.read(1)]).toEqual([0x34, 0x12]);
    expect(f.shadow.values.get(IER)).toBe(0x12);
    f.write(LCR, 0x03);
    expect(f.read(IER)).toBe(0x05);
    expect(f.shadow.values.get(IER)).toBe(0x05);
    expect(f.sent).toEqual([]);
  });

  it('keep four bits of IER', () => {
    f.write(IER, 0xff);
    expect(f.read(IER)).toBe(0x0f);
  });

  it('log a write to LSR and MSR as the guest error it is, and ignore it', () => {
    f.write(LSR, 0xff);
    f.write(MSR, 0xff);
    expect([LSR, MSR].map(f.read)).toEqual([0x60, 0xb0]);
    expect(f.log.guestErrors('ns16550a')).toBe(2);
  });

  it('report break condition to the far end when it changes', () => {
    f.write(LCR, 0x43);
    f.write(LCR, 0x43);
    f.write(LCR, 0x03);
    expect(f.breaks).toEqual([true, false]);
  });
});

describe('NS16550A transmitter', () => {
  it('sends at once and is always ready', () => {
    for (const byte of [0x48, 0x69]) f.write(THR, byte);
    expect(f.sent).toEqual([0x48, 0x69]);
    expect(f.read(LSR) & 0x60).toBe(0x60);
  });

  it('interrupts when THRE is switched on, until IIR is read', () => {
    f.write(IER, 0x02);
    expect(f.irq.level).toBe(true);
    expect(f.read(IIR)).toBe(0x02);
    expect(f.irq.level).toBe(false);
    expect(f.read(IIR)).toBe(0x01);
  });

  it('interrupts again after each write to THR', () => {
    f.write(IER, 0x02);
    f.read(IIR);
    f.write(THR, 0x41);
    expect(f.irq.level).toBe(true);
    expect(f.read(IIR)).toBe(0x02);
  });

  it('never lowers its interrupt by a write to THR, which is posted', () => {
    f.write(IER, 0x02);
    f.write(THR, 0x41);
    expect(f.irq.level).toBe(true);
    expect(f.irq.edges).toBe(1);
  });

  it('withdraws the interrupt when THRE is switched off, and reports it anew when switched on', () => {
    f.write(IER, 0x02);
    f.read(IIR);
    f.write(IER, 0x00);
    f.write(IER, 0x02);
    expect(f.irq.level).toBe(true);
    f.write(IER, 0x00);
    expect(f.irq.level).toBe(false);
  });
});

describe('NS16550A receiver', () => {
  it('holds one byte without the FIFO and takes the next when it is read', () => {
    f.type(1, 2, 3);
    expect(f.queue).toEqual([2, 3]);
    expect(f.read(LSR) & 1).toBe(1);
    expect([f.read(RBR), f.read(RBR), f.read(RBR)]).toEqual([1, 2, 3]);
    expect(f.read(LSR) & 1).toBe(0);
    expect(f.read(RBR)).toBe(0);
  });

  it('takes 16 bytes with the FIFO and refills as it is drained', () => {
    f.write(FCR, 0x01);
    f.type(...Array.from({ length: 20 }, (_, i) => i));
    expect(f.queue).toEqual([16, 17, 18, 19]);
    expect(Array.from({ length: 20 }, () => f.read(RBR))).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });

  it.each([
    [0x01, 1],
    [0x41, 4],
    [0x81, 8],
    [0xc1, 14],
  ])('interrupts at the trigger level of FCR 0x%s', (fcr, level) => {
    f.write(FCR, fcr);
    f.write(IER, 0x01);
    f.type(...new Array(level - 1).fill(7));
    expect(f.irq.level).toBe(false);
    f.type(7);
    expect(f.irq.level).toBe(true);
    expect(f.read(IIR)).toBe(0xc4);
    f.read(RBR);
    expect(f.irq.level).toBe(false);
  });

  it('reports bytes below the trigger level after four character times', () => {
    f.write(LCR, 0x83);
    f.write(0, 1);
    f.write(1, 0);
    f.write(LCR, 0x03);
    f.write(FCR, 0x81);
    f.write(IER, 0x01);
    f.type(7, 8);
    // 10 bits at 100 kBd: 100 µs a character.
    f.time.advance(399_999n);
    expect(f.irq.level).toBe(false);
    f.time.advance(1n);
    expect(f.irq.level).toBe(true);
    expect(f.read(IIR)).toBe(0xcc);
    expect(f.read(RBR)).toBe(7);
    expect(f.irq.level).toBe(false);
    f.time.advance(400_000n);
    expect(f.read(IIR)).toBe(0xcc);
    expect(f.read(RBR)).toBe(8);
    f.time.advance(10_000_000n);
    expect(f.irq.level).toBe(false);
  });

  it('forgets received bytes and their interrupts when its FIFO is reset or switched', () => {
    f.write(FCR, 0x01);
    f.write(IER, 0x01);
    f.type(1, 2);
    f.write(FCR, 0x03);
    expect(f.irq.level).toBe(false);
    expect(f.read(LSR) & 1).toBe(0);
    f.type(3);
    f.write(FCR, 0x00);
    expect(f.read(LSR) & 1).toBe(0);
    expect(f.read(IIR)).toBe(0x01);
  });

  it('reports a break as a zero byte with BI, which reading LSR clears', () => {
    f.write(FCR, 0x01);
    f.write(IER, 0x05);
    f.uart.receiveBreak();
    expect(f.read(IIR)).toBe(0xc6);
    expect(f.read(LSR) & 0x11).toBe(0x11);
    expect(f.read(LSR) & 0x11).toBe(0x01);
    expect(f.read(RBR)).toBe(0);
  });
});

describe('NS16550A loopback', () => {
  it('connects the transmitter to the receiver and cuts the line', () => {
    f.write(MCR, 0x10);
    f.write(THR, 0x55);
    f.type(0x66);
    expect(f.sent).toEqual([]);
    expect(f.read(RBR)).toBe(0x55);
    expect(f.queue).toEqual([0x66]);
    f.write(MCR, 0x00);
    expect(f.read(RBR)).toBe(0x66);
  });

  it('overruns: keeps what is in the FIFO, sets OE until LSR is read', () => {
    f.write(FCR, 0x01);
    f.write(MCR, 0x10);
    for (let i = 0; i < 17; i++) f.write(THR, i);
    expect(f.shadow.values.get(LSR)).toBe(null);
    expect(f.read(LSR) & 2).toBe(2);
    expect(f.read(LSR) & 2).toBe(0);
    expect(Array.from({ length: 16 }, () => f.read(RBR))).toEqual(Array.from({ length: 16 }, (_, i) => i));
  });

  it('shows MCR in MSR, as the Linux driver probes it', () => {
    f.write(MCR, 0x1a);
    expect(f.read(MSR)).toBe(0x90);
    f.write(MCR, 0x1f);
    expect(f.read(MSR)).toBe(0xf0);
  });
});

describe('NS16550A interrupt priorities', () => {
  it('report line status, then data, then transmitter', () => {
    f.write(FCR, 0x01);
    f.write(MCR, 0x10);
    f.write(IER, 0x07);
    for (let i = 0; i < 17; i++) f.write(THR, i);
    expect(f.read(IIR) & 0x0f).toBe(0x06);
    f.read(LSR);
    expect(f.read(IIR) & 0x0f).toBe(0x04);
    for (let i = 0; i < 16; i++) f.read(RBR);
    expect(f.read(IIR) & 0x0f).toBe(0x02);
    expect(f.read(IIR) & 0x0f).toBe(0x01);
    expect(f.irq.level).toBe(false);
  });
});

describe('NS16550A shadows', () => {
  it('are what a read without side effect returns, in every state', () => {
    let seed = 1;
    const random = (n: number): number => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      return (seed >>> 8) % n;
    };
    let withdrawn = 0;
    for (let step = 0; step < 5000; step++) {
      const action = random(4);
      if (action === 0) f.read(random(8));
      else if (action === 1) f.type(random(256));
      else f.write(random(8), random(256));
      if (random(8) === 0) f.time.advance(BigInt(random(2_000_000)));
      for (const offset of [IER, IIR, LCR, MCR, LSR, MSR, SCR]) {
        const published = f.shadow.values.get(offset);
        if (published === null) {
          withdrawn++;
          continue;
        }
        const before = JSON.stringify(f.uart.save());
        expect(f.read(offset), `register ${offset} at step ${step}`).toBe(published);
        expect(JSON.stringify(f.uart.save())).toBe(before);
      }
    }
    expect(withdrawn).toBeGreaterThan(100);
  });
});
