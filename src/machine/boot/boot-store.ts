import { VmError } from '../../core/errors.ts';
import type { LoadPiece } from './riscv-boot.ts';

/** Where pieces are loaded: both return false, and change nothing, unless the range lies within one slot. */
export interface LoadTarget {
  load(address: number, bytes: Uint8Array): boolean;
  clear(address: number, length: number): boolean;
}

/** A piece whose bytes are given up after the first load. */
interface StoredPiece extends Omit<LoadPiece, 'bytes'> {
  length: number;
  bytes: Uint8Array | null;
  blob: Blob | null;
}

/** Smaller pieces stay where they are, bytes: a Blob is worth a round trip to the browser only for an image. */
const BLOB_MIN = 65536;

/**
 * Loads a machine's images into RAM, at power-on and at every reset. After the first time they lie in Blobs: the browser keeps those outside of the
 * page's process, and moves them to disk when memory is short, while the copy that runs is in guest RAM.
 */
export class BootStore {
  readonly #pieces: StoredPiece[];
  /** Where the pieces lie: all their bytes counted as zeros. */
  readonly places: readonly LoadPiece[];

  constructor(pieces: readonly LoadPiece[]) {
    this.#pieces = pieces.map((piece) => ({ ...piece, length: piece.bytes.length, blob: null }));
    const bytes = new Uint8Array(0);
    this.places = pieces.map((piece) => ({ ...piece, bytes, zeros: piece.bytes.length + piece.zeros }));
  }

  /**
   * Puts every piece into its place.
   * @throws VmError out-of-memory if the browser has lost what it kept; RangeError for a piece that was planned outside of RAM
   */
  async load(target: LoadTarget): Promise<void> {
    for (const piece of this.#pieces) {
      const bytes = piece.bytes ?? (await read(piece));
      if (!target.load(piece.address, bytes) || !target.clear(piece.address + piece.length, piece.zeros)) {
        throw new RangeError(`${piece.what} was planned outside of RAM`);
      }
    }
    for (const piece of this.#pieces) {
      if (!piece.bytes || piece.length < BLOB_MIN) continue;
      piece.blob = new Blob([piece.bytes as Uint8Array<ArrayBuffer>]);
      piece.bytes = null;
    }
  }
}

async function read({ what, blob }: StoredPiece): Promise<Uint8Array> {
  try {
    return new Uint8Array(await (blob as Blob).arrayBuffer());
  } catch (cause) {
    throw new VmError(
      'out-of-memory',
      `The browser no longer has the ${what} that it kept for a reset: start the machine anew, or close other tabs.`,
      { cause },
    );
  }
}
