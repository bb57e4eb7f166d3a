import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FakeIrq, FakeMemory, FakeTime } from '../../../tests/support/device-env.ts';
import { Log } from '../../core/log.ts';
import { MemoryNode } from '../../block/protocol/memory-node.ts';
import { VirtioBlk } from '../virtio/virtio-blk.ts';
import { VirtioPci } from '../virtio/virtio-pci.ts';
import type { MmioRegion } from '../device.ts';
import * as C from './config-space.ts';
import { PciConfigPorts } from './config-ports.ts';
import { EcamHost } from './ecam-host.ts';
import { I440fx } from './i440fx.ts';
import { Msi } from './msi.ts';
import { Msix } from './msix.ts';
import { PciBus } from './pci-bus.ts';
import { PciFunction } from './pci-function.ts';
import { Piix3 } from './piix3.ts';
import { Piix4Pm } from './piix4-pm.ts';

/** What QEMU's functions look like (scripts/gen-pc-fixtures.mjs). */
const qemu: Record<string, { reset: string[]; writable: string[] }> = JSON.parse(
  readFileSync(new URL('../../machine/fixtures/pc.json', import.meta.url), 'utf8'),
).pci;

const region = (name: string, size: number): MmioRegion => ({
  name,
  size,
  accessMin: 1,
  accessMax: 4,
  spacing: 4,
  registers: [],
  read: () => 0,
  write() {},
});

class TestFunction extends PciFunction {
  readonly name = 'test';

  constructor(interruptPin = 1) {
    super({
      vendor: 0x1234,
      device: 0x5678,
      revision: 1,
      classCode: 0x020000,
      subsystemVendor: 1,
      subsystem: 2,
      interruptPin,
    });
    this.addBar({ index: 0, space: 'memory', size: 0x1000 }, region('registers', 0x1000));
    this.addBar({ index: 1, space: 'io', size: 0x40 }, region('ports', 0x40));
    this.addBar(
      { index: 2, space: 'memory', size: 0x10000, is64: true, prefetchable: true },
      region('frame', 0x10000),
    );
    this.config.addCapability(0x05, 10);
    this.config.addCapability(0x11, 12);
  }

  drive(level: boolean): void {
    this.setIntx(level);
  }
}

function connected() {
  const irq = new FakeIrq();
  const places: (number | null)[] = [null, null, null];
  const device = new TestFunction();
  device.connect({ intx: irq, places: places.map((_, i) => ({ move: (to) => void (places[i] = to) })) });
  const write = (offset: number, size: number, value: number): void =>
    device.configWrite(offset, size, value);
  return {
    device,
    irq,
    places,
    write,
    read: (offset: number, size: number) => device.configRead(offset, size),
  };
}

describe('a function', () => {
  it('shows its identity, which no write changes', () => {
    const { write, read } = connected();
    for (let at = 0; at < 0x100; at += 4) write(at, 4, 0xffff_ffff);
    expect([read(0, 4), read(8, 4), read(0x2c, 4), read(0x0c, 4)]).toEqual([
      0x56781234, 0x02000001, 0x00020001, 0xff,
    ]);
    expect([read(0x3c, 2), read(0x04, 2), read(0x06, 2)]).toEqual([0x01ff, 0x0507, 0x0010]);
  });

  it('tells the size of its BARs to who writes all ones (specification, 6.2.5.1)', () => {
    const { write, read } = connected();
    for (let i = 0; i < 6; i++) write(0x10 + 4 * i, 4, 0xffff_ffff);
    const bars = [0, 1, 2, 3, 4, 5].map((i) => read(0x10 + 4 * i, 4).toString(16));
    expect(bars).toEqual(['fffff000', 'ffffffc1', 'ffff000c', 'ffffffff', '0', '0']);
  });

  it('puts its registers where the BARs say while decoding is on, and moves them with the BARs', () => {
    const { places, write, device } = connected();
    write(0x10, 4, 0xfebc_0000);
    write(0x14, 4, 0xc041);
    write(0x18, 4, 0xe000_0000);
    write(0x1c, 4, 0x1);
    expect(places).toEqual([null, null, null]);
    write(0x04, 2, C.COMMAND_IO);
    expect(places).toEqual([null, 0xc040, null]);
    write(0x04, 2, C.COMMAND_IO | C.COMMAND_MEMORY);
    expect(places).toEqual([0xfebc_0000, 0xc040, 0x1_e000_0000]);
    write(0x12, 2, 0xfe00);
    expect(places[0]).toBe(0xfe00_0000);
    write(0x10, 4, 0xffff_ffff);
    expect(places[0]).toBeNull();
    write(0x14, 4, 0x10000);
    expect(places[1]).toBeNull();
    device.reset();
    expect(places).toEqual([null, null, null]);
  });

  it('drives its pin unless the command register forbids it, and shows the state in the status register', () => {
    const { device, irq, write, read } = connected();
    device.drive(true);
    expect([irq.level, read(6, 2) & 8]).toEqual([true, 8]);
    write(4, 2, C.COMMAND_INTX_DISABLE);
    expect([irq.level, read(6, 2) & 8]).toEqual([false, 8]);
    write(4, 2, 0);
    expect(irq.level).toBe(true);
    device.drive(false);
    expect([irq.level, read(6, 2) & 8]).toEqual([false, 0]);
  });

  it('links its capabilities into a list', () => {
    const { read } = connected();
    expect(read(0x34, 1)).toBe(0x40);
    expect([read(0x40, 2), read(0x4c, 2)]).toEqual([0x4c05, 0x0011]);
  });

  it('restores BARs and pin, and refuses the state of another device', () => {
    const first = connected();
    first.write(0x10, 4, 0xfebc_0000);
    first.write(4, 2, C.COMMAND_MEMORY);
    first.device.drive(true);
    const saved = first.device.save();
    const second = connected();
    second.device.restore(saved);
    expect([second.places[0], second.irq.level]).toEqual([0xfebc_0000, true]);
    const config = [...(saved['config'] as number[])];
    config[0] ^= 1;
    expect(() => second.device.restore({ ...saved, config })).toThrow('of the same device');
  });
});

describe('MSI', () => {
  /** A function's capability with eight vectors. */
  const device = (options: { is64?: boolean; maskable?: boolean } = {}) => {
    const fn = new TestFunction();
    const sent: [address: number, data: number][] = [];
    const msi = new Msi({
      config: fn.config,
      vectors: 8,
      send: (...message) => void sent.push(message),
      ...options,
    });
    const at = fn.config.get(0x34, 1);
    const write = (offset: number, size: number, value: number): void => {
      fn.config.write(at + offset, size, value);
      msi.configChanged();
    };
    return { msi, sent, write, read: (offset: number, size: number) => fn.config.get(at + offset, size) };
  };

  it('sends the message with the number of the vector, of those that the driver has given (6.8.1.3)', () => {
    const { msi, sent, write, read } = device();
    expect([read(0, 1), read(2, 2)]).toEqual([0x05, 0x0006]);
    write(4, 4, 0xfee0_1003);
    write(8, 2, 0x404f);
    msi.notify(0);
    write(2, 2, 0x0021);
    for (const vector of [0, 3, 4]) msi.notify(vector);
    write(2, 2, 0x0071);
    msi.notify(7);
    msi.notify(8);
    expect(sent).toEqual([
      [0xfee0_1000, 0x404c],
      [0xfee0_1000, 0x404f],
      [0xfee0_1000, 0x404f],
    ]);
  });

  it('waits with vectors that are masked (6.8.1.4), and has addresses of 64 bits', () => {
    const { msi, sent, write, read } = device({ is64: true, maskable: true });
    expect(read(2, 2)).toBe(0x0186);
    write(4, 4, 0x1000);
    write(8, 4, 0x20);
    write(12, 2, 0x10);
    write(16, 4, 0xffff_ffff);
    expect(read(16, 4)).toBe(0xff);
    write(2, 2, 0x0031);
    msi.notify(1);
    msi.notify(6);
    write(20, 4, 0);
    expect([sent, read(20, 4)]).toEqual([[], 0x42]);
    write(16, 4, 0xfd);
    write(16, 4, 0xff);
    expect([sent, read(20, 4)]).toEqual([[[0x20_0000_1000, 0x11]], 0x40]);
    write(2, 2, 0x0030);
    write(16, 4, 0);
    expect(sent.length).toBe(1);
    write(2, 2, 0x0031);
    expect([sent[1], read(20, 4)]).toEqual([[0x20_0000_1000, 0x16], 0]);
  });
});

describe('MSI-X', () => {
  const device = () => {
    const fn = new TestFunction();
    const sent: [number, number][] = [];
    const msix = new Msix({
      config: fn.config,
      vectors: 40,
      bar: 1,
      send: (...message) => void sent.push(message),
    });
    const control = (value: number): void => {
      fn.config.write(fn.config.get(0x34, 1) + 2, 2, value);
      msix.configChanged();
    };
    const { read, write } = msix.region;
    const entry = (vector: number, address: number, data: number, masked: number): void => {
      write(16 * vector, 4, address % 2 ** 32);
      write(16 * vector + 4, 4, Math.floor(address / 2 ** 32));
      write(16 * vector + 8, 4, data);
      write(16 * vector + 12, 4, masked);
    };
    return { msix, sent, control, read: (offset: number) => read(offset, 4), entry, config: fn.config };
  };

  it('sends the message of a vector, if enabled and not masked; what is masked waits (6.8.2)', () => {
    const { msix, sent, control, read, entry, config } = device();
    expect(config.get(config.get(0x34, 1), 4)).toBe(0x00274011);
    entry(35, 0xfee0_1000, 0x4041, 0);
    msix.notify(35);
    expect(sent).toEqual([]);
    control(0xc000);
    msix.notify(35);
    msix.notify(39);
    msix.notify(40);
    expect([sent, read(0x800), read(0x804)]).toEqual([[], 0, 0x88]);
    control(0x8000);
    expect([sent, read(0x804)]).toEqual([[[0xfee0_1000, 0x4041]], 0x80]);
    entry(39, 2 ** 40 + 0x103, 7, 1);
    expect(sent.length).toBe(1);
    entry(39, 2 ** 40 + 0x103, 7, 0);
    expect([sent[1], read(0x804)]).toEqual([[2 ** 40 + 0x100, 7], 0]);
    msix.reset();
    expect([read(16 * 35), read(16 * 35 + 12)]).toEqual([0, 1]);
  });
});

describe('the ECAM host', () => {
  it('reaches functions of bus 0 by their place, and nothing elsewhere', () => {
    const bus = new PciBus({ swizzle: () => 0, route() {} });
    bus.add(0x0a, new TestFunction());
    const [{ read, write }] = new EcamHost({ bus, size: 0x10000000 }).regions;
    expect([read(0xa000, 4), read(0xa002, 2), read(0xa00b, 1)]).toEqual([0x56781234, 0x5678, 2]);
    write(0xa03c, 1, 0x77);
    expect(read(0xa03c, 1)).toBe(0x77);
    expect([read(0xa100, 4), read(0xb000, 4), read(0x10a000, 2)]).toEqual([0xffff_ffff, 0xffff_ffff, 0xffff]);
    write(0x10a03c, 1, 0x11);
    expect(read(0xa03c, 1)).toBe(0x77);
  });
});

describe('the bus', () => {
  it('wires pins to lines in turn and shares them', () => {
    const calls: [number, boolean][] = [];
    const bus = new PciBus({
      swizzle: (slot, pin) => (slot + pin + 3) & 3,
      route: (line, level) => void calls.push([line, level]),
    });
    const first = bus.intx(1 << 3, 0);
    const second = bus.intx(5 << 3, 0);
    const other = bus.intx(3 << 3, 1);
    first.set(true);
    second.set(true);
    first.set(false);
    first.set(false);
    second.set(false);
    other.set(true);
    expect(calls).toEqual([
      [0, true],
      [0, false],
      [3, true],
    ]);
  });

  it('has one function at a place', () => {
    const bus = new PciBus({ swizzle: () => 0, route() {} });
    bus.add(8, new TestFunction());
    expect(() => bus.add(8, new TestFunction())).toThrow(RangeError);
  });
});

describe('the configuration ports', () => {
  const ports = () => {
    const bus = new PciBus({ swizzle: () => 0, route() {} });
    bus.add(0x18, new TestFunction());
    const [address, data] = new PciConfigPorts({ bus }).regions;
    return { address, data };
  };

  it('reach bytes, words and dwords of the function that the address names', () => {
    const { address, data } = ports();
    address.write(0, 4, 0x8000_1800);
    expect([data.read(0, 4), data.read(2, 2), data.read(1, 1)]).toEqual([0x56781234, 0x5678, 0x12]);
    address.write(0, 4, 0x8000_183c);
    data.write(0, 1, 0x0b);
    expect(data.read(0, 2)).toBe(0x010b);
    // An address is a dword's; the data port's own address says which byte.
    address.write(0, 4, 0x8000_183f);
    expect([address.read(0, 4), data.read(1, 1)]).toEqual([0x8000_183c, 1]);
  });

  it('read all ones where nothing is, on other buses, and while not enabled', () => {
    const { address, data } = ports();
    for (const value of [0x8000_0000, 0x8001_1800, 0x0000_1800]) {
      address.write(0, 4, value);
      expect([data.read(0, 4), data.read(0, 2), data.read(3, 1)]).toEqual([0xffff_ffff, 0xffff, 0xff]);
      data.write(0, 4, 0);
    }
  });

  it('take no address but in a dword', () => {
    const { address } = ports();
    address.write(0, 4, 0x8000_1800);
    address.write(0, 2, 0x1234);
    address.write(1, 1, 0x12);
    expect([address.read(0, 4), address.read(2, 2), address.read(1, 1)]).toEqual([0x8000_1800, 0x8000, 0x18]);
  });
});

const bridge = () => {
  const segments: string[] = [];
  const smram: boolean[] = [];
  const memory = {
    pam: (segment: number, reads: boolean, writes: boolean) =>
      void (segments[segment] = `${reads ? 'r' : '-'}${writes ? 'w' : '-'}`),
    smram: (open: boolean, enabled: boolean) => void smram.splice(0, 2, open, enabled),
  };
  return { device: new I440fx({ memory }), segments, smram };
};

function pm() {
  const time = new FakeTime();
  const sci = new FakeIrq();
  const power: string[] = [];
  let smis = 0;
  const device = new Piix4Pm({
    sci,
    clock: time,
    timers: time,
    power: { powerOff: (code) => void power.push(`off ${code}`), reset: () => void power.push('reset') },
    smi: () => void smis++,
    log: new Log(),
  });
  const places: (number | null)[] = [];
  device.connect({ intx: new FakeIrq(), places: [{ move: (to) => void (places[0] = to) }] });
  const block = device.regions.at(-1)!;
  return {
    device,
    time,
    sci,
    power,
    places,
    block,
    apm: device.fixed[0],
    gpe: device.fixed[1],
    smis: () => smis,
  };
}

function piix3() {
  const irqs = Array.from({ length: 16 }, () => new FakeIrq());
  let resets = 0;
  const device = new Piix3({ irqs, reset: () => void resets++ });
  return { device, high: () => irqs.flatMap((irq, i) => (irq.level ? [i] : [])), resets: () => resets };
}

const disk = () => {
  const log = new Log();
  const geometry = { cylinders: 1, heads: 1, sectors: 1 };
  const type = new VirtioBlk({ node: new MemoryNode(new Uint8Array(512)), geometry, log });
  return new VirtioPci({ type, memory: new FakeMemory(4096), log, messages: true });
};

describe('the chipset', () => {
  it.each([
    ['i440fx', bridge().device, []],
    ['piix3', piix3().device, []],
    // The SMBus controller is not there, nor its registers.
    ['piix4-pm', pm().device, [0x90, 0xd0]],
    ['virtio-blk-pci', disk(), []],
  ] as [string, PciFunction, number[]][])(
    '%s has the configuration space of QEMU’s after reset',
    (name, device, missing) => {
      const { reset, writable } = qemu[name];
      reset.forEach((expected, i) => {
        const at = 4 * i;
        const value = missing.includes(at) ? '00000000' : expected;
        expect(device.configRead(at, 4).toString(16).padStart(8, '0'), `at 0x${at.toString(16)}`).toBe(value);
      });
      for (let at = 4; at < 0x40; at += 4) {
        device.configWrite(at, 4, 0xffff_ffff);
        const ones = device.configRead(at, 4);
        device.configWrite(at, 4, 0);
        expect((ones & ~device.configRead(at, 4)) >>> 0, `at 0x${at.toString(16)}`).toBe(
          Number.parseInt(writable[at / 4], 16),
        );
      }
    },
  );

  it('i440fx: each half of a PAM register rules its segment (datasheet, table 8)', () => {
    const { device, segments } = bridge();
    expect(segments).toEqual(Array(13).fill('--'));
    device.configWrite(0x59, 1, 0x30);
    device.configWrite(0x5a, 1, 0x12);
    device.configWrite(0x5f, 1, 0x31);
    expect(segments).toEqual(['rw', '-w', 'r-', ...Array(8).fill('--'), 'r-', 'rw']);
    device.reset();
    expect(segments).toEqual(Array(13).fill('--'));
  });

  it('i440fx: SMRAM opens, closes and locks until the next reset', () => {
    const { device, smram } = bridge();
    const write = (value: number): number => {
      device.configWrite(0x72, 1, value);
      return device.configRead(0x72, 1);
    };
    expect([write(0x4a), ...smram]).toEqual([0x4a, true, true]);
    expect([write(0x6a), ...smram]).toEqual([0x6a, false, true]);
    expect([write(0x08), ...smram]).toEqual([0x0a, false, true]);
    expect([write(0x5a), ...smram]).toEqual([0x1a, false, true]);
    expect([write(0x42), ...smram]).toEqual([0x1a, false, true]);
    device.reset();
    expect([device.configRead(0x72, 1), ...smram]).toEqual([0x02, false, false]);
  });

  it('piix3: routes lines to the interrupts that the registers name, shared ones too', () => {
    const { device, high } = piix3();
    device.setPirq(0, true);
    expect(high()).toEqual([]);
    device.configWrite(0x60, 4, 0x0b0b0a0a);
    expect(high()).toEqual([10]);
    device.setPirq(1, true);
    device.setPirq(0, false);
    expect(high()).toEqual([10]);
    device.setPirq(3, true);
    expect(high()).toEqual([10, 11]);
    device.configWrite(0x61, 1, 0x85);
    expect(high()).toEqual([11]);
    device.configWrite(0x61, 1, 0x05);
    expect(high()).toEqual([5, 11]);
  });

  it('piix3: its reset port resets on bit 2', () => {
    const { device, resets } = piix3();
    const [port] = device.fixed;
    port.write(0, 1, 0x02);
    expect([resets(), port.read(0, 1)]).toEqual([0, 2]);
    port.write(0, 1, 0x06);
    expect(resets()).toBe(1);
  });

  it('piix4-pm: shows its registers at PMBASE while PMIOSE is set', () => {
    const { device, places } = pm();
    device.configWrite(0x40, 4, 0x0601);
    expect(places[0]).toBeNull();
    device.configWrite(0x80, 1, 1);
    expect(places[0]).toBe(0x600);
    device.configWrite(0x40, 2, 0xb03f);
    expect([places[0], device.configRead(0x40, 4)]).toEqual([0xb000, 0xb001]);
    device.reset();
    expect(places[0]).toBeNull();
  });

  it('piix4-pm: SLP_EN with the type of S5 powers off; any other type does nothing', () => {
    const { block, power } = pm();
    block.write(4, 2, 0x0001);
    block.write(4, 2, 0x2401);
    expect([power, block.read(4, 2)]).toEqual([[], 0x0401]);
    block.write(4, 2, 0x2001);
    expect([power, block.read(4, 2)]).toEqual([['off 0'], 0x0001]);
  });

  it('piix4-pm: the APM port hands it over to ACPI, and raises an SMI if enabled', () => {
    const { device, block, apm, smis } = pm();
    apm.write(0, 1, 0xf1);
    expect(block.read(4, 2)).toBe(1);
    apm.write(0, 1, 0xf0);
    expect([block.read(4, 2), smis()]).toEqual([0, 0]);
    device.configWrite(0x5b, 1, 0x12);
    apm.write(0, 1, 0x42);
    apm.write(1, 1, 0x17);
    expect([apm.read(0, 1), apm.read(1, 1), smis()]).toEqual([0x42, 0x17, 1]);
  });

  it('piix4-pm: events interrupt while enabled, under ACPI, until their status is cleared by a 1', () => {
    const { device, block, sci, apm, gpe } = pm();
    block.write(2, 2, 0x0100);
    device.pressPowerButton();
    expect([block.read(0, 2), sci.level]).toEqual([0x0100, false]);
    apm.write(0, 1, 0xf1);
    expect(sci.level).toBe(true);
    block.write(0, 2, 0x0001);
    expect(sci.level).toBe(true);
    block.write(0, 2, 0x0100);
    expect([block.read(0, 2), sci.level]).toEqual([0, false]);
    gpe.write(2, 1, 0xff);
    expect([gpe.read(2, 1), gpe.read(3, 1), sci.level]).toEqual([0xff, 0, false]);
  });

  it('piix4-pm: TMR_STS is set each time bit 23 of the timer changes (ACPI, 4.8.3.3), 2.34 s apart', () => {
    const { block, time, sci, apm } = pm();
    const half = (2n ** 23n * 1_000_000_000n) / 3_579_545n;
    time.advance(half - 1000n);
    expect(block.read(0, 2)).toBe(0);
    time.advance(2000n);
    expect(block.read(0, 2)).toBe(1);
    block.write(0, 2, 1);
    expect(block.read(0, 2)).toBe(0);
    apm.write(0, 1, 0xf1);
    block.write(2, 2, 1);
    expect(sci.level).toBe(false);
    time.advance(half);
    expect(sci.level).toBe(true);
    block.write(0, 2, 1);
    expect(sci.level).toBe(false);
    time.advance(half);
    expect(sci.edges).toBe(2);
  });
});
