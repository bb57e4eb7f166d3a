import { describe, expect, it } from 'vitest';
import { deviceEnv } from '../../../tests/support/device-env.ts';
import type { BlockNode } from '../../block/block-node.ts';
import { MemoryNode } from '../../block/protocol/memory-node.ts';
import { Dma8237 } from '../dma/dma8237.ts';
import { floppyGeometry } from './floppy-geometry.ts';
import { I82077 } from './i82077.ts';

const KIB = 1024;

/** Sector i of an image is full of bytes i. */
function image(kib: number): Uint8Array {
  return Uint8Array.from({ length: kib * KIB }, (_, at) => Math.floor(at / 512) & 0xff);
}

function controller(drives: (BlockNode | null)[] = [new MemoryNode(image(1440)), null]) {
  const { irq, memory, log, shadow } = deviceEnv();
  const dma = new Dma8237({ memory, log });
  const device = new I82077({ irq, dma: dma.channel(2), drives, log, shadow });
  const [registers, dir] = device.regions;
  const dmaWrite = (offset: number, value: number): void => dma.regions[0].write(offset, 1, value);
  const pc = {
    device,
    irq,
    memory,
    log,
    dir,
    status: () => {
      const status = registers.read(4, 1);
      expect(shadow.values.get(4), 'what a vCPU reads').toBe(status);
      return status;
    },
    dor: (value: number) => registers.write(2, 1, value),
    /** Sends a command. */
    command: (...bytes: number[]) => {
      for (const byte of bytes) registers.write(5, 1, byte);
    },
    byte: () => registers.read(5, 1),
    put: (value: number) => registers.write(5, 1, value),
    /** Reads the result as long as there is one. */
    result: () => {
      const bytes: number[] = [];
      while ((pc.status() & 0xd0) === 0xd0) bytes.push(registers.read(5, 1));
      return bytes;
    },
    /** Programs the channel for bytes at 0x1000: 0x46 to memory, 0x4a from it. */
    dma: (mode: number, length: number) => {
      dmaWrite(0x0a, 0x06);
      dmaWrite(0x0c, 0);
      dmaWrite(0x04, 0x00);
      dmaWrite(0x04, 0x10);
      dmaWrite(0x05, (length - 1) & 0xff);
      dmaWrite(0x05, (length - 1) >> 8);
      dmaWrite(0x0b, mode);
      dmaWrite(0x0a, 0x02);
    },
  };
  // Reset, as every driver begins: four drives report themselves.
  pc.dor(0x08);
  pc.dor(0x1c);
  for (let i = 0; i < 4; i++) {
    pc.command(0x08);
    expect(pc.result()).toEqual([0xc0 | i, 0]);
  }
  pc.command(0x03, 0xaf, 0x02);
  return pc;
}

describe('82077AA', () => {
  it('resets with an interrupt, and reports itself as enhanced', () => {
    const pc = controller();
    pc.command(0x10);
    expect(pc.result()).toEqual([0x90]);
    pc.command(0x08);
    expect(pc.result()).toEqual([0x80]);
    pc.command(0x1f);
    expect(pc.result()).toEqual([0x80]);
    pc.dor(0x08);
    expect(pc.status()).toBe(0);
    pc.dor(0x0c);
    expect([pc.irq.level, pc.status()]).toEqual([true, 0x80]);
  });

  it('seeks and recalibrates, and tells once that the medium was changed', () => {
    const pc = controller();
    expect(pc.dir.read(0, 1)).toBe(0x80);
    pc.command(0x0f, 0x00, 12);
    expect(pc.irq.level).toBe(true);
    pc.command(0x08);
    expect(pc.result()).toEqual([0x20, 12]);
    expect([pc.irq.level, pc.dir.read(0, 1)]).toEqual([false, 0]);
    pc.command(0x07, 0x00);
    pc.command(0x08);
    expect(pc.result()).toEqual([0x20, 0]);
    pc.command(0x04, 0x04);
    expect(pc.result()).toEqual([0x3c]);
    pc.device.changeMedium(0, null);
    expect(pc.dir.read(0, 1)).toBe(0x80);
    pc.command(0x07, 0x00);
    expect(pc.dir.read(0, 1)).toBe(0x80);
  });

  it('reads sectors by DMA until the count is used up, over both heads with MT', () => {
    const pc = controller();
    pc.dma(0x46, 3 * 512);
    pc.command(0xe6, 0x00, 0, 0, 17, 2, 18, 0x1b, 0xff);
    expect(pc.irq.level).toBe(true);
    expect(pc.result()).toEqual([0x04, 0, 0, 0, 1, 2, 2]);
    expect(pc.irq.level).toBe(false);
    const bytes = pc.memory.read(0x1000, 3 * 512)!;
    expect([bytes[0], bytes[512], bytes[1024], bytes[1535]]).toEqual([16, 17, 18, 18]);
  });

  it('starts when the channel is unmasked, if that comes after the command', () => {
    const pc = controller();
    pc.command(0xe6, 0x00, 0, 0, 3, 2, 18, 0x1b, 0xff);
    expect([pc.irq.level, pc.status() & 0x10]).toEqual([false, 0x10]);
    pc.dma(0x46, 512);
    expect(pc.result().slice(0, 3)).toEqual([0, 0, 0]);
    expect(pc.memory.read(0x1000, 1)).toEqual(Uint8Array.of(2));
  });

  it('writes sectors by DMA, and formats a track', () => {
    const pc = controller();
    pc.memory.write(0x1000, new Uint8Array(1024).fill(0xa5));
    pc.dma(0x4a, 1024);
    pc.command(0xc5, 0x00, 0, 0, 5, 2, 18, 0x1b, 0xff);
    expect(pc.result()).toEqual([0, 0, 0, 0, 0, 7, 2]);
    pc.dma(0x46, 512);
    pc.command(0xe6, 0x00, 0, 0, 6, 2, 18, 0x1b, 0xff);
    pc.result();
    expect(pc.memory.read(0x1000, 2)).toEqual(Uint8Array.of(0xa5, 0xa5));
    pc.memory.write(0x1000, Uint8Array.of(0, 0, 6, 2, 0, 0, 7, 2));
    pc.dma(0x4a, 8);
    pc.command(0x4d, 0x00, 2, 2, 0x50, 0xf6);
    expect(pc.result().slice(0, 3)).toEqual([0, 0, 0]);
    pc.dma(0x46, 512);
    pc.command(0xe6, 0x00, 0, 0, 6, 2, 18, 0x1b, 0xff);
    pc.result();
    expect(pc.memory.read(0x1000, 1)).toEqual(Uint8Array.of(0xf6));
  });

  it.each([
    ['writes a sector', [0x45, 0x00, 0, 0, 5, 2, 5, 0x1b, 0xff], 512, [0x40, 0x80]],
    ['formats a track', [0x4d, 0x00, 2, 2, 0x50, 0xf6], 8, [0, 0]],
  ])(
    '%s once, however often the channel is unmasked while the medium takes its time',
    async (_what, command, length, status) => {
      const node = new MemoryNode(image(1440));
      const writes: number[] = [];
      const slow: BlockNode = Object.assign(Object.create(node) as MemoryNode, {
        write: async (offset: number, bytes: Uint8Array) => {
          writes.push(offset);
          await Promise.resolve();
          return node.write(offset, bytes);
        },
      });
      const pc = controller([slow, null]);
      pc.memory.write(0x1000, Uint8Array.of(0, 0, 6, 2, 0, 0, 7, 2));
      // Autoinit: the channel stays unmasked.
      pc.dma(0x5a, 2 * length);
      pc.command(...command);
      const first = [...writes];
      pc.dma(0x5a, 2 * length);
      pc.dma(0x5a, 2 * length);
      for (let i = 0; i < 10; i++) await Promise.resolve();
      expect(writes).toEqual(first);
      expect(pc.result().slice(0, 2)).toEqual(status);
    },
  );

  it('formats no sector by a list of none, without DMA too', () => {
    const pc = controller();
    pc.command(0x03, 0xaf, 0x03);
    pc.command(0x4d, 0x00, 2, 0, 0x50, 0xf6);
    expect(pc.result().slice(0, 3)).toEqual([0, 0, 0]);
  });

  it('moves data through its register where the guest wants no DMA', () => {
    const pc = controller();
    pc.command(0x03, 0xaf, 0x03);
    pc.command(0x46, 0x00, 0, 0, 9, 2, 9, 0x1b, 0xff);
    expect([pc.irq.level, pc.status()]).toEqual([true, 0xf0]);
    const bytes = Array.from({ length: 512 }, () => pc.byte());
    expect(new Set(bytes)).toEqual(new Set([8]));
    // The end of the cylinder, since there is no terminal count.
    expect(pc.result().slice(0, 2)).toEqual([0x40, 0x80]);
    pc.command(0x45, 0x00, 0, 0, 2, 2, 2, 0x1b, 0xff);
    expect(pc.status()).toBe(0xb0);
    for (let i = 0; i < 512; i++) pc.put(0x77);
    expect(pc.result().slice(0, 2)).toEqual([0x40, 0x80]);
    pc.command(0x46, 0x00, 0, 0, 2, 2, 2, 0x1b, 0xff);
    expect(pc.byte()).toBe(0x77);
  });

  it.each([
    ['a sector that the track does not have', [0xe6, 0x00, 0, 0, 19, 2, 19, 0x1b, 0xff], [0x40, 0x04, 0x00]],
    ['another track than the head is on', [0xe6, 0x00, 4, 0, 1, 2, 18, 0x1b, 0xff], [0x40, 0x04, 0x10]],
    ['a drive with nothing in it', [0xe6, 0x01, 0, 0, 1, 2, 18, 0x1b, 0xff], [0x41, 0x01, 0x00]],
    ['a drive that is not there', [0xe6, 0x02, 0, 0, 1, 2, 18, 0x1b, 0xff], [0x42, 0x01, 0x00]],
  ])('does not find %s', (_what, command, status) => {
    const pc = controller();
    pc.dma(0x46, 512);
    pc.command(...command);
    expect(pc.result().slice(0, 3)).toEqual(status);
  });

  it('does not find a medium at the wrong data rate, and protects a read-only one', () => {
    const pc = controller([new MemoryNode(image(720)), new MemoryNode(image(1440), { readOnly: true })]);
    pc.command(0x4a, 0x00);
    expect(pc.result().slice(0, 3)).toEqual([0x40, 0x01, 0]);
    pc.dir.write(0, 1, 2);
    pc.command(0x4a, 0x00);
    expect(pc.result()).toEqual([0, 0, 0, 0, 0, 2, 2]);
    pc.dir.write(0, 1, 0);
    pc.command(0x04, 0x01);
    expect(pc.result()[0] & 0x40).toBe(0x40);
    pc.command(0xc5, 0x01, 0, 0, 5, 2, 18, 0x1b, 0xff);
    expect(pc.result().slice(0, 3)).toEqual([0x41, 0x02, 0]);
  });

  it.each([
    [160, 40, 1, 8],
    [360, 40, 2, 9],
    [720, 80, 2, 9],
    [1200, 80, 2, 15],
    [1440, 80, 2, 18],
    [2880, 80, 2, 36],
    [1000, 80, 2, 15],
  ])('%i KiB have %i tracks, %i heads and %i sectors', (kib, tracks, heads, sectors) => {
    expect(floppyGeometry(kib * KIB)).toMatchObject({ tracks, heads, sectors });
  });

  it('knows no floppy of more than 2.88 MB', () => {
    expect(floppyGeometry(2881 * KIB)).toBeNull();
  });
});
