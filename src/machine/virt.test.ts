import { describe, expect, it } from 'vitest';
import { riscvImage } from '../../tests/support/boot-files.ts';
import { FakeTime } from '../../tests/support/device-env.ts';
import { readBlob } from '../../tests/support/device-tree.ts';
import { regions } from '../../tests/support/regions.ts';
import { Log } from '../core/log.ts';
import { SlotGuestMemory } from '../memory/guest-memory.ts';
import * as L from '../memory/layout.gen.ts';
import { VmMemory } from '../memory/vm-memory.ts';
import type { BootImages } from './boot/riscv-boot.ts';
import { VIRT_1_0 } from './virt.ts';

const MIB = 1048576;
const RAM = 0x8000_0000;

function build(images: Partial<BootImages> = {}, ramMib = 64) {
  const ramBytes = ramMib * MIB;
  const vm = new VmMemory({ vcpus: 1, icount: null, slots: VIRT_1_0.slots(ramBytes) });
  const memory = new SlotGuestMemory(vm);
  const time = new FakeTime();
  let seeds = 0;
  const board = VIRT_1_0.build({
    vm,
    memory,
    clock: time,
    wallClock: time,
    rtc: time,
    timers: time,
    log: new Log(),
    power: { powerOff() {}, reset() {} },
    serial: { transmit() {}, take: () => null, setBreak() {} },
    ramBytes,
    drives: [],
    leds() {},
    images: { firmware: null, kernel: null, initrd: null, ...images },
    commandLine: 'console=ttyS0',
    arch: 'riscv64',
    vga: 'none',
    random: (bytes) => void bytes.fill(++seeds),
  });
  return { vm, memory, board };
}

const fdtOf = (memory: SlotGuestMemory): ReturnType<typeof readBlob> => {
  const vector = new DataView(memory.read(0x1000, 0x58)!.buffer);
  const address = Number(vector.getBigUint64(0x20, true));
  const size = new DataView(memory.read(address, 8)!.buffer).getUint32(4);
  return readBlob(memory.read(address, size)!);
};

describe('virt-1.0', () => {
  it("has QEMU 7.2's memory map (info mtree -f), less flash, PCI's ports and its BARs", () => {
    const virtio = Array.from({ length: 8 }, (_, i) => `1000${i + 1}000-1000${i + 1}1ff mmio`);
    expect(regions(build().vm)).toEqual([
      '00001000-0000ffff rom',
      '00100000-00100fff mmio',
      '00101000-00101023 mmio',
      '02000000-0200bfff local',
      '0c000000-0c5fffff local',
      '10000000-10000007 mmio',
      ...virtio,
      '10100000-10100017 mmio',
      '30000000-3fffffff mmio',
      '80000000-83ffffff ram',
    ]);
  });

  it("answers as QEMU's devices do after reset", () => {
    const { board } = build();
    const read = (name: string, offset: number, size: number) =>
      board.regions.find((region) => region.name === name)!.read(offset, size);
    const words = [0, 4, 8, 0xc, 0x10, 0x70, 0x100, 0x34].map((offset) => read('virtio-mmio', offset, 4));
    expect(words).toEqual([0x74726976, 1, 0, 0x554d4551, 0, 0, 0, 0]);
    expect([0, 1, 2, 3, 5, 6].map((offset) => read('uart', offset, 1))).toEqual([0, 0, 1, 0, 0x60, 0xb0]);
  });

  it('loads images, device tree and reset vector at reset, again after the guest overwrote them, and keeps other RAM', async () => {
    // Large enough to be kept in a Blob.
    const size = 32 * 4096;
    const kernel = riscvImage(size, { imageSize: size + 4096 });
    const { board, memory } = build({ kernel, initrd: Uint8Array.of(1, 2, 3) });
    expect(board.resetPc).toBe(0x1000);
    const state = () => [memory.read(RAM, size), memory.read(RAM + 32 * MIB, 3), memory.read(0x1000, 0x58)];
    await board.reset();
    const first = state();
    expect([...first[0]!]).toEqual([...kernel]);
    const tree = fdtOf(memory);
    expect(tree['/chosen']).toMatchObject({
      bootargs: Buffer.from('console=ttyS0\0').toString('hex'),
      'linux,initrd-start': '82000000',
      'linux,initrd-end': '82000003',
      'rng-seed': '01'.repeat(32),
    });
    memory.write(RAM, new Uint8Array(size + 4096).fill(0xff));
    memory.write(RAM + size + 4096, Uint8Array.of(0x77));
    await board.reset();
    expect(state()).toEqual(first);
    expect([...memory.read(RAM + size + 4094, 3)!]).toEqual([0, 0, 0x77]);
    expect(fdtOf(memory)['/chosen']['rng-seed']).toBe('02'.repeat(32));
  });

  it('drives the IRQ lines of its PLIC sources', async () => {
    const { vm, board } = build();
    await board.reset();
    const uart = board.regions.find((region) => region.name === 'uart')!;
    uart.write(1, 1, 2);
    expect(vm.load(L.IRQ_LEVEL)).toBe(1 << 10);
    uart.read(2, 1);
    expect(vm.load(L.IRQ_LEVEL)).toBe(0);
    const rtc = board.regions.find((region) => region.name === 'rtc')!;
    rtc.write(0x10, 4, 1);
    rtc.write(0x08, 4, 0);
    expect(vm.load(L.IRQ_LEVEL)).toBe(1 << 11);
    await board.reset();
    expect(vm.load(L.IRQ_LEVEL)).toBe(0);
  });
});
