import { beforeEach, describe, expect, it } from 'vitest';
import { deviceEnv } from '../../../tests/support/device-env.ts';
import {
  FW_CFG_FILE_DIR,
  FW_CFG_FILE_FIRST,
  FW_CFG_ID,
  FW_CFG_NB_CPUS,
  FW_CFG_RAM_SIZE,
  FwCfg,
} from './fw-cfg.ts';

const DATA = 0x00;
const SELECTOR = 0x08;
const DMA_HIGH = 0x10;
const DMA_LOW = 0x14;

const ERROR = 1;
const READ = 2;
const SKIP = 4;
const SELECT = 8;
const WRITE = 16;

const DESCRIPTOR = 0x100;
const BUFFER = 0x200;

function fixture() {
  const env = deviceEnv();
  const { memory, shadow, log } = env;
  const device = new FwCfg({ memory, shadow, log, ramBytes: 0x1_4000_0000, vcpus: 3 });
  device.addFile('etc/table', new TextEncoder().encode('contents'));
  device.addFile('bootorder', Uint8Array.of(0));
  const region = device.regions[0];
  const swap = (value: number): number =>
    Buffer.from([24, 16, 8, 0].map((s) => (value >>> s) & 255)).readUInt32LE();
  return {
    ...env,
    device,
    region,
    select: (item: number) => region.write(SELECTOR, 2, ((item & 0xff) << 8) | (item >> 8)),
    bytes: (count: number) => Array.from({ length: count }, () => region.read(DATA, 1)),
    dma: (control: number, length: number, address: number, descriptor = DESCRIPTOR) => {
      const view = new DataView(memory.bytes.buffer);
      if (descriptor + 16 <= memory.bytes.length) {
        view.setUint32(descriptor, control);
        view.setUint32(descriptor + 4, length);
        view.setUint32(descriptor + 8, Math.floor(address / 2 ** 32));
        view.setUint32(descriptor + 12, address >>> 0);
      }
      region.write(DMA_HIGH, 4, 0);
      region.write(DMA_LOW, 4, swap(descriptor));
      return descriptor + 16 <= memory.bytes.length ? view.getUint32(descriptor) : -1;
    },
    text: (at: number, length: number) =>
      Buffer.from(memory.bytes.subarray(at, at + length)).toString('latin1'),
  };
}

let f: ReturnType<typeof fixture>;
beforeEach(() => {
  f = fixture();
});

describe('fw_cfg through registers', () => {
  it('starts with its signature selected', () => {
    expect(f.bytes(6)).toEqual([...Buffer.from('QEMU'), 0, 0]);
  });

  it.each([
    [FW_CFG_ID, [3, 0, 0, 0]],
    [FW_CFG_NB_CPUS, [3, 0]],
    [FW_CFG_RAM_SIZE, [0, 0, 0, 0x40, 1, 0, 0, 0]],
    [0x7ff, [0, 0, 0]],
  ])('reads item 0x%s', (item, expected) => {
    f.select(item);
    expect(f.bytes(expected.length)).toEqual(expected);
  });

  it('streams bytes in order for every access width', () => {
    f.select(0);
    expect(f.region.read(DATA, 2)).toBe(0x4551);
    f.select(0);
    expect(f.region.read(DATA, 4)).toBe(0x554d4551);
  });

  it('lists files by name with their items', () => {
    f.select(FW_CFG_FILE_DIR);
    const bytes = Buffer.from(f.bytes(4 + 2 * 64));
    expect(bytes.readUInt32BE(0)).toBe(2);
    expect([bytes.readUInt32BE(4), bytes.readUInt16BE(8)]).toEqual([1, FW_CFG_FILE_FIRST]);
    expect(bytes.toString('latin1', 12, 68).replace(/\0+$/, '')).toBe('bootorder');
    expect([bytes.readUInt32BE(68), bytes.readUInt16BE(72)]).toEqual([8, FW_CFG_FILE_FIRST + 1]);
    f.select(FW_CFG_FILE_FIRST + 1);
    expect(Buffer.from(f.bytes(8)).toString()).toBe('contents');
  });

  it('ignores writes to the data register and selects of a wrong width', () => {
    f.region.write(DATA, 1, 0xff);
    f.region.write(SELECTOR, 4, 0x1900);
    expect(f.bytes(4)).toEqual([...Buffer.from('QEMU')]);
    expect(f.log.guestErrors()).toBe(2);
  });

  it('refuses a file name that does not fit the directory', () => {
    expect(() => f.device.addFile('x'.repeat(56), new Uint8Array(1))).toThrow(RangeError);
  });
});

describe('fw_cfg DMA', () => {
  it('shows its signature, big-endian, in the address register', () => {
    const word = (offset: number): Buffer => {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32LE(f.region.read(offset, 4));
      return bytes;
    };
    expect(Buffer.concat([word(DMA_HIGH), word(DMA_LOW)]).toString()).toBe('QEMU CFG');
    expect(f.shadow.values.get(DMA_HIGH)).toBe(f.region.read(DMA_HIGH, 4));
    expect(f.shadow.values.get(DMA_LOW)).toBe(f.region.read(DMA_LOW, 4));
    expect(f.region.read(DMA_LOW + 1, 1)).toBe(0x43);
  });

  it('selects and reads in one command', () => {
    expect(f.dma(((FW_CFG_FILE_FIRST + 1) << 16) | SELECT | READ, 8, BUFFER)).toBe(0);
    expect(f.text(BUFFER, 8)).toBe('contents');
  });

  it('goes on where the last read or skip ended', () => {
    f.dma(((FW_CFG_FILE_FIRST + 1) << 16) | SELECT | SKIP, 3, 0);
    f.dma(READ, 2, BUFFER);
    f.dma(READ, 2, BUFFER + 2);
    expect(f.text(BUFFER, 4)).toBe('tent');
  });

  it('fills with zeros past the end of an item', () => {
    f.memory.bytes.fill(0xff, BUFFER, BUFFER + 16);
    expect(f.dma(((FW_CFG_FILE_FIRST + 1) << 16) | SELECT | READ, 12, BUFFER)).toBe(0);
    expect(f.text(BUFFER, 13)).toBe('contents\0\0\0\0\u00ff');
  });

  it('answers a write, and a buffer outside of RAM, with the error bit', () => {
    expect(f.dma(((FW_CFG_FILE_FIRST + 1) << 16) | SELECT | WRITE, 4, BUFFER)).toBe(ERROR);
    expect(f.dma((0 << 16) | SELECT | READ, 4, 0xfffff)).toBe(ERROR);
    expect(f.dma((0 << 16) | SELECT | READ, 4, 2 ** 52)).toBe(ERROR);
    expect(f.log.guestErrors()).toBe(3);
  });

  it('takes writes to a file that is made for it, within its bytes, and tells of each', () => {
    const file = new Uint8Array(6);
    let told = 0;
    f.device.addWritableFile('etc/own', file, () => void told++);
    f.memory.bytes.set([1, 2, 3, 4, 5, 6, 7], BUFFER);
    const select = ((FW_CFG_FILE_FIRST + 1) << 16) | SELECT;
    expect(f.dma(select | WRITE, 4, BUFFER)).toBe(0);
    expect(f.dma(WRITE, 2, BUFFER)).toBe(0);
    expect([...file, told]).toEqual([1, 2, 3, 4, 1, 2, 2]);
    expect(f.dma(WRITE, 1, BUFFER)).toBe(ERROR);
    expect(f.dma(select | WRITE, 7, BUFFER)).toBe(ERROR);
    expect(f.dma(select | WRITE, 4, 0xfffff)).toBe(ERROR);
    expect([...file, told]).toEqual([1, 2, 3, 4, 1, 2, 2]);
  });

  it('does not stand still for a guest that asks for gigabytes', () => {
    expect(f.dma((0 << 16) | SELECT | READ, 0xffff_ffff, 0)).toBe(ERROR);
    expect(f.text(0, 4)).toBe('\0\0\0\0');
  });

  it('ignores a descriptor outside of RAM', () => {
    expect(f.dma(READ, 4, BUFFER, 0xfff8)).toBe(-1);
    expect(f.log.guestErrors()).toBe(1);
  });

  it('does nothing for a command without an operation', () => {
    expect(f.dma((0 << 16) | SELECT, 4, BUFFER)).toBe(0);
    expect(f.bytes(1)).toEqual([0x51]);
  });
});

describe('at I/O ports', () => {
  const ports = () => {
    const { memory, shadow, log } = deviceEnv();
    const device = new FwCfg({ memory, shadow, log, ramBytes: 2 ** 30, vcpus: 1, layout: 'ports' });
    return { memory, control: device.regions[0], dma: device.regions[1] };
  };

  it('takes the selector as a little-endian word and gives the data by bytes', () => {
    const { control } = ports();
    control.write(0, 2, 0);
    expect(String.fromCharCode(...[0, 1, 2, 3].map(() => control.read(1, 1)))).toBe('QEMU');
    control.write(0, 2, 5);
    expect([control.read(1, 1), control.read(1, 1), control.read(1, 1)]).toEqual([1, 0, 0]);
    expect(control.read(0, 2)).toBe(0xffff);
  });

  it('shows its signature in the DMA register and carries out commands', () => {
    const { memory, dma } = ports();
    const signature = [0, 4].map((at) => dma.read(at, 4));
    expect(Buffer.from(Uint32Array.from(signature).buffer).toString()).toBe('QEMU CFG');
    // Select item 0 and read 4 bytes to 0x200; big-endian throughout.
    memory.bytes.set([0, 0, 0, 0x0a, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 2, 0], 0x100);
    dma.write(0, 4, 0);
    dma.write(4, 4, 0x00010000);
    expect(Buffer.from(memory.bytes.subarray(0x200, 0x204)).toString()).toBe('QEMU');
    expect([...memory.bytes.subarray(0x100, 0x104)]).toEqual([0, 0, 0, 0]);
  });
});
