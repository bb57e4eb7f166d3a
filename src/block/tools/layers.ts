import type { BlockNode, BlockResult, BlockStatus } from '../block-node.ts';
import { success } from '../block-node.ts';

/** What is known of bytes, looked at through all layers of a chain. */
export interface LayeredStatus extends BlockStatus {
  /** The layer that decides: 0 is the top. Bytes that no layer has belong to the lowest one that reaches so far. */
  depth: number;
  node: BlockNode;
}

/** Finds the layer that decides what the bytes from `offset` on are; as many as have the same. */
export async function layeredStatus(
  top: BlockNode,
  offset: number,
  length: number,
  options: { above?: BlockNode | null } = {},
): Promise<BlockResult<LayeredStatus>> {
  let node = top;
  let wanted = length;
  for (let depth = 0; ; depth++) {
    const result = await node.blockStatus(offset, wanted);
    if (!result.ok) return result;
    const status = result.value;
    const { backing } = node;
    if (status.allocated || !backing || backing === options.above) return success({ ...status, depth, node });
    if (offset >= backing.size) return success({ ...status, zero: true, depth, node });
    node = backing;
    wanted = Math.min(status.length, backing.size - offset);
  }
}

/** The nodes of a chain, the top first. */
export function layersOf(top: BlockNode): BlockNode[] {
  const layers: BlockNode[] = [];
  for (let node: BlockNode | null | undefined = top; node; node = node.backing) layers.push(node);
  return layers;
}
