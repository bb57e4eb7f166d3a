import { describe, expect, it } from 'vitest';
import { bzImage } from '../../tests/support/boot-files.ts';
import { FakeTime } from '../../tests/support/device-env.ts';
import { regions } from '../../tests/support/regions.ts';
import { Log, type LogEntry } from '../core/log.ts';
import { SlotGuestMemory } from '../memory/guest-memory.ts';
import * as L from '../memory/layout.gen.ts';
import { VmMemory } from '../memory/vm-memory.ts';
import { PC_1_0 } from './pc.ts';

const MIB = 1048576;

function build({
  arch = 'i386',
  ramMib = 64,
  initrd = null as Uint8Array | null,
  firmware = null as Uint8Array | null,
} = {}) {
  const ramBytes = ramMib * MIB;
  const vm = new VmMemory({
    vcpus: 1,
    icount: null,
    slots: PC_1_0.slots(ramBytes, firmware ? [firmware.length] : [], 'std'),
  });
  const memory = new SlotGuestMemory(vm);
  const time = new FakeTime();
  const entries: LogEntry[] = [];
  const power: string[] = [];
  const sent: number[] = [];
  const kernel = bzImage(8192, { initSize: 4 * MIB, is64: arch === 'x86_64' });
  const board = PC_1_0.build({
    vm,
    memory,
    clock: time,
    wallClock: time,
    rtc: time,
    timers: time,
    log: new Log((entry) => void entries.push(entry)),
    power: { powerOff: (code) => void power.push(`off ${code}`), reset: () => void power.push('reset') },
    serial: { transmit: (byte) => void sent.push(byte), take: () => null, setBreak() {} },
    ramBytes,
    arch,
    images: {
      firmware,
      kernel: firmware ? null : kernel,
      initrd,
      fwCfg: [{ name: 'opt/test', bytes: Uint8Array.of(7, 8) }],
    },
    vga: 'std',
    drives: [],
    leds() {},
    commandLine: 'console=ttyS0',
    random: (bytes) => void bytes.fill(1),
  });
  const at = (port: number) => {
    for (let i = vm.load(L.VM_REGION_COUNT) - 1; i >= 0; i--) {
      const entry = L.REGION_TABLE + i * L.REGION_STRIDE;
      const base = Number(vm.view.getBigUint64(entry + L.REGION_BASE, true));
      const size = Number(vm.view.getBigUint64(entry + L.REGION_SIZE, true));
      const offset = L.IO_PORT_BASE + port - base;
      if (offset < 0 || offset >= size) continue;
      if (vm.view.getUint32(entry + L.REGION_KIND, true) !== L.REGION_KIND_MMIO) return null;
      return { region: board.regions[vm.view.getUint32(entry + L.REGION_DEVICE, true)], offset };
    }
    return null;
  };
  const inb = (port: number, size = 1): number => {
    const found = at(port)!;
    return found.region.read(found.offset, size);
  };
  const out = (port: number, value: number, size = 1): void => {
    const found = at(port)!;
    found.region.write(found.offset, size, value);
  };
  const config = (devfn: number, offset: number, size: number, value: number): void => {
    out(0xcf8, 0x8000_0000 + (devfn << 8) + (offset & ~3), 4);
    out(0xcfc + (offset & 3), value, size);
  };
  return { vm, memory, board, time, kernel, entries, power, sent, at, inb, out, config };
}

/** Linear address of the memory that a guest-physical address shows; null: none. */
function linearAt(vm: VmMemory, address: number): number | null {
  for (let i = vm.load(L.VM_REGION_COUNT) - 1; i >= 0; i--) {
    const at = L.REGION_TABLE + i * L.REGION_STRIDE;
    const offset = address - Number(vm.view.getBigUint64(at + L.REGION_BASE, true));
    if (offset < 0 || offset >= Number(vm.view.getBigUint64(at + L.REGION_SIZE, true))) continue;
    return vm.view.getUint32(at + L.REGION_LINEAR, true) + offset;
  }
  return null;
}

describe('pc-1.0', () => {
  it('has the memory map and ports of QEMU 7.2’s pc (info mtree -f), as far as its devices are there', async () => {
    const { vm, board } = build();
    await board.reset();
    const map = regions(vm);
    for (const line of [
      '00000000-0009ffff ram',
      '00100000-03ffffff ram',
      '000a0000-000bffff local',
      'fec00000-fec00fff local',
      'fed00000-fed003ff local',
      'fee00000-fee00fff local',
      'fffc0000-ffffffff rom',
      'io 0020-0021 local',
      'io 0040-0043 local',
      'io 0060-0060 mmio',
      'io 0061-0061 local',
      'io 0064-0064 mmio',
      'io 0070-0071 mmio',
      'io 0092-0092 mmio',
      'io 00b2-00b3 mmio',
      'io 0cf8-0cfb mmio',
      'io 0cf9-0cf9 mmio',
      'io 0cfc-0cff mmio',
      'io afe0-afe3 mmio',
      'io 00a0-00a1 local',
      'io 00e9-00e9 mmio',
      'io 02e8-02ef mmio',
      'io 02f8-02ff mmio',
      'io 03e8-03ef mmio',
      'io 03f8-03ff mmio',
      'io 01ce-01d1 mmio',
      'io 03b0-03df local',
      'io 04d0-04d1 local',
      'io 0501-0502 mmio',
      'io 0510-0511 mmio',
      'io 0514-051b mmio',
    ]) {
      expect(map).toContain(line);
    }
    // Nobody answers at ports 0x80 and 0xed, which Linux writes to wait.
    expect(map.some((line) => /^io (0080|00ed)/.test(line))).toBe(false);
  });

  it('shows ISA below 1 MiB until the host bridge is told otherwise: the end of the ROM, and nothing below it', async () => {
    const { vm, board, config } = build();
    await board.reset();
    const low = () => regions(vm).filter((line) => /^000[c-f]/.test(line));
    const rom = low();
    expect(rom[0]).toBe('000e0000-000e3fff rom');
    expect(rom).toHaveLength(5);
    config(0x00, 0x58, 4, 0x11113000);
    config(0x00, 0x5c, 4, 0x11111111);
    expect(low()).toHaveLength(13);
    expect(low()[0]).toBe('000c0000-000c3fff rom');
    expect(low()[12]).toBe('000f0000-000fffff ram');
    expect(vm.slots.find((slot) => slot.name === 'ram.pam')!.linear + 0x30000).toBe(linearAt(vm, 0xf0000));
    config(0x00, 0x72, 1, 0x4a);
    expect(regions(vm)).toContain('000a0000-000bffff ram');
    expect(regions(vm)).toContain('80000000a0000-80000000bffff ram');
    config(0x00, 0x72, 1, 0x0a);
    expect(regions(vm)).not.toContain('000a0000-000bffff ram');
    expect(linearAt(vm, L.SMRAM_ALIAS + 0xa0000)).toBe(
      vm.slots.find((slot) => slot.name === 'smram')!.linear,
    );
    await board.reset();
    expect(low()).toEqual(rom);
    expect(linearAt(vm, L.SMRAM_ALIAS + 0xa0000)).toBeNull();
  });

  it('moves the power management registers, and the timer that the worker answers with them', async () => {
    const { vm, board, config } = build();
    await board.reset();
    config(0x0b, 0x40, 4, 0x601);
    config(0x0b, 0x80, 1, 1);
    expect(regions(vm)).toContain('io 0600-063f mmio');
    expect(regions(vm)).toContain('io 0608-060b local');
    config(0x0b, 0x40, 4, 0xb001);
    expect(regions(vm)).toContain('io b008-b00b local');
    await board.reset();
    expect(regions(vm).some((line) => /^io (0600|0608|b000|b008)/.test(line))).toBe(false);
  });

  it('finds its chips on PCI bus 0, where QEMU has them', () => {
    const { inb, out } = build();
    const found = [];
    for (let devfn = 0; devfn < 256; devfn++) {
      out(0xcf8, 0x8000_0000 + (devfn << 8), 4);
      const id = inb(0xcfc, 4);
      if (id !== 0xffff_ffff) found.push(`${devfn >> 3}.${devfn & 7} ${id.toString(16)}`);
    }
    expect(found).toEqual(['0.0 12378086', '1.0 70008086', '1.1 70108086', '1.3 71138086', '2.0 11111234']);
  });

  it('asks the processor for a system management interrupt when the APM port is set up for it', async () => {
    const { vm, board, config, out } = build();
    out(0xb2, 0x55);
    expect(vm.load(L.VM_X86_EVENTS)).toBe(0);
    config(0x0b, 0x5b, 1, 2);
    out(0xb2, 0x55);
    expect(vm.load(L.VM_X86_EVENTS)).toBe(2);
    expect(vm.load(vm.vcpu(0) + L.COMM_KICK)).toBeGreaterThan(0);
    await board.reset();
    expect(vm.load(L.VM_X86_EVENTS)).toBe(0);
  });

  it('loads images and reset vector at reset, again after the guest overwrote them, and keeps other RAM', async () => {
    const { board, memory, kernel } = build({ initrd: Uint8Array.of(1, 2, 3) });
    expect(board.resetPc).toBe(0xffff_fff0);
    const state = () => [
      memory.read(MIB, 8192),
      memory.read(64 * MIB - 0x21000, 3),
      memory.read(0x7000, 4096),
      memory.read(0xffff_0000, 65536),
    ];
    await board.reset();
    const first = state();
    expect([...first[0]!]).toEqual([...kernel.subarray(1536)]);
    expect([...first[1]!]).toEqual([1, 2, 3]);
    // jmp 0 in the 16-bit code at the reset vector.
    expect([...first[3]!.subarray(0xfff0, 0xfff3)]).toEqual([0xe9, 0x0d, 0x00]);
    memory.write(MIB, new Uint8Array(8192).fill(0xff));
    memory.write(0x7000, new Uint8Array(4096));
    memory.write(0x5000, Uint8Array.of(0x77));
    await board.reset();
    expect(state()).toEqual(first);
    expect([...memory.read(0x5000, 1)!]).toEqual([0x77]);
  });

  it('tells of its memory in CMOS as QEMU does for -m 64', () => {
    const { inb, out } = build();
    const cmos = (index: number): number => {
      out(0x70, index);
      return inb(0x71);
    };
    const word = (index: number): number => cmos(index) | (cmos(index + 1) << 8);
    expect([word(0x15), word(0x17), word(0x30), word(0x34)]).toEqual([640, 63 * 1024, 63 * 1024, 48 * 16]);
    expect([cmos(0x5f), cmos(0x14)]).toEqual([0, 6]);
  });

  it('drives the IRQ lines of ISA; ports that share a line hold it together', async () => {
    const { vm, board, out, inb } = build();
    await board.reset();
    const level = () => vm.load(L.IRQ_LEVEL);
    out(0x3f9, 2);
    expect(level()).toBe(1 << 4);
    out(0x3e9, 2);
    inb(0x3fa);
    expect(level()).toBe(1 << 4);
    inb(0x3ea);
    expect(level()).toBe(0);
    out(0x2f9, 2);
    expect(level()).toBe(1 << 3);
    inb(0x2fa);
    out(0x64, 0xaa);
    expect(level()).toBe(1 << 1);
    await board.reset();
    expect(level()).toBe(0);
  });

  it('connects the host to COM1, and nothing to the others', () => {
    const { out, sent, inb } = build();
    out(0x3f8, 0x41);
    out(0x2f8, 0x42);
    expect(sent).toEqual([0x41]);
    expect([0x3fd, 0x2fd, 0x3ed, 0x2ed].map((port) => inb(port))).toEqual([0x60, 0x60, 0x60, 0x60]);
  });

  it('masks A20 in the shared memory, with a new generation of the map, until the next reset', async () => {
    const { vm, board, out } = build();
    await board.reset();
    const state = () => [vm.load(L.VM_A20_FORCED), vm.load(L.VM_MAP_GENERATION)];
    const [, generation] = state();
    out(0x92, 0);
    expect(state()).toEqual([1 << 20, generation + 1]);
    out(0x92, 0);
    expect(state()).toEqual([1 << 20, generation + 1]);
    out(0x64, 0xdf);
    expect(state()).toEqual([0, generation + 2]);
    out(0x64, 0xdd);
    await board.reset();
    expect(state()[0]).toBe(0);
  });

  it('resets and ends at the guest’s wish, and passes on what it says', () => {
    const { out, power, entries } = build();
    out(0x64, 0xfe);
    out(0x92, 3);
    out(0xcf9, 6);
    out(0x501, 0x2a);
    expect(power).toEqual(['reset', 'reset', 'reset', 'off 85']);
    for (const byte of Buffer.from('hello\n')) out(0xe9, byte);
    expect(entries).toEqual([{ level: 'info', source: 'debugcon', message: 'hello' }]);
  });

  it('hides the memory of system management mode from devices', async () => {
    const { board, memory } = build();
    await board.reset();
    expect(memory.read(0xa0000, 1)).toBeNull();
    expect(memory.write(0xbffff, Uint8Array.of(1))).toBe(false);
    expect(memory.read(0x9ffff, 1)).not.toBeNull();
    expect(memory.read(0xc0000, 1)).not.toBeNull();
  });

  it('shows firmware below 4 GiB and, while the chipset shows ISA there, below 1 MiB', async () => {
    const firmware = new Uint8Array(0x40000).map((_, i) => (i * 7) & 0xff);
    const { vm, board } = build({ firmware });
    await board.reset();
    for (const [address, offset] of [
      [0xfffc0000, 0],
      [0xffffffff, 0x3ffff],
      [0xe0000, 0x20000],
      [0xfffff, 0x3ffff],
    ]) {
      expect(vm.u8[linearAt(vm, address)!]).toBe(firmware[offset]);
    }
  });

  it('tells firmware by fw_cfg what there is, and has the files of -fw_cfg', async () => {
    const { board, inb, out } = build({ firmware: new Uint8Array(0x20000) });
    await board.reset();
    const item = (key: number, length: number): Buffer => {
      out(0x510, key, 2);
      return Buffer.from(Array.from({ length }, () => inb(0x511)));
    };
    const count = item(0x19, 4).readUInt32BE(0);
    const directory = item(0x19, 4 + 64 * count).subarray(4);
    const files = Array.from({ length: count }, (_, i) => directory.subarray(64 * i, 64 * i + 64)).map(
      (entry) => ({
        name: entry.subarray(8).toString('latin1').replace(/\0+$/, ''),
        bytes: [...item(entry.readUInt16BE(4), entry.readUInt32BE(0))],
      }),
    );
    expect(files.map(({ name }) => name)).toEqual([
      'etc/acpi/rsdp',
      'etc/acpi/tables',
      'etc/e820',
      'etc/smbios/smbios-anchor',
      'etc/smbios/smbios-tables',
      'etc/system-states',
      'etc/table-loader',
      'opt/test',
    ]);
    expect(files.at(-1)?.bytes).toEqual([7, 8]);
    // One range of RAM: base, length, type.
    expect(files[2].bytes).toEqual([...new Array(8).fill(0), 0, 0, 0, 4, 0, 0, 0, 0, 1, 0, 0, 0]);
  });

  it('refuses firmware that is no multiple of 64 KiB or does not fit', () => {
    for (const size of [0, 1000, 0x810000])
      expect(() => build({ firmware: new Uint8Array(size) })).toThrow(
        expect.objectContaining({ code: 'bad-image' }),
      );
  });
});
