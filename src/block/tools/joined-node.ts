import {
  type BlockNode,
  type BlockResult,
  type BlockStatus,
  DONE,
  failure,
  outside,
  success,
} from '../block-node.ts';
import { layeredStatus } from './layers.ts';

const SECTOR = 512;

/** Disks one behind the other, as one that is only read. Each begins at a sector. */
export class JoinedNode implements BlockNode {
  readonly size: number;
  readonly readOnly = true;
  private readonly parts: { node: BlockNode; start: number; end: number }[] = [];

  constructor(nodes: readonly BlockNode[]) {
    let start = 0;
    for (const node of nodes) {
      const end = start + Math.ceil(node.size / SECTOR) * SECTOR;
      this.parts.push({ node, start, end });
      start = end;
    }
    this.size = start;
  }

  private at(offset: number): { node: BlockNode; start: number; end: number } {
    return this.parts.find(({ end }) => offset < end)!;
  }

  async read(offset: number, length: number): Promise<BlockResult<Uint8Array>> {
    const wrong = outside(this.size, offset, length);
    if (wrong) return wrong;
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length; ) {
      const { node, start, end } = this.at(offset + done);
      const from = offset + done - start;
      const count = Math.min(length - done, end - start - from);
      // What rounds a disk up to its last sector are zeros.
      const there = Math.min(count, Math.max(node.size - from, 0));
      const part = await node.read(from, there);
      if (!part.ok) return part;
      bytes.set(part.value, done);
      done += count;
    }
    return success(bytes);
  }

  /** What all layers of the disk know that is there. */
  async blockStatus(offset: number, length: number): Promise<BlockResult<BlockStatus>> {
    const wrong = outside(this.size, offset, Math.max(length, 1));
    if (wrong) return wrong;
    const { node, start, end } = this.at(offset);
    const from = offset - start;
    const status: BlockStatus = {
      length: Math.min(length, end - offset),
      ...{ allocated: true, data: false, zero: true, offset: null, compressed: false },
    };
    if (from >= node.size) return success(status);
    const found = await layeredStatus(node, from, Math.min(length, node.size - from));
    if (!found.ok) return found;
    const { data, zero, compressed } = found.value;
    return success({ ...status, length: found.value.length, data, zero, compressed });
  }

  write(): BlockResult {
    return failure('read-only', 'disks that are joined take no writes');
  }

  flush(): BlockResult {
    return DONE;
  }

  discard(): BlockResult {
    return this.write();
  }

  writeZeroes(): BlockResult {
    return this.write();
  }

  resize(): BlockResult {
    return this.write();
  }

  async close(): Promise<BlockResult> {
    let result: BlockResult = DONE;
    for (const { node } of this.parts) {
      const closed = await node.close();
      if (!closed.ok) result = closed;
    }
    return result;
  }
}
