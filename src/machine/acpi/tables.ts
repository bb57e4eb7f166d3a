/** ACPI's static tables, as bytes. Specification: ACPI 6.5, section 5.2; IA-PC HPET specification 1.0a, section 3.2.4. */

const HEADER_BYTES = 36;
const OEM_ID = 'SNOWGL';
const OEM_TABLE_ID = 'SNOWGLPC';
const CREATOR_ID = 'SNOW';

/** A table: a header before its contents, with its checksum. */
export function acpiTable(
  signature: string,
  revision: number,
  contents: readonly number[] | Uint8Array,
): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + contents.length);
  const view = new DataView(bytes.buffer);
  putText(bytes, 0, signature);
  view.setUint32(4, bytes.length, true);
  bytes[8] = revision;
  putText(bytes, 10, OEM_ID);
  putText(bytes, 16, OEM_TABLE_ID);
  view.setUint32(24, 1, true);
  putText(bytes, 28, CREATOR_ID);
  view.setUint32(32, 1, true);
  bytes.set(contents, HEADER_BYTES);
  bytes[9] = checksum(bytes);
  return bytes;
}

/** The root pointer, revision 2 (section 5.2.5.3). */
export function rsdp(rsdt: number, xsdt: number): Uint8Array {
  const bytes = new Uint8Array(36);
  const view = new DataView(bytes.buffer);
  putText(bytes, 0, 'RSD PTR ');
  putText(bytes, 9, OEM_ID);
  bytes[15] = 2;
  view.setUint32(16, rsdt, true);
  view.setUint32(20, bytes.length, true);
  view.setBigUint64(24, BigInt(xsdt), true);
  bytes[8] = checksum(bytes.subarray(0, 20));
  bytes[32] = checksum(bytes);
  return bytes;
}

/** The table of tables with addresses of 32 bits. */
export const rsdt = (tables: readonly number[]): Uint8Array =>
  acpiTable('RSDT', 1, new Uint8Array(Uint32Array.from(tables).buffer));

/** The table of tables with addresses of 64 bits. */
export const xsdt = (tables: readonly number[]): Uint8Array =>
  acpiTable('XSDT', 1, new Uint8Array(BigUint64Array.from(tables, BigInt).buffer));

/** The firmware control structure, which has no checksum (section 5.2.10); 64 bytes, to be aligned to 64. */
export function facs(): Uint8Array {
  const bytes = new Uint8Array(64);
  putText(bytes, 0, 'FACS');
  new DataView(bytes.buffer).setUint32(4, bytes.length, true);
  bytes[32] = 1;
  return bytes;
}

export interface FadtOptions {
  facs: number;
  dsdt: number;
  sci: number;
  smiCommand: number;
  acpiEnable: number;
  acpiDisable: number;
  /** Port of the PM1 event block; control and timer lie at +4 and +8 (PIIX4). */
  pm: number;
  gpe: number;
  gpeBytes: number;
  /** Port and value that reset the machine. */
  reset: { port: number; value: number };
  /** CMOS byte of the century. */
  century: number;
  /** IA-PC boot architecture flags (table 5.11). */
  bootFlags: number;
  /** Fixed feature flags (table 5.10). */
  flags: number;
}

/** The fixed description table, revision 3 (section 5.2.9). */
export function fadt(options: FadtOptions): Uint8Array {
  const bytes = new Uint8Array(244 - HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  const u8 = (at: number, value: number): void => view.setUint8(at - HEADER_BYTES, value);
  const u16 = (at: number, value: number): void => view.setUint16(at - HEADER_BYTES, value, true);
  const u32 = (at: number, value: number): void => view.setUint32(at - HEADER_BYTES, value, true);
  const u64 = (at: number, value: number): void => view.setBigUint64(at - HEADER_BYTES, BigInt(value), true);
  /** A generic address in I/O space (section 5.2.3.2). */
  const port = (at: number, address: number, bits: number): void => {
    u8(at, 1);
    u8(at + 1, bits);
    u64(at + 4, address);
  };
  const { pm, gpe, gpeBytes, reset } = options;
  u32(36, options.facs);
  u32(40, options.dsdt);
  u16(46, options.sci);
  u32(48, options.smiCommand);
  u8(52, options.acpiEnable);
  u8(53, options.acpiDisable);
  u32(56, pm);
  u32(64, pm + 4);
  u32(76, pm + 8);
  u32(80, gpe);
  u8(88, 4);
  u8(89, 2);
  u8(91, 4);
  u8(92, gpeBytes);
  // Neither C2 nor C3 (more than 100 and 1000 microseconds).
  u16(96, 0xfff);
  u16(98, 0xfff);
  u8(108, options.century);
  u16(109, options.bootFlags);
  u32(112, options.flags);
  port(116, reset.port, 8);
  u8(128, reset.value);
  // The 64-bit address of the FACS stays 0: a kernel that is given both warns of two.
  u64(140, options.dsdt);
  port(148, pm, 32);
  port(172, pm + 4, 16);
  port(208, pm + 8, 32);
  port(220, gpe, 8 * gpeBytes);
  return acpiTable('FACP', 3, bytes);
}

export interface MadtOptions {
  lapic: number;
  ioapic: number;
  vcpus: number;
  /** ISA lines that are not what ISA lines are. */
  overrides: readonly { line: number; gsi: number; levelHigh: boolean }[];
}

/** The interrupt controllers (section 5.2.12). */
export function madt({ lapic, ioapic, vcpus, overrides }: MadtOptions): Uint8Array {
  const dword = (value: number): number[] => [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);
  /** Polarity and trigger mode as the bus has them, or active-high and level (table 5.26). */
  const inti = (levelHigh: boolean): number => (levelHigh ? 0x0d : 0);
  const PCAT_COMPAT = 1;
  const ENABLED = 1;
  const entries: number[] = [...dword(lapic), ...dword(PCAT_COMPAT)];
  for (let i = 0; i < vcpus; i++) entries.push(0, 8, i, i, ...dword(ENABLED));
  entries.push(1, 12, 0, 0, ...dword(ioapic), ...dword(0));
  for (const { line, gsi, levelHigh } of overrides) {
    entries.push(2, 10, 0, line, ...dword(gsi), inti(levelHigh), 0);
  }
  // NMI is at LINT1 of every processor.
  entries.push(4, 6, 0xff, 0, 0, 1);
  return acpiTable('APIC', 1, entries);
}

/** The high precision event timer. `id`: the low half of its capabilities register. */
export function hpetTable(base: number, id: number): Uint8Array {
  const bytes = new Uint8Array(20);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, id, true);
  view.setBigUint64(8, BigInt(base), true);
  return acpiTable('HPET', 1, bytes);
}

function putText(bytes: Uint8Array, at: number, text: string): void {
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
}

/** What makes the sum of all bytes 0. */
function checksum(bytes: Uint8Array): number {
  return -bytes.reduce((sum, byte) => sum + byte, 0) & 0xff;
}
