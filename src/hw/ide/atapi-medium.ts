/**
 * What is in a CD-ROM drive, and what its answers to packets say of it: inquiry, mode pages, table of contents, features.
 * Specification: MMC-6 (T10 1836D); SFF-8020i for what older guests ask.
 */
import type { BlockNode } from '../../block/block-node.ts';
import { CD_SECTOR } from './ata.ts';

/** Sense keys and additional sense codes: MMC-6, annex F. */
export const SENSE = {
  NONE: [0x0, 0x00, 0x00],
  NO_MEDIUM: [0x2, 0x3a, 0x00],
  MEDIUM_ERROR: [0x3, 0x11, 0x00],
  ILLEGAL_OPERATION: [0x5, 0x20, 0x00],
  BLOCK_OUT_OF_RANGE: [0x5, 0x21, 0x00],
  INVALID_FIELD: [0x5, 0x24, 0x00],
  SAVING_NOT_SUPPORTED: [0x5, 0x39, 0x00],
  INCOMPATIBLE_MEDIUM: [0x5, 0x30, 0x00],
  REMOVAL_PREVENTED: [0x5, 0x53, 0x02],
  MEDIUM_CHANGED: [0x6, 0x28, 0x00],
} as const;

export type Sense = readonly [key: number, code: number, qualifier: number];

/** More than 900 MB is a DVD. */
const CD_SECTORS_MAX = (80 * 60 + 0) * 75;
const PROFILE_CD_ROM = 0x0008;
const PROFILE_DVD_ROM = 0x0010;

/** Sectors of 2048 bytes. */
export const sectorsOf = (node: BlockNode | null): number => Math.floor((node?.size ?? 0) / CD_SECTOR);

export function put16(bytes: Uint8Array, at: number, value: number): void {
  new DataView(bytes.buffer, bytes.byteOffset).setUint16(at, value);
}

export function put32(bytes: Uint8Array, at: number, value: number): void {
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(at, value);
}

export function inquiry(): Uint8Array {
  const bytes = new Uint8Array(36);
  bytes[0] = 0x05;
  bytes[1] = 0x80;
  bytes[3] = 0x21;
  bytes[4] = 31;
  const text = (at: number, length: number, value: string): void => {
    for (let i = 0; i < length; i++) bytes[at + i] = value.padEnd(length).charCodeAt(i);
  };
  text(8, 8, 'QEMU');
  text(16, 16, 'QEMU DVD-ROM');
  text(32, 4, '2.5+');
  return bytes;
}

/** Minutes, seconds and frames of a sector, as the disc's own addresses count. */
function msf(sector: number): [number, number, number] {
  const frame = sector + 150;
  return [Math.floor(frame / 75 / 60), Math.floor(frame / 75) % 60, frame % 75];
}

function address(sector: number, asMsf: boolean): number[] {
  return asMsf
    ? [0, ...msf(sector)]
    : [sector >>> 24, sector >> 16, sector >> 8, sector].map((byte) => byte & 0xff);
}

const LEAD_OUT = 0xaa;
/** Data track, digital copy prohibited: ADR 1, control 4. */
const DATA_TRACK = 0x14;
/** The lead-out may be copied. */
const LEAD_OUT_TRACK = 0x16;

/** READ TOC with format 0; null for a start track that is not there. MMC-6, 6.25. */
export function toc(sectors: number, asMsf: boolean, start: number): Uint8Array | null {
  if (start > 1 && start !== LEAD_OUT) return null;
  const entries = [];
  if (start <= 1) entries.push([0, DATA_TRACK, 1, 0, ...address(0, asMsf)]);
  entries.push([0, LEAD_OUT_TRACK, LEAD_OUT, 0, ...address(sectors, asMsf)]);
  return tocOf([1, 1], entries);
}

/** Format 1: one session, which begins at track 1. */
export function sessionInfo(asMsf: boolean): Uint8Array {
  return tocOf([1, 1], [[0, DATA_TRACK, 1, 0, ...address(0, asMsf)]]);
}

/** Format 2: the lead-in's own entries. */
export function rawToc(sectors: number): Uint8Array {
  const entry = (point: number, place: readonly number[]): number[] => [
    1,
    DATA_TRACK,
    0,
    point,
    0,
    0,
    0,
    0,
    ...place,
  ];
  return tocOf(
    [1, 1],
    [entry(0xa0, [1, 0, 0]), entry(0xa1, [1, 0, 0]), entry(0xa2, msf(sectors)), entry(1, msf(0))],
  );
}

function tocOf(range: readonly [number, number], entries: readonly number[][]): Uint8Array {
  const body = [...range, ...entries.flat()];
  return Uint8Array.from([body.length >> 8, body.length & 0xff, ...body]);
}

/** MODE SENSE of a current page; null for one that is not there. */
export function modeSense(page: number, locked: boolean): Uint8Array | null {
  const header = [0, 0, 0x70, 0, 0, 0, 0, 0];
  let body: number[];
  switch (page) {
    case 0x01:
      // Read error recovery.
      body = [0x01, 0x06, 0x00, 0x05, 0, 0, 0, 0];
      break;
    case 0x0e:
      // Audio control.
      body = [0x0e, 0x0e, ...new Array<number>(14).fill(0)];
      break;
    case 0x2a: {
      // Capabilities: reads CD-R, CD-RW, DVD; audio, mode 2, multi-session; tray that can be locked; 4× with 512 KiB.
      const mechanism = 0x29 | (locked ? 0x02 : 0);
      body = [
        0x2a,
        0x14,
        0x3b,
        0,
        0x71,
        0x60,
        mechanism,
        0,
        0x02,
        0xc0,
        0,
        2,
        0x02,
        0,
        0x02,
        0xc0,
        0,
        0,
        0,
        0,
        0,
        0,
      ];
      break;
    }
    default:
      return null;
  }
  const bytes = Uint8Array.from([...header, ...body]);
  put16(bytes, 0, bytes.length - 2);
  return bytes;
}

function profileOf(sectors: number): number {
  if (sectors === 0) return 0;
  return sectors > CD_SECTORS_MAX ? PROFILE_DVD_ROM : PROFILE_CD_ROM;
}

/** GET CONFIGURATION: profiles, core, removable medium; all of them, the current ones, or one. MMC-6, 6.5. */
export function configuration(sectors: number, requested: number, first: number): Uint8Array {
  const profile = profileOf(sectors);
  const profileEntry = (number: number): number[] => [
    number >> 8,
    number & 0xff,
    number === profile ? 1 : 0,
    0,
  ];
  const features: readonly (readonly [number, readonly number[]])[] = [
    [0x0000, [0x00, 0x00, 0x03, 8, ...profileEntry(PROFILE_DVD_ROM), ...profileEntry(PROFILE_CD_ROM)]],
    [0x0001, [0x00, 0x01, 0x0b, 8, 0, 0, 0, 2, 1, 0, 0, 0]],
    [0x0003, [0x00, 0x03, 0x03, 4, 0x29, 0, 0, 0]],
  ];
  const chosen = features.filter(([number]) => (requested === 2 ? number === first : number >= first));
  const body = [0, 0, 0, 0, 0, 0, profile >> 8, profile & 0xff, ...chosen.flatMap(([, bytes]) => bytes)];
  const bytes = Uint8Array.from(body);
  put32(bytes, 0, bytes.length - 4);
  return bytes;
}

/** READ DISC INFORMATION, standard: finished, one session, one track, not erasable. MMC-6, 6.21. */
export function discInformation(): Uint8Array {
  const bytes = new Uint8Array(34);
  bytes[1] = 32;
  bytes[2] = 0x0e;
  bytes.fill(1, 3, 7);
  bytes[7] = 0x20;
  return bytes;
}
