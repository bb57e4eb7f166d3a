/** What `info` tells of a machine. */
import type { Device } from '../hw/device.ts';
import { PciFunction } from '../hw/pci/pci-function.ts';
import { mappings } from './page-tables.ts';
import { picText } from './pic.ts';
import { qomName } from './qom-names.ts';
import { registersText } from './registers.ts';
import type { MapEntry, MonitorTarget } from './target.ts';

const hex = (value: number | bigint, digits: number): string => value.toString(16).padStart(digits, '0');

export type Info = (target: MonitorTarget, argument: string) => string | Promise<string>;

const status: Info = ({ state }) => {
  const words: Partial<Record<MonitorTarget['state'], string>> = {
    paused: 'paused',
    running: 'running',
    stopped: 'paused (shutdown)',
    error: 'paused (internal-error)',
  };
  return `VM status: ${words[state] ?? 'paused (prelaunch)'}`;
};

async function registers(target: MonitorTarget): Promise<string> {
  return registersText(target.arch, await target.registers());
}

async function mem(target: MonitorTarget): Promise<string> {
  const isRiscv = target.arch.startsWith('riscv');
  const read = (at: number, length: number): Uint8Array | null => target.read(at, length);
  let limit: string | null = null;
  const found = mappings(target.arch, await target.registers(), read, (reached) => {
    limit = reached;
  });
  if (!found) return isRiscv ? 'No translation or protection' : 'PG disabled';
  const lines = isRiscv
    ? [
        'vaddr            paddr            size             attr',
        '---------------- ---------------- ---------------- -------',
        ...found.map(
          ({ virtual, physical, size, attributes }) =>
            `${hex(virtual, 16)} ${hex(physical, 16)} ${hex(size, 16)} ${attributes}`,
        ),
      ]
    : rangesOf(found);
  if (limit !== null) lines.push(`(cut short after ${limit})`);
  return lines.join('\n');
}

/** On x86 QEMU tells ranges of virtual addresses with the same rights, wherever they lead. */
function rangesOf(found: readonly { virtual: bigint; size: bigint; attributes: string }[]): string[] {
  const ranges: { start: bigint; end: bigint; attributes: string }[] = [];
  for (const { virtual, size, attributes } of found) {
    const last = ranges.at(-1);
    if (last && last.end === virtual && last.attributes === attributes) last.end += size;
    else ranges.push({ start: virtual, end: virtual + size, attributes });
  }
  return ranges.map(
    ({ start, end, attributes }) =>
      `${hex(start, 16)}-${hex(BigInt.asUintN(64, end), 16)} ${hex(end - start, 16)} ${attributes}`,
  );
}

const mtree: Info = (target) => {
  const space = (name: string, ports: boolean): string[] => {
    const entries = target.map().filter((entry) => entry.ports === ports);
    entries.sort((a, b) => a.base - b.base || b.size - a.size);
    return entries.length === 0 ? [] : [`address-space: ${name}`, ...entries.map(mapLine), ''];
  };
  return [...space('memory', false), ...space('I/O', true)].join('\n').trimEnd();
};

const mapLine = ({ base, size, kind, name }: MapEntry): string =>
  `  ${hex(base, 16)}-${hex(base + size - 1, 16)} (prio 0, ${kind}): ${name}`;

const qtree: Info = ({ devices, map }) => {
  const functions = devices.filter((device) => device instanceof PciFunction);
  const others = devices.filter((device) => !(device instanceof PciFunction));
  const places = map();
  const list = (device: Device, indent: string): string[] => [
    `${indent}dev: ${qomName(device.name)}, id ""`,
    ...device.regions.flatMap((region) =>
      places
        .filter((place) => place.region === region)
        .map(
          ({ base, size, ports }) => `${indent}  ${ports ? 'pio' : 'mmio'} ${hex(base, 16)}/${hex(size, 16)}`,
        ),
    ),
  ];
  return [
    'bus: main-system-bus',
    '  type System',
    ...others.flatMap((device) => list(device, '  ')),
    ...(functions.length > 0 ? ['  bus: pci.0', '    type PCI'] : []),
    ...functions.flatMap((device) => list(device, '    ')),
  ].join('\n');
};

const block: Info = ({ drives }, argument) => {
  const wanted = argument ? drives.filter(({ name }) => name === argument) : drives;
  if (argument && wanted.length === 0) return `Error: Device '${argument}' not found`;
  return wanted
    .map(({ name, size, locked, open, removable, image, media }) => {
      const kind = media === 'cdrom' ? ' (read-only)' : '';
      const head = size === null ? `${name}: [not inserted]` : `${name}: ${image ?? 'image'}${kind}`;
      return [
        head,
        ...(size === null ? [] : [`    Virtual size:     ${size} bytes`]),
        ...(removable
          ? [`    Removable device: ${locked ? '' : 'not '}locked, tray ${open ? 'open' : 'closed'}`]
          : []),
      ].join('\n');
    })
    .join('\n\n');
};

const blockstats: Info = ({ drives }) =>
  drives
    .flatMap(({ name, io }) =>
      io
        ? [
            `${name}: rd_bytes=${io.bytesRead} wr_bytes=${io.bytesWritten} rd_operations=${io.reads} wr_operations=${io.writes} flush_operations=${io.flushes}`,
          ]
        : [],
    )
    .join('\n');

const irq: Info = (target) => {
  const { exits, events, sleepMs } = target.report();
  const rows = [
    ['interrupts', events.interrupts],
    ['exceptions', events.exceptions],
    ['halts', exits.halt],
    ['local device accesses', exits.local],
  ];
  return [
    'IRQ statistics for cpu0:',
    ...rows.map(([name, count]) => ` ${name}: ${count ?? 0}`),
    ` asleep: ${Math.round(sleepMs)} ms`,
  ].join('\n');
};

const pic: Info = (target) => {
  const state = target.interrupts();
  return state ? picText(state) : '';
};

const virtio: Info = ({ queues }) => {
  const names = [...new Set(queues.map(({ device }) => device))];
  return names.length === 0
    ? 'No VirtIO devices with enabled queues'
    : names
        .map((name) => `${name} [${queues.filter(({ device }) => device === name).length} queues]`)
        .join('\n');
};

const virtioQueues: Info = ({ queues }, argument) => {
  const [name, number] = argument.split(/\s+/);
  const found = queues.filter(
    ({ device, queue }) => (!name || device === name) && (number === undefined || queue === Number(number)),
  );
  if (found.length === 0)
    return argument ? `Error: there is no enabled queue ${argument}` : 'No enabled queues';
  return found
    .map(({ device, queue, size, unseen, inDevice, available, used }) =>
      [
        `${device}:`,
        `  queue_index:            ${queue}`,
        `  vring_num:              ${size}`,
        `  inuse:                  ${inDevice}`,
        `  last_avail_idx:         ${available}`,
        `  used_idx:               ${used}`,
        `  not seen by the device: ${unseen}`,
      ].join('\n'),
    )
    .join('\n');
};

const pci: Info = ({ devices }) => {
  const functions = devices.filter((device) => device instanceof PciFunction);
  if (functions.length === 0) return 'No PCI devices';
  return functions
    .map(({ name, config }) => {
      const word = (at: number): string => hex(config.get(at, 2), 4);
      return `  ${qomName(name)}: PCI device ${word(0)}:${word(2)}, class ${hex(config.get(0xa, 2), 4)}`;
    })
    .join('\n');
};

const balloon: Info = (target) =>
  target.balloon === null
    ? 'Error: No balloon device has been activated'
    : `balloon: actual=${target.balloon}`;

const cpus: Info = () => '* CPU #0: thread_id=0';

const jit: Info = (target) => {
  const { instructions, tiers, regions, guestMs } = target.report();
  const mips = guestMs > 0 ? instructions / guestMs / 1000 : 0;
  return [
    `instructions        ${instructions}`,
    `MIPS                ${mips.toFixed(1)}`,
    `in tier 0           ${tiers.interp}`,
    `in tier 1           ${tiers.jit}`,
    `regions compiled    ${regions.compiled}, evicted ${regions.evicted}`,
    `WebAssembly         ${regions.bytes} bytes in ${Math.round(regions.compileMs)} ms`,
  ].join('\n');
};

/** By what follows `info`. */
export const INFO: Readonly<Record<string, readonly [about: string, info: Info]>> = {
  balloon: ['show balloon information', balloon],
  block: ['[device] -- show the block devices', block],
  blockstats: ['show block device statistics', blockstats],
  cpus: ['show infos for each CPU', cpus],
  irq: ['show the interrupts statistics', irq],
  jit: ['show dynamic compiler info', jit],
  mem: ['show the active virtual memory mappings', mem],
  mtree: ['show memory tree', mtree],
  pci: ['show PCI info', pci],
  pic: ['show PIC state', pic],
  qtree: ['show device tree', qtree],
  registers: ['show the cpu registers', registers],
  status: ['show the current VM status', status],
  virtio: ['list the virtio devices', virtio],
  'virtio-queue-status': ['[device [queue]] -- show where virtqueues stand', virtioQueues],
};
