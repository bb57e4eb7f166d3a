import type { FormatName } from '../block/format/probe.ts';
import { openHostImage } from '../img/host-image.ts';
import { UsageError } from '../command/usage-error.ts';

/**
 * Paths of the files that back an image, the nearest first.
 * @throws UsageError if the image or a file of its chain cannot be used
 */
export async function backingFiles(path: string, format?: FormatName): Promise<string[]> {
  const opened = await openHostImage(path, { readOnly: true, ...(format && { format }) });
  if (!opened.ok) throw new UsageError(`-drive ${path}: ${opened.error.message}`);
  await opened.value.node.close();
  return opened.value.chain.map(({ name }) => name);
}
