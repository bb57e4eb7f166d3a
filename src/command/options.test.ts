import { describe, expect, test } from 'vitest';
import type { CliOptions } from './cli-options.ts';
import { NOT_BUILT, OPTIONS } from './option-table.ts';
import { helpText, parseCommand } from './options.ts';
import { UsageError } from './usage-error.ts';

function parse(...argv: string[]): CliOptions {
  const parsed = parseCommand(['riscv64', ...argv]);
  if (parsed.kind !== 'run') throw new Error(`not a run but ${parsed.kind}`);
  return parsed.options;
}
const message = (...argv: string[]): string => {
  try {
    parseCommand(argv);
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  return 'accepted';
};

test("the design's command line is understood as QEMU would", () => {
  const line = '-M virt -m 512 -kernel vmlinux -initrd tiny.img -append|console=ttyS0 quiet|-nographic';
  const argv = line.split('|').flatMap((part, i) => (i === 1 ? [part] : part.split(' ')));
  expect(parse(...argv)).toMatchObject({
    arch: 'riscv64',
    machine: 'virt',
    memory: 512,
    kernel: 'vmlinux',
    initrd: 'tiny.img',
    append: 'console=ttyS0 quiet',
    script: [],
  });
});

test('folders are shared in one part or in two', () => {
  expect(parse('-virtfs', 'local,path=a,,b,mount_tag=t,security_model=none,readonly=on').folders).toEqual([
    { tag: 't', path: 'a,b', readOnly: true },
  ]);
  const { folders, devices } = parse(
    ...['-fsdev', 'local,id=f,path=a,security_model=mapped', '-device', 'virtio-9p-pci,fsdev=f,mount_tag=t'],
  );
  expect([folders, devices]).toEqual([[{ tag: 't', path: 'a' }], undefined]);
  for (const [option, text, pattern] of [
    ['-fsdev', 'local,path=a', /id=NAME/],
    ['-fsdev', 'proxy,id=f', /driver=proxy is not built yet/],
    ['-virtfs', 'local,path=a', /mount_tag=TAG/],
    ['-device', 'virtio-9p-pci,fsdev=f,mount_tag=t', /fsdev=ID of a -fsdev/],
  ] as const)
    expect(message('riscv64', option, text)).toMatch(pattern);
});

test('chardevs are the terminal, nothing, or a file', () => {
  const options = parse(
    ...['-chardev', 'stdio,id=t,mux=on', '-chardev', 'file,id=log,path=a,,b', '-chardev', 'null,id=n'],
    ...[
      '-device',
      'virtconsole,chardev=t',
      '-device',
      'virtserialport,chardev=log',
      '-serial',
      'chardev:log',
    ],
  );
  expect(options.chardevs).toEqual({
    t: { kind: 'stdio' },
    log: { kind: 'file', path: 'a,b' },
    n: { kind: 'null' },
  });
  expect(options.devices?.map(({ properties }) => properties?.['chardev'])).toEqual(['stdio', 'log']);
  // The console's stream is the serial port's, which therefore stays on the terminal too.
  expect([options.serial, options.serialFile]).toEqual(['stdio', 'a,b']);
  const file = parse('-serial', 'file:out.txt');
  expect([file.serial, file.serialFile]).toEqual(['null', 'out.txt']);
  for (const [option, text, pattern] of [
    ['-chardev', 'socket,id=s', /backend=socket is not built yet/],
    ['-chardev', 'null', /id=NAME/],
    ['-chardev', 'file,id=f', /path=FILE/],
    ['-chardev', 'null,id=stdio', /another name/],
    ['-chardev', 'null,id=vdagent', /another name/],
    ['-chardev', 'qemu-vdagent,id=a,mouse=on', /mouse/],
    ['-serial', 'chardev:x', /no chardev x/],
    ['-serial', 'tcp::4444', /not built yet/],
    ['-device', 'virtconsole,chardev=x', /no chardev x/],
  ] as const)
    expect(message('riscv64', option, text)).toMatch(pattern);
});

test('a port leads to the host’s end of the SPICE agent', () => {
  const options = parse(
    ...['-chardev', 'qemu-vdagent,id=a,name=vdagent,clipboard=on', '-chardev', 'qemu-vdagent,id=b'],
    ...['-device', 'virtserialport,chardev=a,name=com.redhat.spice.0', '-device', 'virtserialport,chardev=b'],
  );
  expect(options.devices?.map(({ properties }) => properties)).toEqual([
    { chardev: 'vdagent', name: 'com.redhat.spice.0' },
    { chardev: 'b' },
  ]);
  expect(options.chardevs).toEqual({ a: { kind: 'vdagent' }, b: { kind: 'null' } });
  expect(options.serial).toBe('stdio');
});

test("two dashes do for QEMU's options too; the program's whole name does for the architecture", () => {
  const parsed = parseCommand(['qemu-system-riscv64', '--kernel', 'k', '--nographic', '--no-reboot']);
  expect(parsed).toMatchObject({ kind: 'run', options: { arch: 'riscv64', kernel: 'k', noReboot: true } });
});

test('the last of a repeated option wins, as in QEMU', () => {
  expect(parse('-kernel', 'a', '-kernel', 'b').kernel).toBe('b');
});

test('a value may begin with a dash', () => {
  expect(parse('-append', '-x').append).toBe('-x');
});

describe('-m', () => {
  test.each([
    ['512', 512],
    ['512M', 512],
    ['512m', 512],
    ['1G', 1024],
    ['1.5G', 1536],
    ['65536K', 64],
    ['size=256M', 256],
  ])('%s is %i MiB', (text, mib) => {
    expect(parse('-m', text).memory).toBe(mib);
  });

  test.each(['0', '1K', '12X', '', '-5', '0.3', '1G,slots=2'])('%j is refused', (text) => {
    expect(message('riscv64', '-m', text)).toMatch(/^-m/);
  });
});

test('-icount takes the shift with or without its name', () => {
  expect(parse('-icount', 'shift=3').icount).toBe(3);
  expect(parse('-icount', '7,align=off,sleep=on').icount).toBe(7);
  expect(message('riscv64', '-icount', 'shift=auto')).toMatch(/shift=auto is not built yet/);
  expect(message('riscv64', '-icount', 'shift=11')).toMatch(/from 0 to 10/);
  expect(message('riscv64', '-icount', 'shift=1,rr=record')).toMatch(/"rr"/);
  expect(message('riscv64', '-icount', 'align=off')).toMatch(/give the shift/);
});

test('machines, CPUs and vCPUs that exist are accepted, the others named', () => {
  expect(parse('-machine', 'virt-1.0,accel=tcg').machine).toBe('virt-1.0');
  expect(parse('-M', 'type=virt').machine).toBe('virt');
  expect(message('riscv64', '-M', 'sifive_u')).toMatch(/sifive_u is unknown/);
  expect(message('riscv64', '-M', 'virt,aia=aplic')).toMatch(/aia=aplic is not built yet/);
  expect(parse('-cpu', 'rv64,zba=true,v=false', '-smp', 'cpus=1,cores=1')).toBeDefined();
  expect(message('riscv64', '-cpu', 'rv64,v=true')).toMatch(/v=true is not built yet/);
  expect(message('riscv64', '-cpu', 'sifive-u54')).toMatch(/sifive-u54/);
  expect(message('riscv64', '-smp', '4')).toMatch(/several vCPUs are not built yet/);
  expect(message('aarch64')).toMatch(/aarch64 is not built yet; there is riscv64, i386, x86_64/);
  expect(parseCommand(['x86_64'])).toMatchObject({ options: { arch: 'x86_64', machine: 'pc' } });
  expect(parseCommand(['i386', '-M', 'pc-1.0', '-cpu', 'max'])).toMatchObject({
    options: { machine: 'pc-1.0', cpu: 'max' },
  });
  expect(message('i386', '-cpu', 'qemu64')).toMatch(/use model=qemu32 or max/);
  expect(message('x86_64', '-M', 'virt')).toMatch(/virt is unknown; there is pc-1.0 and pc/);
  expect(message('-M', 'pc', 'i386')).toMatch(/architecture: that comes first/);
  expect(message('sparc')).toMatch(/"sparc" is unknown/);
});

test('-M help and -cpu help list what there is', () => {
  expect(parseCommand(['riscv64', '-M', 'help'])).toEqual({
    kind: 'text',
    text: expect.stringContaining('virt-1.0'),
  });
  expect(parseCommand(['riscv64', '-cpu', 'help'])).toEqual({
    kind: 'text',
    text: expect.stringContaining('rv64'),
  });
  expect(parseCommand(['i386', '-cpu', 'help'])).toEqual({ kind: 'text', text: 'CPUs: qemu32, max\n' });
});

test('our own options keep their order, take a value after = too, and want two dashes', () => {
  const options = parse('--send', 'a', '--expect=b$', '--send', '\\x04', '--timeout', '2.5', '--tier=interp');
  expect(options.script).toEqual([
    { send: Uint8Array.of(0x61) },
    { expect: /b$/mu },
    { send: Uint8Array.of(4) },
  ]);
  expect(parse('--expect', 'a', '--change', 'ide1-cd0=b=c.iso', '--eject', 'floppy0').script).toEqual([
    { expect: /a/mu },
    { drive: 'ide1-cd0', file: 'b=c.iso' },
    { drive: 'floppy0', file: null },
  ]);
  expect(parse('--expect', 'a', '--hmp', 'info block').script[1]).toEqual({ monitor: 'info block' });
  expect(message('i386', '--change', 'ide1-cd0')).toMatch(/--change ide1-cd0: give a drive and a file/);
  expect(options).toMatchObject({ timeout: 2.5, tier: 'interp' });
  expect(message('riscv64', '-timeout', '5')).toMatch(/two dashes: --timeout/);
  expect(message('riscv64', '--expect', '(')).toMatch(/--expect "\(" is not a regular expression/);
  expect(message('riscv64', '--expect', '')).toMatch(/empty/);
  expect(message('riscv64', '--timeout', '0')).toMatch(/above 0/);
  expect(parse('--timeout', '2147483').timeout).toBe(2_147_483);
  expect(message('riscv64', '--timeout', '2147484')).toMatch(/at most 2147483/);
  expect(message('riscv64', '--screenshot', 'a.jpg')).toMatch(/\.png/);
  expect(message('riscv64', '--tier', 'fast')).toMatch(/interp/);
  expect(message('riscv64', '--headed=yes')).toMatch(/takes no value/);
});

test('unknown options, missing values and disks are named', () => {
  expect(message('riscv64', '-frobnicate')).toMatch(/-frobnicate is not an option/);
  expect(message('riscv64', '-kernel=vmlinux')).toMatch(/-kernel=vmlinux is not an option/);
  expect(message('riscv64', '-kernel')).toMatch(/-kernel needs a value: -kernel FILE/);
  expect(message('riscv64', '-')).toMatch(/"-": give the guest a kernel/);
  expect(message('riscv64', '-serial', 'pty')).toMatch(/-serial pty is not built yet/);
  expect(message('riscv64', '-display', 'gtk')).toMatch(/-display gtk is not built yet/);
  expect(message()).toMatch(/which machine/);
  expect(message('-m', '512')).toMatch(/first argument is the guest's architecture/);
});

test.each(Object.keys(NOT_BUILT))('-%s is refused by its name', (name) => {
  expect(message('riscv64', `-${name}`, 'x')).toMatch(new RegExp(`^-${name}: `));
});

test('no option is declared twice, and none is both built and not', () => {
  const names = OPTIONS.flatMap((option) => [option.name, ...(option.aliases ?? [])]);
  expect(new Set(names).size).toBe(names.length);
  expect(names.filter((name) => name in NOT_BUILT)).toEqual([]);
});

test('the help names every option and fits a terminal', () => {
  const help = helpText();
  for (const option of OPTIONS) expect(help).toContain(`${option.own ? '--' : '-'}${option.name}`);
  for (const line of help.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  expect(parseCommand(['--help'])).toEqual({ kind: 'help' });
  expect(parseCommand(['riscv64', '-h'])).toEqual({ kind: 'help' });
  expect(parseCommand(['-version'])).toEqual({ kind: 'version' });
});

describe('drives', () => {
  test('as QEMU names them, in order; a name alone is the first disk', () => {
    const { drives } = parse(
      'a.img',
      '-cdrom',
      'b.iso',
      '-drive',
      'file=c,,d.img,if=floppy,index=1,readonly=on',
    );
    expect(drives).toEqual([
      { option: '-hda', file: 'a.img', index: 0 },
      { option: '-cdrom', file: 'b.iso', index: 2, media: 'cdrom' },
      { option: '-drive', file: 'c,d.img', interface: 'floppy', index: 1, readOnly: true },
    ]);
  });

  test.each([
    ['file=a', undefined],
    ['file=a,snapshot=on', undefined],
    ['file=a,snapshot=off', false],
    ['file=a,readonly=off', false],
    ['file=a,readonly=off,snapshot=on', undefined],
  ])('%s writes to the file only if that is asked for', (text, snapshot) => {
    expect(parse('-drive', text).drives[0].snapshot).toBe(snapshot);
  });

  test('what is not built is refused by name', () => {
    expect(message('i386', '-drive', 'file=a,if=scsi')).toMatch(/if=scsi is not built yet/);
    expect(message('i386', '-drive', 'file=a,format=vhdx')).toMatch(/format=vhdx is not built yet/);
    expect(message('i386', '-drive', 'file=a,index=99')).toMatch(/from 0 to 31/);
  });

  test('a disk of the browser is refused with advice, since the browser is gone with the command', () => {
    expect(message('i386', '-drive', 'file=a,persist=mine')).toMatch(
      /snowglobe-img create -f qcow2 -b BASE.*file=DISK\.qcow2,snapshot=off/,
    );
  });

  test('what happens after errors is passed on', () => {
    expect(parse('-drive', 'file=a,werror=stop,rerror=ignore').drives[0]).toMatchObject({
      werror: 'stop',
      rerror: 'ignore',
    });
  });
});

describe('block nodes', () => {
  const nodes = (...texts: string[]) =>
    parse(...texts.flatMap((text) => ['-blockdev', text])).drives.map(({ option, ...drive }) => {
      expect(option).toBe('-blockdev');
      return drive;
    });

  test('are read as dotted keys, as JSON, and by the names of others', () => {
    const qcow2 = { interface: 'none', id: 'd', file: 'a,b.qcow2', format: 'qcow2' };
    expect(nodes('driver=qcow2,node-name=d,file.driver=file,file.filename=a,,b.qcow2')).toEqual([qcow2]);
    expect(
      nodes(
        '{"driver":"qcow2","node-name":"d","read-only":false,"file":{"driver":"file","filename":"a,b.qcow2"}}',
      ),
    ).toEqual([{ ...qcow2, snapshot: false }]);
    const [, , top] = nodes(
      'driver=file,node-name=f,filename=base.img',
      'driver=raw,node-name=b,file=f',
      'driver=copy-on-read,node-name=d,file.driver=qcow2,file.file.driver=file,file.file.filename=a,,b.qcow2,file.backing=b,file.read-only=off',
    );
    expect(top).toEqual({
      ...qcow2,
      backing: ['base.img'],
      snapshot: false,
      filters: [{ driver: 'copy-on-read' }],
    });
  });

  test('fail by rules', () => {
    const [node] = nodes(
      'driver=blkdebug,node-name=d,image.driver=file,image.filename=a,inject-error.0.event=write_aio,inject-error.0.errno=28,' +
        'inject-error.0.once=on,inject-error.0.state=2,set-state.0.event=flush_to_disk,set-state.0.new_state=2',
    );
    expect(node.filters).toEqual([
      {
        driver: 'blkdebug',
        injectError: [{ iotype: 'write', state: 2, once: true, errno: 'space' }],
        setState: [{ event: 'flush', newState: 2 }],
      },
    ]);
  });

  test.each([
    ['driver=file,filename=a', /needs a name/],
    ['driver=nbd,node-name=d', /driver=nbd is not built yet/],
    ['driver=qcow2,node-name=d,file=nobody', /file=nobody: there is no such node/],
    ['driver=qcow2,node-name=d', /needs a file/],
    ['driver=file,node-name=d,filename=a,speed=9', /property "speed"/],
    ['driver=throttle,node-name=d,throttle-group=g,file.driver=file,file.filename=a', /put -object throttle/],
    ['{"driver":', /no JSON object/],
    ['driver=file,node-name=d,filename=a,filename=b', /given twice/],
    ['driver=file,node-name=d,filename=a,detect-zeroes=unmap', /detect-zeroes is not built yet/],
    [
      'driver=blkdebug,node-name=d,image.driver=file,image.filename=a,inject-error.0.errno=1',
      /errno=1 is not built yet/,
    ],
    [
      'driver=blkdebug,node-name=d,image.driver=file,image.filename=a,inject-error.0.immediately=on',
      /property "immediately" of a rule/,
    ],
  ])('%s is refused', (text, pattern) => expect(message('x86_64', '-blockdev', text)).toMatch(pattern));

  test('a group of throttles has the limits of its object', () => {
    const { drives } = parse(
      ...['-object', 'throttle-group,id=slow,x-iops-total=50,limits.bps-read=1000'],
      ...['-blockdev', 'driver=file,node-name=f,filename=a'],
      ...['-blockdev', 'driver=throttle,node-name=d,throttle-group=slow,file=f'],
    );
    expect(drives[1].filters).toEqual([
      { driver: 'throttle', group: 'slow', limits: { 'iops-total': 50, 'bps-read': 1000 } },
    ]);
    for (const [text, pattern] of [
      ['rng-random,id=r', /use qom-type=throttle-group/],
      ['throttle-group', /id=NAME/],
      ['throttle-group,id=s,limits.iops-total=fast', /expected a whole number/],
    ] as const)
      expect(message('x86_64', '-object', text)).toMatch(pattern);
  });

  test('cache modes of a drive are those of QEMU', () => {
    expect(parse('-drive', 'file=a,cache=writethrough,aio=threads').drives).toHaveLength(1);
    expect(message('x86_64', '-drive', 'file=a,cache=anything')).toMatch(/cache/);
  });

  test('of a drive: its filters, and its patience', () => {
    const { drives } = parse(
      '-drive',
      'file=a,copy-on-read=on,throttling.iops-total=50,throttling.bps-read=1000,throttling.group=g,network-timeout=20',
    );
    expect(drives[0].networkTimeout).toBe(20);
    expect(drives[0].filters).toEqual([
      { driver: 'throttle', group: 'g', limits: { 'iops-total': 50, 'bps-read': 1000 } },
      { driver: 'copy-on-read' },
    ]);
  });
});
