import { describe, expect, it } from 'vitest';
import type { DeviceConfig } from '../core/vm-api.ts';
import { commandLine, shellQuote } from './command-line.ts';
import { configFromCommandLine } from './command-text.ts';

const images = 'http://127.0.0.1:8080/images/';

describe('the command line', () => {
  it('names images of this site where the build puts them', () => {
    const line = commandLine(
      {
        arch: 'riscv64',
        machine: 'virt',
        memory: 512,
        kernel: `${images}riscv64-debian/vmlinux`,
        initrd: `${images}riscv64-debian/initrd.gz`,
        append: 'console=ttyS0 quiet',
        tier: 'auto',
      },
      images,
    );
    expect(line).toBe(
      'npx snowglobe riscv64 -M virt -m 512 -kernel .cache/images/riscv64-debian/vmlinux ' +
        "-initrd .cache/images/riscv64-debian/initrd.gz -append 'console=ttyS0 quiet' -nographic",
    );
  });

  it('has an option for each device', () => {
    const devices = [{ driver: 'virtio-gpu-pci', properties: { blob: 'on' } }, { driver: 'virtio-rng' }];
    expect(commandLine({ arch: 'riscv64', bios: 'none', devices }, images)).toBe(
      'npx snowglobe riscv64 -bios none -device virtio-gpu-pci,blob=on -device virtio-rng -nographic',
    );
  });

  it('has what a drive is told beside its image', () => {
    const drives = [
      ...[{ file: 'a.img', preload: true, werror: 'stop', rerror: 'ignore', networkTimeout: 20 }],
      { file: 'b.img', preload: false },
    ] as const;
    expect(commandLine({ arch: 'riscv64', bios: 'none', drives: [...drives] }, images)).toBe(
      'npx snowglobe riscv64 -bios none -drive file=http://127.0.0.1:8080/a.img,preload=on,werror=stop,rerror=ignore,network-timeout=20 ' +
        '-drive file=http://127.0.0.1:8080/b.img -nographic',
    );
  });

  it('spells our own options with two dashes and icount as QEMU does', () => {
    const line = commandLine(
      { arch: 'riscv64', bios: 'none', icount: 3, noReboot: true, tier: 'interp', append: '' },
      images,
    );
    expect(line).toBe('npx snowglobe riscv64 -bios none -icount shift=3 -no-reboot --tier interp -nographic');
  });

  it('gives the other ends of ports, which -device names', () => {
    const devices: DeviceConfig[] = [
      { driver: 'virtconsole', properties: { chardev: 'stdio' } },
      { driver: 'virtserialport', properties: { chardev: 'vdagent', name: 'com.redhat.spice.0' } },
    ];
    expect(commandLine({ arch: 'riscv64', bios: 'none', devices }, images)).toBe(
      'npx snowglobe riscv64 -bios none -chardev stdio,id=stdio -chardev qemu-vdagent,id=vdagent,clipboard=on ' +
        '-device virtconsole,chardev=stdio -device virtserialport,chardev=vdagent,name=com.redhat.spice.0 -nographic',
    );
  });

  it.each(['100%.bin', '%FF.bin', '%zz/a b'])('leaves %s an address, which no path can say', (path) => {
    const kernel = new URL(path, images).href;
    const line = commandLine({ arch: 'riscv64', kernel, bios: 'default' }, images);
    expect(line).toBe(`npx snowglobe riscv64 -kernel ${kernel} -nographic`);
    expect(
      configFromCommandLine(line, { imagesUrl: images, files: new Map(), folders: [], disks: new Map() }),
    ).toEqual({ arch: 'riscv64', kernel });
  });

  it('names a picked file as it is called', () => {
    const kernel = new File(['k'], "my kernel's Image");
    expect(commandLine({ arch: 'riscv64', kernel, bios: 'default' }, images)).toBe(
      "npx snowglobe riscv64 -kernel 'my kernel'\\''s Image' -nographic",
    );
  });

  it.each([
    ['plain', 'plain'],
    ['a=b,c', 'a=b,c'],
    ['', "''"],
    ['$(reboot)', "'$(reboot)'"],
    ["it's", "'it'\\''s'"],
  ])('quotes %s for a shell', (word, quoted) => expect(shellQuote(word)).toBe(quoted));
});
