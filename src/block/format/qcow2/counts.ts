import { fail } from '../../request.ts';

const PIECE_BITS = 12;
/** 512 MiB of counts: what the clusters of 8 TiB of data take, 64 KiB each. */
const MAX_PIECES = 2 ** 15;
const MAX_COUNT = 0xffffffff;

/** Counts by cluster: sparse, since a hostile image names clusters anywhere; and only so many, since it names them far apart. */
export class Counts {
  private readonly pieces = new Map<number, Uint32Array>();

  get(cluster: number): number {
    return this.pieces.get(Math.floor(cluster / 2 ** PIECE_BITS))?.[cluster % 2 ** PIECE_BITS] ?? 0;
  }

  /** A step of a request, which it ends where there is no room for more. @returns the new count, which stays at 2^32 - 1 */
  add(cluster: number, times = 1): number {
    const number = Math.floor(cluster / 2 ** PIECE_BITS);
    let piece = this.pieces.get(number);
    if (!piece) {
      if (this.pieces.size >= MAX_PIECES)
        fail(
          'unsupported',
          'the clusters in use lie too far apart to be counted: copy the image with convert',
        );
      this.pieces.set(number, (piece = new Uint32Array(2 ** PIECE_BITS)));
    }
    const index = cluster % 2 ** PIECE_BITS;
    return (piece[index] = Math.min(piece[index] + times, MAX_COUNT));
  }

  /** Clusters with a count, in order. */
  *used(): Generator<number> {
    for (const number of [...this.pieces.keys()].sort((a, b) => a - b)) {
      const piece = this.pieces.get(number)!;
      for (let i = 0; i < piece.length; i++) if (piece[i] > 0) yield number * 2 ** PIECE_BITS + i;
    }
  }
}
