import { describe, expect, it, vi } from 'vitest';
import { parseFormat } from './dump.ts';
import { runCommand } from './monitor.ts';
import { type Mapping, mappings, translate } from './page-tables.ts';
import { qkeyCodes } from './sendkey.ts';
import type { MonitorTarget } from './target.ts';

/** What lies at 0xffff0 of a PC with Debian 12's SeaBIOS, and behind it. */
const BIOS = Buffer.from('ea5be000f030362f32332f393900fc00', 'hex');

function machine(over: Partial<MonitorTarget> = {}): MonitorTarget {
  const memory = new Uint8Array(0x100100);
  memory.set(BIOS, 0xffff0);
  return {
    arch: 'x86_64',
    state: 'running',
    devices: [],
    drives: [],
    queues: [],
    balloon: null,
    interrupts: () => null,
    report: () => {
      throw new Error('no report');
    },
    registers: async () => new Map([['pc', 0xffff0n]]),
    map: () => [],
    read: (at, length) => (at >= 0 && at + length <= memory.length ? memory.slice(at, at + length) : null),
    pause: vi.fn(async () => {}),
    resume: vi.fn(async () => {}),
    reset: vi.fn(async () => {}),
    powerOff: vi.fn(async () => {}),
    eject: vi.fn(async () => false),
    remove: vi.fn(async () => {}),
    resize: vi.fn(async () => {}),
    setBalloon: vi.fn(),
    press: vi.fn(),
    ...over,
  };
}

describe('dumps of memory', () => {
  // Recorded from QEMU 7.2, `qemu-system-x86_64 -M pc -m 64 -S -monitor stdio`.
  it.each([
    [
      'xp /9xb 0xffff0',
      ['00000000000ffff0: 0xea 0x5b 0xe0 0x00 0xf0 0x30 0x36 0x2f', '00000000000ffff8: 0x32'],
    ],
    ['x /4xb 0xffff0', ['00000000000ffff0: 0xea 0x5b 0xe0 0x00']],
    [
      'xp /5xw 0xffff0',
      ['00000000000ffff0: 0x00e05bea 0x2f3630f0 0x392f3332 0x00fc0039', '0000000000100000: 0x00000000'],
    ],
    ['xp /2xg 0xffff0', ['00000000000ffff0: 0x2f3630f000e05bea 0x00fc0039392f3332']],
    ['xp /3xh 0xffff0', ['00000000000ffff0: 0x5bea 0x00e0 0x30f0']],
    ['xp /3dh 0xffff0', ['00000000000ffff0: 23530   224 12528']],
    ['xp /3db 0xffff0', ['00000000000ffff0: 234  91 224']],
    ['xp /2ow 0xffff0', ['00000000000ffff0:   070055752 05715430360']],
    ['xp /2ob 0xffff0', ['00000000000ffff0: 0352 0133']],
    [
      'xp /3dg 0xffff0',
      [
        '00000000000ffff0:  3401960375889976298    70931939903615794',
        '0000000000100000:                    0',
      ],
    ],
    ['xp /2uw 0xffff0', ['00000000000ffff0:   14703594  792080624']],
    ['xp /2xw 0xfeffff00', ['00000000feffff00: Cannot access memory']],
  ])('%s', async (command, lines) => {
    expect(await runCommand(machine(), command)).toBe(lines.join('\n'));
  });

  it('count from a register, and take one word where no format is given', async () => {
    expect(await runCommand(machine(), 'xp $pc')).toBe('00000000000ffff0: 0x00e05bea');
    expect(await runCommand(machine(), 'xp /6c 0xffff0')).toBe(
      "00000000000ffff0: '\\xea' '[' '\\xe0' '\\x00' '\\xf0' '0'",
    );
  });

  it('refuse what is no format or no address', async () => {
    for (const text of ['/', '/4', '/xb', '/8xb', '/8bx', '/c']) expect(parseFormat(text)).not.toBeNull();
    for (const text of ['4xb', '/xd', '/4zz', '/0x', '/99999x', '/-1']) expect(parseFormat(text)).toBeNull();
    expect(await runCommand(machine(), 'xp')).toContain('unexpected end of expression');
    expect(await runCommand(machine(), 'xp /4zz 0')).toContain('Try "help xp"');
    expect(await runCommand(machine(), 'x /1x here')).toContain("invalid address: 'here'");
  });
});

describe('commands', () => {
  it('that are not known are said, as QEMU says it', async () => {
    expect(await runCommand(machine(), 'foo')).toBe("unknown command: 'foo'");
    expect(await runCommand(machine(), 'info foo')).toBe("unknown command: 'info foo'");
    expect(await runCommand(machine(), 'info constructor')).toBe("unknown command: 'info constructor'");
    expect(await runCommand(machine(), ' \t')).toBe('');
    expect(await runCommand(machine(), '\u0000\uffff')).toContain('unknown command');
    expect(await runCommand(machine(), 'info irq')).toBe('Error: no report');
    expect(await runCommand(machine(), 'info balloon')).toBe('Error: No balloon device has been activated');
    expect(await runCommand(machine(), 'sendkey foo')).toBe('invalid parameter: foo');
    expect(await runCommand(machine(), 'sendkey constructor')).toBe('invalid parameter: constructor');
    expect(await runCommand(machine(), 'sendkey a soon')).toBe('invalid parameter: soon');
    expect(await runCommand(machine(), 'eject foo')).toBe("Error: Device 'foo' not found");
  });

  it('change the machine', async () => {
    const drive = {
      name: 'ide1-cd0',
      media: 'cdrom',
      removable: true,
      size: 2048,
      locked: true,
      open: false,
      image: 'a.iso',
    } as const;
    const vm = machine({ drives: [drive], balloon: 512 });
    await runCommand(vm, 'stop');
    await runCommand(vm, 'c');
    await runCommand(vm, 'system_reset');
    await runCommand(vm, 'quit');
    for (const done of [vm.pause, vm.resume, vm.reset, vm.powerOff]) expect(done).toHaveBeenCalledOnce();
    expect(await runCommand(vm, 'eject ide1-cd0')).toContain('is locked and force was not specified');
    expect(vm.remove).not.toHaveBeenCalled();
    expect(await runCommand(vm, 'eject -f ide1-cd0')).toBe('');
    expect(vm.remove).toHaveBeenCalledWith('ide1-cd0');
    await runCommand(vm, 'block_resize virtio0 2');
    await runCommand(vm, 'block_resize virtio0 1.5G');
    expect(vi.mocked(vm.resize).mock.calls).toEqual([
      ['virtio0', 2 << 20],
      ['virtio0', 1.5 * 2 ** 30],
    ]);
    expect(await runCommand(vm, 'block_resize virtio0 large')).toContain('"large" is no size');
    await runCommand(vm, 'balloon 256');
    expect(vm.setBalloon).toHaveBeenCalledWith(256);
    await runCommand(vm, 'sendkey ctrl-alt-f1');
    expect(vm.press).toHaveBeenCalledWith(['ControlLeft', 'AltLeft', 'F1'], 0);
    await runCommand(vm, 'sendkey a 250');
    expect(vm.press).toHaveBeenLastCalledWith(['KeyA'], 250);
    expect(await runCommand(vm, 'info block')).toContain('Removable device: locked, tray closed');
  });

  it('are helped with', async () => {
    expect(await runCommand(machine(), 'help xp')).toBe(
      "xp /fmt addr -- physical memory dump starting at 'addr'",
    );
    expect(qkeyCodes('ctrl-alt-delete')).toEqual(['ControlLeft', 'AltLeft', 'Delete']);
  });
});

/** Physical memory that tables are written into, one to a page. */
/** A processor in long mode, whose root table lies at 0x1000. */
const LONG_MODE = new Map([
  ['cr0', 0x8000_0001n],
  ['cr3', 0x1000n],
  ['cr4', 0x20n],
  ['efer', 0x500n],
]);

class Tables {
  readonly bytes = new Uint8Array(0x40_000);
  readonly view = new DataView(this.bytes.buffer);
  readonly read = (at: number, length: number): Uint8Array | null =>
    at >= 0 && at + length <= this.bytes.length ? this.bytes.slice(at, at + length) : null;
  set(table: number, index: number, value: bigint): void {
    this.view.setBigUint64(table + index * 8, value, true);
  }
}

describe('page tables', () => {
  it('of RISC-V (Sv39) map pages of three sizes, from both ends of the addresses', () => {
    const tables = new Tables();
    const leaf = (page: bigint, flags: bigint): bigint => (page << 10n) | flags | 1n;
    const below = (table: number): bigint => (BigInt(table >> 12) << 10n) | 1n;
    tables.set(0x1000, 2, leaf(0x80000n, 0xcen)); // 1 GiB, rwx, accessed and dirty
    tables.set(0x1000, 0, below(0x2000));
    tables.set(0x2000, 1, below(0x3000));
    tables.set(0x3000, 5, leaf(0x12n, 0x52n)); // 4 KiB, user may read it
    tables.set(0x3000, 6, leaf(0x13n, 0x52n));
    tables.set(0x1000, 511, below(0x2000));
    const registers = new Map([['satp', (8n << 60n) | 1n]]);
    const found = mappings('riscv64', registers, tables.read) as Mapping[];
    expect(found).toEqual([
      { virtual: 0x205000n, physical: 0x12000n, size: 0x2000n, attributes: 'r--u-a-' },
      { virtual: 0x8000_0000n, physical: 0x8000_0000n, size: 0x4000_0000n, attributes: 'rwx--ad' },
      { virtual: 0xffff_ffff_c020_5000n, physical: 0x12000n, size: 0x2000n, attributes: 'r--u-a-' },
    ]);
    expect(translate('riscv64', registers, tables.read, 0x206_123n)).toBe(0x13123n);
    expect(translate('riscv64', registers, tables.read, 0x9000_0001n)).toBe(0x9000_0001n);
    expect(translate('riscv64', registers, tables.read, 0x207_000n)).toBeNull();
    expect(mappings('riscv64', new Map(), tables.read)).toBeNull();
    expect(translate('riscv64', new Map(), tables.read, 0x1234n)).toBe(0x1234n);
  });

  it('of long mode give the rights that all levels give', () => {
    const tables = new Tables();
    tables.set(0x1000, 511, 0x2003n);
    tables.set(0x2000, 510, 0x3007n);
    tables.set(0x3000, 0, 0x0060_0087n); // 2 MiB, but supervisor only by the root
    tables.set(0x3000, 1, 0x4001n); // read only
    tables.set(0x4000, 3, 0x9007n);
    expect(mappings('x86_64', LONG_MODE, tables.read)).toEqual([
      { virtual: 0xffff_ffff_8000_0000n, physical: 0x60_0000n, size: 0x20_0000n, attributes: '-rw' },
      { virtual: 0xffff_ffff_8020_3000n, physical: 0x9000n, size: 0x1000n, attributes: '-r-' },
    ]);
    expect(translate('x86_64', LONG_MODE, tables.read, 0xffff_ffff_8000_0abcn)).toBe(0x60_0abcn);
  });

  it('of 32 bits have pages of 4 KiB and 4 MiB, those of PAE four tables', () => {
    const tables = new Tables();
    tables.view.setUint32(0x1000 + 4 * 0x300, 0x0040_0083, true);
    tables.view.setUint32(0x1000, 0x2007, true);
    tables.view.setUint32(0x2000 + 4 * 7, 0x8005, true);
    const plain = new Map([
      ['cr0', 0x8000_0001n],
      ['cr3', 0x1000n],
      ['cr4', 0x10n],
    ]);
    expect(mappings('i386', plain, tables.read)).toEqual([
      { virtual: 0x7000n, physical: 0x8000n, size: 0x1000n, attributes: 'ur-' },
      { virtual: 0xc000_0000n, physical: 0x40_0000n, size: 0x40_0000n, attributes: '-rw' },
    ]);
    tables.set(0x5020, 3, 0x6001n);
    tables.set(0x6000, 0, 0x0080_0083n);
    const pae = new Map([...plain, ['cr3', 0x5020n], ['cr4', 0x30n]] as [string, bigint][]);
    expect(mappings('i386', pae, tables.read)).toEqual([
      { virtual: 0xc000_0000n, physical: 0x80_0000n, size: 0x20_0000n, attributes: '-rw' },
    ]);
  });

  it('that point at themselves, or outside, end soon', () => {
    const tables = new Tables();
    for (let i = 0; i < 512; i++) tables.set(0x1000, i, 0x1007n);
    expect(mappings('x86_64', LONG_MODE, tables.read)!.length).toBeLessThanOrEqual(20_000);
    for (let i = 0; i < 512; i++) tables.set(0x1000, i, (1n << 10n) | 1n);
    const cut = vi.fn();
    expect(mappings('riscv64', new Map([['satp', (10n << 60n) | 1n]]), tables.read, cut)).toEqual([]);
    expect(cut).toHaveBeenCalledExactlyOnceWith('4096 tables');
    expect(mappings('riscv64', new Map([['satp', (8n << 60n) | 0xfff_ffff_ffffn]]), tables.read)).toEqual([]);
  });
});
