// Memory of a running command line's browser, from /proc (Linux): that of its renderer, how much of it is guest RAM, and that of all its processes.
import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { SetupError } from './console.mjs';
import { residentBytes } from './measure.mjs';

const PAGE = 4096;

const readOr = (path, otherwise) => {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return otherwise;
  }
};

/** pid → parent's pid of a /proc/PID/stat line; the command's name in brackets may hold anything. */
export function parentPid(stat) {
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}

/** The process and everything below it, of a list of {pid, parent}. */
export function descendants(processes, root) {
  const found = new Set([root]);
  for (let size = 0; size !== found.size; ) {
    size = found.size;
    for (const { pid, parent } of processes) if (found.has(parent)) found.add(pid);
  }
  return [...found];
}

/** The mapping of a machine's linear memory in the text of /proc/PID/maps: the smallest anonymous one that can hold `ramBytes`. */
export function linearMemory(maps, ramBytes) {
  let best;
  for (const line of maps.split('\n')) {
    const match = /^([0-9a-f]+)-([0-9a-f]+) rw.. 0+ 00:00 0\s*$/.exec(line);
    if (!match) continue;
    const [start, end] = [Number.parseInt(match[1], 16), Number.parseInt(match[2], 16)];
    if (end - start > ramBytes && (!best || end - start < best.end - best.start)) best = { start, end };
  }
  return best;
}

/** How many entries of /proc/PID/pagemap (64 bits each, little-endian) say that their page is present. */
export function countPresent(entries) {
  let present = 0;
  for (let at = 7; at < entries.length; at += 8) present += entries[at] >> 7;
  return present;
}

function presentBytes(pid, start, end) {
  const file = openSync(`/proc/${pid}/pagemap`, 'r');
  try {
    const entries = Buffer.alloc(((end - start) / PAGE) * 8);
    const length = readSync(file, entries, 0, entries.length, (start / PAGE) * 8);
    return countPresent(entries.subarray(0, length)) * PAGE;
  } finally {
    closeSync(file);
  }
}

/**
 * Sizes in bytes from the text of /proc/PID/smaps_rollup (Linux, proc_pid_smaps): `resident` counts every page that is present,
 * `proportional` a page that n processes share as its nth part, `own` only what no other process has.
 */
export function memorySizes(rollup) {
  const size = (name) => {
    const match = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(rollup);
    if (!match) throw new SetupError(`smaps_rollup has no ${name}; this measure needs Linux 4.14 or later`);
    return Number(match[1]) * 1024;
  };
  return {
    resident: size('Rss'),
    proportional: size('Pss'),
    own: size('Private_Clean') + size('Private_Dirty'),
  };
}

/**
 * Looks at the browser that the process `root` started, in bytes: the sizes of its largest renderer as memorySizes gives them, `ram`, the
 * part of each that is guest RAM, and `browser`, the proportional sizes of all the processes below `root` together. RAM is the last
 * of the linear memory but for a boot ROM of 64 KiB at most; no other process has it.
 */
export function engineMemory(root, ramBytes) {
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), stat: readOr(`/proc/${name}/stat`, '') }))
    .filter(({ stat }) => stat !== '')
    .map(({ pid, stat }) => ({ pid, parent: parentPid(stat) }));
  const children = descendants(processes, root).filter((pid) => pid !== root);
  const renderers = children
    .filter((pid) => readOr(`/proc/${pid}/cmdline`, '').includes('--type=renderer'))
    .map((pid) => ({ pid, resident: residentBytes(pid) }))
    .sort((a, b) => b.resident - a.resident);
  if (renderers.length === 0) throw new SetupError(`process ${root} has no browser's renderer below it`);
  const { pid } = renderers[0];
  const memory = linearMemory(readFileSync(`/proc/${pid}/maps`, 'latin1'), ramBytes);
  if (!memory) throw new SetupError(`the renderer ${pid} has no memory of ${ramBytes} bytes mapped`);
  const rollups = children.map((child) => readOr(`/proc/${child}/smaps_rollup`, '')).filter(Boolean);
  return {
    ...memorySizes(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1')),
    ram: presentBytes(pid, memory.end - ramBytes, memory.end),
    browser: rollups.reduce((sum, rollup) => sum + memorySizes(rollup).proportional, 0),
  };
}
