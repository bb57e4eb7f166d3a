/** `-blockdev`: block nodes in QEMU's notation, by dotted keys or as JSON. A chain of nodes becomes a drive that a device takes by the name of its top. */
import type { BlockFilter } from '../core/vm-api.ts';
import type { CliDrive } from './cli-options.ts';
import { UsageError } from './usage-error.ts';

type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
type Description = { [key: string]: Json };

const FORMATS = ['raw', 'qcow2', 'vmdk', 'vdi', 'vpc'] as const;
/** What they say here is what happens anyway, or is of no use in a browser. */
const IGNORED = ['cache', 'aio', 'auto-read-only', 'detect-zeroes', 'locking', 'force-share'];
/** Errors of Linux by number, as blkdebug's rules have them. */
const EIO = 5;
const ENOSPC = 28;

/** The events of blkdebug that a request of ours is. */
const EVENTS: Readonly<
  Record<string, NonNullable<(BlockFilter & { driver: 'blkdebug' })['setState']>[number]['event']>
> = {
  read_aio: 'read',
  write_aio: 'write',
  pwritev: 'write',
  pwritev_zero: 'write-zeroes',
  flush_to_disk: 'flush',
};

const bad = (message: string): UsageError => new UsageError(`-blockdev: ${message}`);

/** What was named before a `-blockdev`: nodes, and groups of throttles with their limits. */
export interface Named {
  readonly drives: readonly CliDrive[];
  readonly throttleGroups: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** Reads one `-blockdev`. @throws UsageError */
export function parseBlockdev(text: string, named: Named): CliDrive {
  const { drives } = named;
  const description = text.trimStart().startsWith('{') ? parseJson(text) : parseDotted(text);
  const name = description['node-name'];
  if (typeof name !== 'string' || name === '')
    throw bad('a node needs a name (node-name=) by which a device takes it');
  if (drives.some(({ id }) => id === name)) throw bad(`there is a node or drive "${name}" already`);
  return { ...chain(description, named), option: '-blockdev', interface: 'none', id: name };
}

function parseJson(text: string): Description {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Description;
  } catch {
    // The message is the same.
  }
  throw bad(`this is no JSON object: ${text}`);
}

/** `driver=qcow2,file.driver=file,file.filename=x`: a dot leads into an object; a comma in a value is written twice. */
function parseDotted(text: string): Description {
  const root: Description = {};
  for (const item of text.replaceAll(',,', '\0').split(',')) {
    const equals = item.indexOf('=');
    if (equals < 1) throw bad(`"${item}" needs a value: ${item}=VALUE`);
    const path = item.slice(0, equals).split('.');
    const last = path.pop()!;
    let at = root;
    for (const key of path) {
      if (key === '__proto__') throw bad('the property "__proto__" is not known');
      at[key] ??= {};
      const next = at[key];
      if (typeof next !== 'object' || next === null || Array.isArray(next))
        throw bad(`"${key}" is a name, and has no properties`);
      at = next;
    }
    if (Object.hasOwn(at, last)) throw bad(`"${item.slice(0, equals)}" is given twice`);
    at[last] = item.slice(equals + 1).replaceAll('\0', ',');
  }
  return root;
}

/** The drive that a node and those below it are. */
function chain(description: Description, named: Named): Omit<CliDrive, 'option'> {
  const { driver, ...rest } = description;
  const allow = (...keys: string[]): void => {
    for (const key of Object.keys(rest))
      if (!['node-name', 'read-only', ...IGNORED, ...keys].includes(key))
        throw bad(`the property "${key}" of driver=${String(driver)} is not built yet or unknown`);
  };
  if ((rest['detect-zeroes'] ?? 'off') !== 'off') throw bad('detect-zeroes is not built yet: leave it out');
  const below = (key: string): Omit<CliDrive, 'option'> => child(rest[key], key, named);
  const writes = flag(rest['read-only'], 'read-only');
  const access = {
    ...(writes === true && { readOnly: true }),
    // Files are written only if someone asks for it.
    ...(writes === false && { snapshot: false }),
  };
  if (driver === 'file') {
    allow('filename');
    if (typeof rest['filename'] !== 'string') throw bad('driver=file needs a filename');
    return { file: rest['filename'], format: 'raw', ...access };
  }
  if ((FORMATS as readonly Json[]).includes(driver)) {
    allow('file', 'backing', 'discard');
    const { file, filters } = below('file');
    if (filters) throw bad('filters go above a format, not below it');
    const discard = rest['discard'];
    if (discard !== undefined && discard !== 'unmap' && discard !== 'ignore')
      throw bad('discard is unmap or ignore');
    const backing = rest['backing'] === undefined ? undefined : below('backing');
    return {
      ...(file !== undefined && { file }),
      format: driver as (typeof FORMATS)[number],
      ...(discard && { discard }),
      ...(backing?.file !== undefined && { backing: [backing.file, ...(backing.backing ?? [])] }),
      ...access,
    };
  }
  if (driver === 'copy-on-read') {
    allow('file');
    const { filters = [], ...drive } = below('file');
    return { ...drive, ...access, filters: [{ driver }, ...filters] };
  }
  if (driver === 'blkdebug') {
    allow('image', 'inject-error', 'set-state');
    const { filters = [], ...drive } = below('image');
    return { ...drive, ...access, filters: [blkdebug(rest), ...filters] };
  }
  if (driver === 'throttle') {
    allow('file', 'throttle-group');
    const { filters = [], ...drive } = below('file');
    const group = rest['throttle-group'];
    if (typeof group !== 'string' || !Object.hasOwn(named.throttleGroups, group))
      throw bad(`throttle-group=${String(group)}: put -object throttle-group,id=NAME before it`);
    return {
      ...drive,
      ...access,
      filters: [{ driver, group, limits: named.throttleGroups[group] }, ...filters],
    };
  }
  throw bad(
    `driver=${String(driver)} is not built yet; use file, ${FORMATS.join(', ')}, copy-on-read, throttle or blkdebug`,
  );
}

function child(value: Json | undefined, key: string, named: Named): Omit<CliDrive, 'option'> {
  if (typeof value === 'string') {
    const found = named.drives.find(({ id, option }) => option === '-blockdev' && id === value);
    if (!found) throw bad(`${key}=${value}: there is no such node; name it in a -blockdev before this one`);
    const { option: _, interface: __, id: ___, ...drive } = found;
    return drive;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw bad(`a node needs a ${key}: the name of a node, or ${key}.driver= and its properties`);
  return chain(value, named);
}

function flag(value: Json | undefined, name: string): boolean | undefined {
  if (value === undefined) return undefined;
  if (value === true || value === 'on') return true;
  if (value === false || value === 'off') return false;
  throw bad(`${name} is on or off`);
}

const rules = (value: Json | undefined): Description[] =>
  value === undefined || value === null ? [] : (Object.values(value as Description) as Description[]);

function number(value: Json | undefined, name: string): number | undefined {
  if (value === undefined) return undefined;
  const result = Number(value);
  if (!Number.isSafeInteger(result) || result < 0) throw bad(`${name} is a number`);
  return result;
}

/** The rules of blkdebug have these properties and no others. */
function checkRule(rule: Description, ...keys: string[]): void {
  for (const key of Object.keys(rule))
    if (!keys.includes(key))
      throw bad(`the property "${key}" of a rule of driver=blkdebug is not built yet or unknown`);
}

function event(value: Json | undefined): (typeof EVENTS)[string] {
  if (typeof value === 'string' && Object.hasOwn(EVENTS, value)) return EVENTS[value];
  throw bad(`the event ${String(value)} is not built yet: use ${Object.keys(EVENTS).join(', ')}`);
}

function blkdebug(description: Description): BlockFilter {
  const injectError = rules(description['inject-error']).map((rule) => {
    checkRule(rule, 'event', 'state', 'sector', 'once', 'errno');
    const errno = number(rule['errno'], 'errno') ?? EIO;
    if (errno !== EIO && errno !== ENOSPC)
      throw bad(`errno=${errno} is not built yet: use ${EIO} (EIO) or ${ENOSPC} (ENOSPC)`);
    const state = number(rule['state'], 'state');
    const sector = number(rule['sector'], 'sector');
    return {
      ...(rule['event'] !== undefined && rule['event'] !== 'none' && { iotype: event(rule['event']) }),
      ...(state !== undefined && { state }),
      ...(sector !== undefined && { sector }),
      ...(flag(rule['once'], 'once') && { once: true }),
      ...(errno === ENOSPC && { errno: 'space' as const }),
    };
  });
  const setState = rules(description['set-state']).map((rule) => {
    checkRule(rule, 'event', 'state', 'new_state');
    const state = number(rule['state'], 'state');
    return {
      event: event(rule['event']),
      ...(state !== undefined && { state }),
      newState: number(rule['new_state'], 'new_state') ?? 0,
    };
  });
  return { driver: 'blkdebug', injectError, setState };
}
