/**
 * What a PC is made of, in words, for firmware to put into memory.
 * Specification: DMTF DSP0134, SMBIOS Reference Specification 2.8. Which structures there are, and their handles, follow QEMU 7.2; SeaBIOS
 * adds the one about itself (type 0) unless `-smbios type=0` did.
 */
import { NO_SMBIOS_OVERRIDES, type SmbiosOverrides } from './smbios-options.ts';

const KIB = 1024;
const MIB = 1048576;
/** Largest memory device, and the most bytes that type 17 can say in MiB. */
const DIMM_MAX = 16384 * MIB;
const ENTRY_BYTES = 31;
const NO_HANDLE = 0xfffe;
const MANUFACTURER = 'Snowglobe';
const PRODUCT = 'Standard PC (i440FX + PIIX, 1996)';

/** Fields of a structure behind its header: [bytes, value], or a text, which becomes a number of a string. `texts` of a structure are in none. */
type Field = readonly [size: 1 | 2 | 4 | 8, value: number] | string;

function structure(
  type: number,
  handle: number,
  fields: readonly Field[],
  texts: readonly string[] = [],
): Uint8Array {
  const strings: string[] = [];
  const body: number[] = [];
  for (const field of fields) {
    const [size, value] = typeof field === 'string' ? ([1, strings.push(field)] as const) : field;
    for (let i = 0; i < size; i++) body.push(Math.floor(value / 2 ** (8 * i)) & 0xff);
  }
  strings.push(...texts);
  const text = strings.length > 0 ? `${strings.join('\0')}\0\0` : '\0\0';
  return Uint8Array.from([
    ...[type, 4 + body.length, handle & 0xff, handle >> 8],
    ...body,
    ...new TextEncoder().encode(text),
  ]);
}

export interface SmbiosOptions {
  /** The board's versioned name. */
  version: string;
  ramBytes: number;
  vcpus: number;
  /** `-smbios` */
  overrides?: SmbiosOverrides;
}

export interface SmbiosFiles {
  tables: Uint8Array;
  /** The entry point; where the tables are is firmware's to fill in. */
  anchor: Uint8Array;
}

export function smbiosFiles(options: SmbiosOptions): SmbiosFiles {
  const { types, oem } = options.overrides ?? NO_SMBIOS_OVERRIDES;
  const structures = [
    ...(types.has(0) ? [firmware(options)] : []),
    system(options),
    ...(types.has(2) ? [board(options)] : []),
    chassis(options),
  ];
  for (let i = 0; i < options.vcpus; i++) structures.push(processor(options, i));
  if (oem.length > 0) structures.push(structure(11, 0xe00, [[1, oem.length]], oem));
  structures.push(...memory(options.ramBytes), structure(32, 0x2000, zeros(7)), structure(127, 0x7f00, []));
  const tables = Uint8Array.from(structures.flatMap((bytes) => [...bytes]));
  return { tables, anchor: entryPoint(structures, tables.length) };
}

const zeros = (count: number): Field[] => Array.from({ length: count }, () => [1, 0] as const);

/** What a structure says: the user's text, or the usual one; 0 where there is none. */
function told({ overrides }: SmbiosOptions, type: number): (key: string, usual?: string) => Field {
  const own = overrides?.types.get(type);
  return (key, usual = '') => {
    const text = own?.get(key) ?? usual;
    return text === '' ? [1, 0] : text;
  };
}

/** At segment e800; of its abilities it says only that they are not told. */
function firmware(options: SmbiosOptions): Uint8Array {
  const text = told(options, 0);
  const own = options.overrides?.types.get(0);
  const [major, minor] = (own?.get('release') ?? '0.0').split('.').map(Number);
  const extension = own?.get('uefi') === 'on' ? 0x1c : 0x14;
  return structure(0, 0, [
    ...[text('vendor'), text('version'), [2, 0xe800] as const, text('date'), [1, 0] as const],
    ...[[8, 8] as const, [1, 0] as const, [1, extension] as const],
    ...[[1, major] as const, [1, minor] as const, [2, 0xffff] as const],
  ]);
}

/** The bytes of a UUID: its first three numbers in little-endian order (section 7.2.1). */
function uuidBytes(uuid: string): number[] {
  const bytes = uuid.match(/[\da-f]{2}/gi)!.map((byte) => Number.parseInt(byte, 16));
  return [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15].map((at) => bytes[at]);
}

/** Woken by the power switch. */
function system(options: SmbiosOptions): Uint8Array {
  const text = told(options, 1);
  const uuid = options.overrides?.types.get(1)?.get('uuid');
  return structure(1, 0x100, [
    ...[text('manufacturer', MANUFACTURER), text('product', PRODUCT), text('version', options.version)],
    text('serial'),
    ...(uuid === undefined ? zeros(16) : uuidBytes(uuid).map((byte) => [1, byte] as const)),
    ...[[1, 6] as const, text('sku'), text('family')],
  ]);
}

/** A motherboard that hosts the chassis' other parts. */
function board(options: SmbiosOptions): Uint8Array {
  const text = told(options, 2);
  return structure(2, 0x200, [
    ...[text('manufacturer', MANUFACTURER), text('product', PRODUCT), text('version', options.version)],
    ...[text('serial'), text('asset'), [1, 1] as const, text('location')],
    ...[[2, 0x300] as const, [1, 10] as const, [1, 0] as const],
  ]);
}

/** Of no particular shape, in a safe state. */
function chassis(options: SmbiosOptions): Uint8Array {
  const text = told(options, 3);
  return structure(3, 0x300, [
    ...[text('manufacturer', MANUFACTURER), [1, 1] as const, text('version', options.version)],
    ...[text('serial'), text('asset'), [1, 3] as const, [1, 3] as const, [1, 3] as const, [1, 2] as const],
    ...[[4, 0] as const, ...zeros(4), text('sku')],
  ]);
}

/** A processor of family "other" in a socket, with one core. */
const processor = ({ version }: SmbiosOptions, index: number): Uint8Array =>
  structure(4, 0x400 + index, [
    ...[`CPU ${index}`, [1, 3] as const, [1, 1] as const, MANUFACTURER, [8, 0] as const, version],
    // Voltage, external clock, speeds of 2 GHz, enabled, upgrade "other".
    ...[[1, 0] as const, [2, 0] as const, [2, 2000] as const, [2, 2000] as const],
    ...[
      [1, 0x41] as const,
      [1, 1] as const,
      [2, 0xffff] as const,
      [2, 0xffff] as const,
      [2, 0xffff] as const,
    ],
    ...[[1, 0] as const, [1, 0] as const, [1, 0] as const, [1, 1] as const, [1, 1] as const, [1, 1] as const],
    ...[[2, 2] as const, [2, 1] as const],
  ]);

/** The array of all memory, its devices, and where it lies. */
function memory(ramBytes: number): Uint8Array[] {
  const count = Math.ceil(ramBytes / DIMM_MAX);
  const array = structure(16, 0x1000, [
    ...[[1, 1] as const, [1, 3] as const, [1, 6] as const, [4, ramBytes / KIB] as const],
    ...[[2, NO_HANDLE] as const, [2, count] as const, [8, 0] as const],
  ]);
  const devices = Array.from({ length: count }, (_, i) => {
    const size = Math.min(DIMM_MAX, ramBytes - i * DIMM_MAX);
    return structure(17, 0x1100 + i, [
      ...[[2, 0x1000] as const, [2, NO_HANDLE] as const, [2, 0xffff] as const, [2, 0xffff] as const],
      // MiB; form factor DIMM, type RAM, other details.
      ...[[2, size / MIB] as const, [1, 9] as const, [1, 0] as const, `DIMM ${i}`, [1, 0] as const],
      ...[[1, 7] as const, [2, 2] as const, [2, 0] as const, MANUFACTURER, ...zeros(16)],
    ]);
  });
  const mapped = structure(19, 0x1300, [
    ...[[4, 0] as const, [4, ramBytes / KIB - 1] as const, [2, 0x1000] as const, [1, 1] as const],
    ...[[8, 0] as const, [8, 0] as const],
  ]);
  return [array, ...devices, mapped];
}

function entryPoint(structures: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(ENTRY_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode('_SM_'));
  view.setUint8(5, ENTRY_BYTES);
  view.setUint8(6, 2);
  view.setUint8(7, 8);
  view.setUint16(8, Math.max(...structures.map((one) => one.length)), true);
  bytes.set(new TextEncoder().encode('_DMI_'), 16);
  view.setUint16(22, length, true);
  view.setUint16(28, structures.length, true);
  view.setUint8(30, 0x28);
  const sum = (start: number): number => -bytes.subarray(start).reduce((a, b) => a + b, 0) & 0xff;
  bytes[21] = sum(16);
  bytes[4] = sum(0);
  return bytes;
}
