import type { BlockNode, BlockResult, BlockStatus, Eventually, ZeroOptions } from '../block-node.ts';

/** A node that passes every request on to the one below it. Filters say where they do something else. */
export class FilterNode implements BlockNode {
  file: BlockNode;

  constructor(file: BlockNode) {
    this.file = file;
  }

  get size(): number {
    return this.file.size;
  }

  get readOnly(): boolean {
    return this.file.readOnly;
  }

  get identity(): string | null {
    return this.file.identity ?? null;
  }

  get backing(): BlockNode | null {
    return this.file.backing ?? null;
  }

  read(offset: number, length: number): Eventually<BlockResult<Uint8Array>> {
    return this.file.read(offset, length);
  }

  write(offset: number, bytes: Uint8Array): Eventually<BlockResult> {
    return this.file.write(offset, bytes);
  }

  flush(): Eventually<BlockResult> {
    return this.file.flush();
  }

  discard(offset: number, length: number): Eventually<BlockResult> {
    return this.file.discard(offset, length);
  }

  writeZeroes(offset: number, length: number, options?: ZeroOptions): Eventually<BlockResult> {
    return this.file.writeZeroes(offset, length, options);
  }

  blockStatus(offset: number, length: number): Eventually<BlockResult<BlockStatus>> {
    return this.file.blockStatus(offset, length);
  }

  resize(size: number): Eventually<BlockResult> {
    return this.file.resize(size);
  }

  close(): Eventually<BlockResult> {
    return this.file.close();
  }
}
