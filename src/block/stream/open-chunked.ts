/** Opens published images by their manifests. */
import { type BlockNode, type BlockResult, failure, success } from '../block-node.ts';
import { ChunkedNode, type ChunkedNodeOptions } from './chunked-node.ts';
import { MANIFEST_BYTES_MAX, manifestIdentity, parseManifest } from './manifest.ts';

/** A published image, and its manifest as it came. */
export interface OpenedChunked {
  node: ChunkedNode;
  text: Uint8Array;
}

/**
 * Opens the image of which `file` is the manifest.
 * @param file is read once and not closed
 */
export async function openChunked(
  file: BlockNode,
  options: Omit<ChunkedNodeOptions, 'manifest' | 'identity'>,
): Promise<BlockResult<OpenedChunked>> {
  if (file.size > MANIFEST_BYTES_MAX)
    return failure('unsupported', `the manifest is ${file.size} bytes long, more than ${MANIFEST_BYTES_MAX}`);
  const text = await file.read(0, file.size);
  if (!text.ok) return text;
  const manifest = parseManifest(new TextDecoder().decode(text.value));
  if (!manifest.ok) return manifest;
  const identity = await manifestIdentity(manifest.value);
  const node = new ChunkedNode({ ...options, manifest: manifest.value, identity });
  return success({ node, text: text.value });
}
