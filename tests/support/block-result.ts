import type { BlockResult } from '../../src/block/block-node.ts';

/** What a request of a block node gave. @throws Error with the node's message, where it failed */
export async function value<T>(result: BlockResult<T> | Promise<BlockResult<T>>): Promise<T> {
  const got = await result;
  if (!got.ok) throw new Error(got.error.message);
  return got.value;
}
