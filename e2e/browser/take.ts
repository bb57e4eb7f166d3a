import type { BlockResult, Eventually } from '../../src/block/block-node.ts';

/** The value of an answer; a failure is thrown. */
export async function take<T>(result: Eventually<BlockResult<T>>): Promise<T> {
  const settled = await result;
  if (!settled.ok) throw new Error(settled.error.message);
  return settled.value;
}
