import { hasScreen } from './devices.ts';
import { describe, expect, it } from 'vitest';
import type { VmConfig } from '../core/vm-api.ts';
import { availableMachines, resolveConfig } from './config.ts';
import { createVm } from './vm.ts';

describe('resolveConfig', () => {
  it("fills in QEMU's defaults", () => {
    expect(resolveConfig({ arch: 'riscv64' })).toMatchObject({
      board: { names: ['virt-1.0', 'virt'] },
      memory: 128,
      smp: 1,
      tier: 'auto',
    });
  });

  it('takes the board by its versioned name and by its alias', () => {
    const byAlias = resolveConfig({ arch: 'riscv64', machine: 'virt' });
    expect(resolveConfig({ arch: 'riscv64', machine: 'virt-1.0' }).board).toBe(byAlias.board);
  });

  it.each<[Partial<VmConfig> & Record<string, unknown>, string]>([
    [{ arch: 'sparc' }, 'choose riscv64, i386 or x86_64'],
    [{ arch: 'constructor' }, 'choose riscv64, i386 or x86_64'],
    [{ arch: 'i386', kernel: 'k', machine: 'virt' }, 'for i386 (-M): choose pc-1.0 or pc'],
    [{ arch: 'i386', bios: 'none' }, 'needs a kernel (-kernel)'],
    [{ arch: 'i386', boot: 'order=z' }, 'is no order of drives'],
    [{ arch: 'i386', fwCfg: [{ name: 'opt/a' }] }, 'give a name'],
    [{ arch: 'i386', fwCfg: [{ name: 'x'.repeat(56), string: '' }] }, 'at most 55'],
    [{ arch: 'i386', smbios: ['type=1,serial'] }, 'needs a value'],
    [{ arch: 'i386', kernel: 'k', smbios: ['type=1,serial=S'] }, 'a file of firmware too (-bios FILE)'],
    [{ smbios: ['type=1,serial=S'] }, 'use -M pc'],
    [{ arch: 'x86_64', kernel: 'k', memory: 1 }, 'from 2 to 2048'],
    [{ machine: 'q35' }, 'choose virt-1.0 or virt'],
    [{ memory: 0 }, 'from 1 to 2048'],
    [{ memory: 2049 }, 'from 1 to 2048'],
    [{ memory: 1.5 }, 'from 1 to 2048'],
    [{ smp: 2 }, 'not built yet on virt-1.0: choose 1'],
    [{ smp: 0 }, 'choose 1'],
    [{ initrd: 'x' }, 'needs a kernel'],
    [{ append: 'x' }, 'needs a kernel'],
    [{ kernel: 'k', append: 'a\0b' }, 'zero byte'],
    [{ icount: -1 }, 'from 0 to 10'],
    [{ icount: 11 }, 'from 0 to 10'],
    [{ tier: 'fast' as 'jit' }, 'There is no tier "fast": choose auto, interp, jit, check'],
    [{ drive: 'x' }, 'Unknown option "drive"'],
    [{ vga: 'std' }, 'virt-1.0 has no place for a graphics card (-vga): use -device virtio-gpu-pci'],
    [{ vga: 'virtio' }, 'has no place for a graphics card'],
    [{ vga: 'cirrus' as 'std' }, 'choose std, virtio or none'],
    [{ arch: 'x86_64', vga: 'std', devices: [{ driver: 'virtio-vga' }] }, 'One graphics card with a VGA'],
    [{ devices: [{ driver: 'virtio-gpu-pci', properties: { xres: '5000' } }] }, 'xres=5000 is not possible'],
    [{ devices: [{ driver: 'virtio-gpu-pci', properties: { max_outputs: '17' } }] }, 'max_outputs=17'],
    [{ devices: [{ driver: 'virtio-gpu-pci', properties: { max_hostmem: '1T' } }] }, 'max_hostmem=1T'],
    [{ devices: [{ driver: 'bochs-display', properties: { packed: 'on' } }] }, 'no property "packed"'],
  ])('refuses %j', (config, message) => {
    const full = { arch: 'riscv64', ...config } as VmConfig;
    expect(() => resolveConfig(full)).toThrow(
      expect.objectContaining({ code: 'bad-config', message: expect.stringContaining(message) }),
    );
  });

  it.each<[VmConfig, string, boolean]>([
    [{ arch: 'x86_64' }, 'std', true],
    [{ arch: 'x86_64', vga: 'none' }, 'none', false],
    [{ arch: 'x86_64', vga: 'virtio' }, 'virtio', true],
    [{ arch: 'x86_64', devices: [{ driver: 'virtio-vga' }] }, 'virtio', true],
    [{ arch: 'x86_64', devices: [{ driver: 'virtio-gpu-pci' }] }, 'std', true],
    [{ arch: 'riscv64' }, 'none', false],
    [{ arch: 'riscv64', devices: [{ driver: 'virtio-gpu-device' }] }, 'none', true],
    [{ arch: 'riscv64', devices: [{ driver: 'bochs-display' }] }, 'none', true],
  ])('%j has the graphics card %s', (config, vga, screen) => {
    const resolved = resolveConfig(config);
    expect([resolved.vga, resolved.vga !== 'none' || hasScreen(resolved.devices)]).toEqual([vga, screen]);
  });

  it('lists the machines there are', () => {
    expect(availableMachines()).toEqual([
      { arch: 'riscv64', machines: ['virt-1.0', 'virt'] },
      { arch: 'i386', machines: ['pc-1.0', 'pc'] },
      { arch: 'x86_64', machines: ['pc-1.0', 'pc'] },
    ]);
  });
});

describe('createVm', () => {
  const assets = { core: 'core.wasm', createWorker: () => ({}) as Worker };

  it('refuses a page that is not cross-origin isolated, naming the headers', () => {
    Object.assign(globalThis, { crossOriginIsolated: false });
    try {
      expect(() => createVm({ arch: 'riscv64' }, assets)).toThrow(
        expect.objectContaining({
          code: 'not-isolated',
          message: expect.stringContaining('Cross-Origin-Embedder-Policy: require-corp'),
        }),
      );
    } finally {
      Reflect.deleteProperty(globalThis, 'crossOriginIsolated');
    }
  });

  it('throws for a bad configuration, and freezes a good one', () => {
    expect(() => createVm({ arch: 'riscv64', smp: 4 }, assets)).toThrow('not built yet');
    const vm = createVm({ arch: 'riscv64' }, assets);
    expect(Object.isFrozen(vm.config)).toBe(true);
  });
});
