/** Opens published images by their manifests. */
import { type BlockNode, type BlockResult, failure, success } from '../block-node.ts';
import { ChunkedNode, type ChunkedNodeOptions } from './chunked-node.ts';
import { MANIFEST_BYTES_MAX, parseManifest } from './manifest.ts';

/**
 * Opens the image of which `file` is the manifest.
 * @param file is read once and not closed
 */
export async function openChunked(
  file: BlockNode,
  options: Omit<ChunkedNodeOptions, 'manifest'>,
): Promise<BlockResult<ChunkedNode>> {
  if (file.size > MANIFEST_BYTES_MAX)
    return failure('unsupported', `the manifest is ${file.size} bytes long, more than ${MANIFEST_BYTES_MAX}`);
  const text = await file.read(0, file.size);
  if (!text.ok) return text;
  const manifest = parseManifest(new TextDecoder().decode(text.value));
  return manifest.ok ? success(new ChunkedNode({ ...options, manifest: manifest.value })) : manifest;
}
