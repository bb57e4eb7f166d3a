import { type BlockNode, type BlockResult, type Eventually, outside } from '../block-node.ts';
import { FilterNode } from './filter-node.ts';

/** Writes down what is read, in pieces of `unit` bytes, each once and in the order of the first time. */
export class RecordingNode extends FilterNode {
  readonly reads = new Set<number>();
  private readonly unit: number;

  constructor(file: BlockNode, unit: number) {
    super(file);
    this.unit = unit;
  }

  override read(offset: number, length: number): Eventually<BlockResult<Uint8Array>> {
    if (length > 0 && !outside(this.size, offset, length)) {
      const last = Math.floor((offset + length - 1) / this.unit);
      for (let piece = Math.floor(offset / this.unit); piece <= last; piece++) this.reads.add(piece);
    }
    return this.file.read(offset, length);
  }
}
