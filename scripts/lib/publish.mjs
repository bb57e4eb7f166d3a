// Disks in chunks, for recipes: what `snowglobe-img publish` does, which has to be compiled first. docs/block.md has the format.
import { build } from '../build.mjs';
import { runNode } from './run.mjs';

/**
 * Cuts a disk image into chunks: `manifest` is the path of the file that names them, and they go to the folder chunks/ beside it. Chunks of other
 * images may lie there too. `boot` is what `snowglobe --record-boot FILE` wrote of a start from the image, `bootDrive` the drive in it where several have
 * the same size. Resolves to {capacity, chunks, 'stored-size', 'added-size', 'boot-chunks', 'boot-size'}, in bytes but for the numbers of chunks.
 */
export async function publishDisk(
  image,
  manifest,
  { compression = 'gzip', chunkSize, boot, bootDrive } = {},
) {
  await build({ only: ['ts'] });
  const { stdout } = await runNode(`Publishing ${image}`, 'bin/snowglobe-img.js', [
    ...['publish', '--output=json', `--compression=${compression}`],
    ...(chunkSize ? [`--chunk-size=${chunkSize}`] : []),
    ...(boot ? [`--boot=${boot}`] : []),
    ...(bootDrive ? [`--boot-drive=${bootDrive}`] : []),
    ...[image, manifest],
  ]);
  return JSON.parse(stdout);
}
