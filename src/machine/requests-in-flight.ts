/**
 * Requests to images that are not answered yet. Under -icount the guest stands still until there is none: what a device does with an answer
 * would otherwise come at another instruction in each run.
 */
import type { BlockNode, BlockResult, Eventually, ZeroOptions } from '../block/block-node.ts';
import { FilterNode } from '../block/filter/filter-node.ts';

export class RequestsInFlight {
  private readonly pending = new Set<Promise<unknown>>();

  /** A node like this one whose requests are counted. */
  watch(node: BlockNode): BlockNode {
    return new WatchedNode(node, this.pending);
  }

  /** Null: none. Else resolves when there is none any more and the devices have done what came of them. */
  settled(): Promise<void> | null {
    return this.pending.size > 0 ? this.settle() : null;
  }

  private async settle(): Promise<void> {
    // A device asks for the next piece when it has the one before.
    while (this.pending.size > 0) {
      await Promise.allSettled(this.pending);
      await macrotask();
    }
  }
}

/** What follows from an answer may take several microtasks, as where a device waits for all of a list. */
function macrotask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

class WatchedNode extends FilterNode {
  private readonly pending: Set<Promise<unknown>>;

  constructor(node: BlockNode, pending: Set<Promise<unknown>>) {
    super(node);
    this.pending = pending;
  }

  private counted<T>(result: Eventually<T>): Eventually<T> {
    if (!(result instanceof Promise)) return result;
    const { pending } = this;
    pending.add(result);
    const over = (): void => void pending.delete(result);
    result.then(over, over);
    return result;
  }

  override read(offset: number, length: number): Eventually<BlockResult<Uint8Array>> {
    return this.counted(super.read(offset, length));
  }

  override write(offset: number, bytes: Uint8Array): Eventually<BlockResult> {
    return this.counted(super.write(offset, bytes));
  }

  override flush(): Eventually<BlockResult> {
    return this.counted(super.flush());
  }

  override discard(offset: number, length: number): Eventually<BlockResult> {
    return this.counted(super.discard(offset, length));
  }

  override writeZeroes(offset: number, length: number, options?: ZeroOptions): Eventually<BlockResult> {
    return this.counted(super.writeZeroes(offset, length, options));
  }
}
