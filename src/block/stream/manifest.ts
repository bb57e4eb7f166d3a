/**
 * The manifest of a disk that is published in chunks: a JSON file that names each chunk by the SHA-256 of the file that holds it. A manifest comes
 * from anywhere, so everything in it is checked, and its chunks lie in its own folder or below. docs/block.md has the format.
 */
import { type BlockResult, failure, success } from '../block-node.ts';

export const MANIFEST_TYPE = 'snowglobe-image';
export const MANIFEST_VERSION = 1;

export const COMPRESSIONS = ['gzip', 'zstd', 'none'] as const;
export type Compression = (typeof COMPRESSIONS)[number];

/** A chunk as it is stored. */
export interface ChunkFile {
  /** Of the stored file, compressed as it is, in hex: it is known to be right before it is unpacked. */
  sha256: string;
  /** Length of the stored file. */
  bytes: number;
}

export interface ImageManifest {
  /** Bytes of the disk, a multiple of 512. */
  capacity: number;
  /** Bytes of the disk in each chunk, a power of two; the last one has what is left. */
  chunkSize: number;
  compression: Compression;
  /** Where chunks are, relative to the manifest; `{sha256}` stands for the chunk's. */
  url: string;
  /** null: zeros, stored nowhere. */
  chunks: readonly (ChunkFile | null)[];
  /** Chunks that a start of the machine reads, in their order. */
  boot: readonly number[];
}

export const DEFAULT_CHUNK_SIZE = 1 << 20;
export const CHUNK_SIZE_MIN = 4096;
export const CHUNK_SIZE_MAX = 16 << 20;
/** A disk of 1 TiB in chunks of 1 MiB. */
export const CHUNKS_MAX = 1 << 20;
/** Bytes of a manifest with as many chunks. */
export const MANIFEST_BYTES_MAX = 128 << 20;
/** So many bytes at the start of a file tell whether it is a manifest. */
export const MANIFEST_PROBE_BYTES = 256;

const EXTENSIONS: Readonly<Record<Compression, string>> = { gzip: '.gz', zstd: '.zst', none: '' };

/** The address that chunks have unless a manifest says otherwise. */
export const chunkTemplate = (compression: Compression): string =>
  `chunks/{sha256}${EXTENSIONS[compression]}`;

export const chunkPath = (template: string, sha256: string): string => template.replace('{sha256}', sha256);

/** Whether a file that begins so is a manifest. */
export function isManifest(head: Uint8Array): boolean {
  const text = String.fromCharCode(...head.subarray(0, MANIFEST_PROBE_BYTES));
  return /^(?:\xef\xbb\xbf)?\s*\{\s*"type"\s*:\s*"snowglobe-image"/.test(text);
}

/** What is wrong; the words of a message after the manifest's name. */
class Wrong {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}

/** A value from outside, short enough for a message. */
function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function integer(value: unknown, what: string, min: number, max: number): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max) return value;
  throw new Wrong(`${what} is ${shown(value)}, not a whole number from ${min} to ${max}`);
}

function list(value: unknown, what: string, max: number): readonly unknown[] {
  if (!Array.isArray(value)) throw new Wrong(`${what} is ${shown(value)}, not a list`);
  if (value.length > max) throw new Wrong(`${what} has ${value.length} entries, more than ${max}`);
  return value;
}

/** Characters of a path that mean themselves in every address. */
const SEGMENT = /^[\w.{}+=@,-]+$/;

function templateOf(value: unknown, compression: Compression): string {
  if (value === undefined) return chunkTemplate(compression);
  if (typeof value !== 'string' || value.length > 200)
    throw new Wrong(`url is ${shown(value)}, not an address`);
  if (value.split('{sha256}').length !== 2)
    throw new Wrong(`url ${shown(value)} does not have {sha256} once`);
  const segments = value.split('/');
  if (!segments.every((segment) => SEGMENT.test(segment) && segment !== '.' && segment !== '..'))
    throw new Wrong(`url ${shown(value)} leads out of the manifest's own folder`);
  return value;
}

/** Bytes of the disk that a chunk has. */
export const chunkLength = ({ capacity, chunkSize }: ImageManifest, index: number): number =>
  Math.min(chunkSize, capacity - index * chunkSize);

/** Compressed data may be longer than what it was made of, by little. */
const storedMax = (length: number): number => length + (length >> 6) + 1024;

function chunkOf(value: unknown, what: string, length: number, compression: Compression): ChunkFile | null {
  if (value === null) return null;
  if (typeof value !== 'object') throw new Wrong(`${what} is ${shown(value)}, not a chunk or null`);
  const { sha256, bytes } = value as Record<string, unknown>;
  if (typeof sha256 !== 'string' || !/^[\da-f]{64}$/.test(sha256))
    throw new Wrong(`sha256 of ${what} is ${shown(sha256)}, not 64 hexadecimal digits in lower case`);
  const min = compression === 'none' ? length : 1;
  const max = compression === 'none' ? length : storedMax(length);
  return { sha256, bytes: integer(bytes, `bytes of ${what}`, min, max) };
}

function bootOf(value: unknown, count: number): number[] {
  if (value === undefined) return [];
  const boot = list(value, 'boot', count).map((entry, i) => integer(entry, `boot[${i}]`, 0, count - 1));
  if (new Set(boot).size < boot.length) throw new Wrong('boot names a chunk twice');
  return boot;
}

function checked(value: unknown): ImageManifest {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Wrong('it is no JSON object');
  const fields = value as Record<string, unknown>;
  if (fields['type'] !== MANIFEST_TYPE)
    throw new Wrong(`type is ${shown(fields['type'])}, not "${MANIFEST_TYPE}"`);
  if (fields['version'] !== MANIFEST_VERSION)
    throw new Wrong(`version ${shown(fields['version'])} is not known here, only ${MANIFEST_VERSION}`);
  const compression = COMPRESSIONS.find((name) => name === fields['compression']);
  if (!compression)
    throw new Wrong(`compression is ${shown(fields['compression'])}, not one of ${COMPRESSIONS.join(', ')}`);
  const chunkSize = integer(fields['chunkSize'], 'chunkSize', CHUNK_SIZE_MIN, CHUNK_SIZE_MAX);
  if ((chunkSize & (chunkSize - 1)) !== 0) throw new Wrong(`chunkSize ${chunkSize} is no power of two`);
  const capacity = integer(fields['capacity'], 'capacity', 512, CHUNKS_MAX * chunkSize);
  if (capacity % 512 !== 0) throw new Wrong(`capacity ${capacity} is no multiple of 512`);
  const entries = list(fields['chunks'], 'chunks', CHUNKS_MAX);
  const count = Math.ceil(capacity / chunkSize);
  if (entries.length !== count)
    throw new Wrong(`chunks has ${entries.length} entries, but the capacity makes ${count}`);
  const chunks = entries.map((entry, i) =>
    chunkOf(entry, `chunks[${i}]`, Math.min(chunkSize, capacity - i * chunkSize), compression),
  );
  return {
    capacity,
    chunkSize,
    compression,
    url: templateOf(fields['url'], compression),
    chunks,
    boot: bootOf(fields['boot'], count),
  };
}

/** Reads a manifest. Fields that are not known are left alone. */
export function parseManifest(text: string): BlockResult<ImageManifest> {
  try {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      throw new Wrong('it is no JSON, or not all of it');
    }
    return success(checked(value));
  } catch (error) {
    if (!(error instanceof Wrong)) throw error;
    return failure('unsupported', `the manifest cannot be used: ${error.message}`);
  }
}

/** A manifest as it is written. Its type comes first, by which it is known. */
export function formatManifest({
  capacity,
  chunkSize,
  compression,
  url,
  chunks,
  boot,
}: ImageManifest): string {
  const head = { type: MANIFEST_TYPE, version: MANIFEST_VERSION, capacity, chunkSize, compression, url };
  const lines = chunks.map((chunk) => JSON.stringify(chunk));
  const fields = Object.entries(head).map(([key, value]) => `  "${key}": ${JSON.stringify(value)}`);
  if (boot.length > 0) fields.push(`  "boot": ${JSON.stringify(boot)}`);
  fields.push(`  "chunks": [\n    ${lines.join(',\n    ')}\n  ]`);
  return `{\n${fields.join(',\n')}\n}\n`;
}

/**
 * Tells whether two manifests are of the same bytes: a hash over its chunks' hashes, in hex. What is stored over an image (a disk's own writes)
 * belongs to this, wherever the image comes from.
 */
export async function manifestIdentity({ capacity, chunkSize, chunks }: ImageManifest): Promise<string> {
  const text = `${capacity} ${chunkSize}\n${chunks.map((chunk) => chunk?.sha256 ?? '-').join('\n')}`;
  return sha256Hex(new TextEncoder().encode(text));
}

export async function sha256Hex(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
