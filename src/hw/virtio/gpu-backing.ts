import type { MemoryPiece } from '../../core/scanout.ts';
import type { DmaMemory } from '../../memory/guest-memory.ts';

/** The guest's memory behind a resource of virtio-gpu: pages from anywhere in RAM, in order (VIRTIO 1.2, section 5.7.6.8). */
export class GpuBacking {
  /** How many the guest gave. */
  readonly entries: number;
  readonly bytes: number;
  /** In the shared memory, those that follow each other joined. */
  readonly pieces: readonly MemoryPiece[];
  /** Where each begins. */
  private readonly starts: Float64Array;
  private readonly shared: Uint8Array;

  /** @returns null if any of it lies outside of RAM */
  static open(memory: DmaMemory, entries: readonly (readonly [number, number])[]): GpuBacking | null {
    const pieces: MemoryPiece[] = [];
    let shared = new Uint8Array();
    for (const [address, length] of entries) {
      if (length === 0) continue;
      const view = memory.view(address, length, false);
      if (!view) return null;
      if (shared.length === 0) shared = new Uint8Array(view.buffer as ArrayBuffer);
      const last = pieces.at(-1);
      if (last && last.linear + last.length === view.byteOffset) last.length += length;
      else pieces.push({ linear: view.byteOffset, length });
    }
    return new GpuBacking(shared, pieces, entries.length);
  }

  private constructor(shared: Uint8Array, pieces: readonly MemoryPiece[], entries: number) {
    this.shared = shared;
    this.pieces = pieces;
    this.entries = entries;
    this.starts = new Float64Array(pieces.length);
    let at = 0;
    pieces.forEach(({ length }, i) => {
      this.starts[i] = at;
      at += length;
    });
    this.bytes = at;
  }

  /** Copies bytes out; what lies beyond the end stays as it is in `target`, as in QEMU. */
  copy(from: number, target: Uint8Array, at: number, length: number): void {
    const end = Math.min(from + length, this.bytes);
    for (let i = this.pieceAt(from), position = from; position < end; i++) {
      const { linear, length: size } = this.pieces[i];
      const skip = position - this.starts[i];
      const count = Math.min(size - skip, end - position);
      target.set(this.shared.subarray(linear + skip, linear + skip + count), at + position - from);
      position += count;
    }
  }

  /** The parts of the shared memory that are a range of it, which lies within. */
  range(from: number, length: number): MemoryPiece[] {
    const parts: MemoryPiece[] = [];
    const end = from + length;
    for (let i = this.pieceAt(from), position = from; position < end; i++) {
      const skip = position - this.starts[i];
      const count = Math.min(this.pieces[i].length - skip, end - position);
      parts.push({ linear: this.pieces[i].linear + skip, length: count });
      position += count;
    }
    return parts;
  }

  /** The piece with a byte, or one past the last. */
  private pieceAt(position: number): number {
    let [low, high] = [0, this.pieces.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.starts[middle] + this.pieces[middle].length > position) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
