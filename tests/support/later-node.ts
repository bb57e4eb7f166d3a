import type { BlockNode } from '../../src/block/block-node.ts';
import { FilterNode } from '../../src/block/filter/filter-node.ts';

/** A node whose answers come later, as those of files do. */
export class LaterNode extends FilterNode {
  /** Reads, as `offset+length`. */
  readonly asked: string[] = [];

  override async read(offset: number, length: number) {
    this.asked.push(`${offset}+${length}`);
    return this.file.read(offset, length);
  }

  override async write(offset: number, bytes: Uint8Array) {
    return this.file.write(offset, bytes);
  }

  override async flush() {
    return this.file.flush();
  }

  override async discard(offset: number, length: number) {
    return this.file.discard(offset, length);
  }

  override async writeZeroes(offset: number, length: number, options?: { unmap?: boolean }) {
    return this.file.writeZeroes(offset, length, options);
  }

  override async blockStatus(offset: number, length: number) {
    return this.file.blockStatus(offset, length);
  }

  override async resize(size: number) {
    return this.file.resize(size);
  }
}

export const later = (node: BlockNode): LaterNode => new LaterNode(node);
