/**
 * ACPI tables for firmware: two files and the commands by which it puts them into memory and links them.
 * Specification: QEMU, hw/acpi/bios-linker-loader.c (the format of `etc/table-loader`).
 */
import type { PlacedTable } from './pc-acpi.ts';

export const TABLES_FILE = 'etc/acpi/tables';
export const RSDP_FILE = 'etc/acpi/rsdp';

const COMMAND_BYTES = 128;
const NAME_BYTES = 56;
const ALLOCATE = 1;
const ADD_POINTER = 2;
const ADD_CHECKSUM = 3;
const ZONE_HIGH = 1;
/** The BIOS segment, 0xf0000. */
const ZONE_FSEG = 2;

const TABLES_ALIGNMENT = 64;
const RSDP_ALIGNMENT = 16;
/** Where a table has its length and its checksum (ACPI 6.5, section 5.2.6). */
const LENGTH = 4;
const CHECKSUM = 9;
const HEADER_BYTES = 36;
/** The root pointer's two checksums (section 5.2.5.3): of its first 20 bytes, and of all. */
const RSDP_CHECKSUM = 8;
const RSDP_OLD_BYTES = 20;
const RSDP_EXTENDED_CHECKSUM = 32;

/** A field that holds a table's address. */
interface Field {
  offset: number;
  size: 4 | 8;
}

/** Fields of a table that hold other tables' addresses. */
function pointersOf({ name, bytes }: PlacedTable): Field[] {
  const entries = (size: 4 | 8): Field[] =>
    Array.from({ length: (bytes.length - HEADER_BYTES) / size }, (_, i) => ({
      offset: HEADER_BYTES + size * i,
      size,
    }));
  if (name === 'RSDT') return entries(4);
  if (name === 'XSDT') return entries(8);
  if (name === 'RSDP') return [at(16, 4), at(24, 8)];
  // FIRMWARE_CTRL, DSDT, X_DSDT.
  return name === 'FADT' ? [at(36, 4), at(40, 4), at(140, 8)] : [];
}

const at = (offset: number, size: 4 | 8): Field => ({ offset, size });

export interface LoaderFiles {
  tables: Uint8Array;
  rsdp: Uint8Array;
  /** `etc/table-loader` */
  script: Uint8Array;
}

/**
 * Checksums that the commands compute are 0 in the files: OVMF takes the sum of what it finds there for that of the other bytes.
 * @param placed tables at addresses from 0 on, which become offsets in the file; the root pointer last
 */
export function tableLoaderFiles(placed: readonly PlacedTable[]): LoaderFiles {
  const tables = placed.filter(({ name }) => name !== 'RSDP');
  const root = placed.find(({ name }) => name === 'RSDP')!;
  const end = Math.max(...tables.map(({ address, bytes }) => address + bytes.length));
  const file = new Uint8Array(end);
  for (const { address, bytes } of tables) file.set(bytes, address);

  const commands: Uint8Array[] = [allocate(TABLES_FILE, TABLES_ALIGNMENT, ZONE_HIGH)];
  commands.push(allocate(RSDP_FILE, RSDP_ALIGNMENT, ZONE_FSEG));
  for (const table of tables) {
    const fields = pointersOf(table);
    for (const { offset, size } of fields)
      commands.push(addPointer(TABLES_FILE, table.address + offset, size));
    if (fields.length === 0) continue;
    const length = new DataView(table.bytes.buffer, table.bytes.byteOffset).getUint32(LENGTH, true);
    commands.push(addChecksum(TABLES_FILE, table.address + CHECKSUM, table.address, length));
    file[table.address + CHECKSUM] = 0;
  }
  for (const { offset, size } of pointersOf(root)) commands.push(addPointer(RSDP_FILE, offset, size));
  const rsdp = root.bytes.slice();
  for (const offset of [RSDP_CHECKSUM, RSDP_EXTENDED_CHECKSUM]) rsdp[offset] = 0;
  commands.push(addChecksum(RSDP_FILE, RSDP_CHECKSUM, 0, RSDP_OLD_BYTES));
  commands.push(addChecksum(RSDP_FILE, RSDP_EXTENDED_CHECKSUM, 0, root.bytes.length));
  const script = new Uint8Array(commands.length * COMMAND_BYTES);
  commands.forEach((command, i) => void script.set(command, i * COMMAND_BYTES));
  return { tables: file, rsdp, script };
}

function command(
  code: number,
  names: readonly string[],
  numbers: readonly (readonly [value: number, size: 1 | 4])[],
): Uint8Array {
  const bytes = new Uint8Array(COMMAND_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, code, true);
  let next = 4;
  for (const name of names) {
    bytes.set(new TextEncoder().encode(name), next);
    next += NAME_BYTES;
  }
  for (const [value, size] of numbers) {
    if (size === 1) view.setUint8(next, value);
    else view.setUint32(next, value, true);
    next += size;
  }
  return bytes;
}

const allocate = (file: string, alignment: number, zone: number): Uint8Array =>
  command(
    ALLOCATE,
    [file],
    [
      [alignment, 4],
      [zone, 1],
    ],
  );

/** Adds the address of the tables' file to a field. */
const addPointer = (file: string, offset: number, size: 4 | 8): Uint8Array =>
  command(
    ADD_POINTER,
    [file, TABLES_FILE],
    [
      [offset, 4],
      [size, 1],
    ],
  );

const addChecksum = (file: string, offset: number, start: number, length: number): Uint8Array =>
  command(
    ADD_CHECKSUM,
    [file],
    [
      [offset, 4],
      [start, 4],
      [length, 4],
    ],
  );
