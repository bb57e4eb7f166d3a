/** `publish`, a command of our own: cuts an image into chunks for the web. docs/block.md has the format. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { parseRecording, readsOf } from '../../block/stream/boot-recording.ts';
import {
  CHUNK_SIZE_MAX,
  CHUNK_SIZE_MIN,
  COMPRESSIONS,
  type Compression,
  chunkPath,
  chunkTemplate,
  DEFAULT_CHUNK_SIZE,
  formatManifest,
} from '../../block/stream/manifest.ts';
import { publishDisk } from '../../block/stream/publish.ts';
import { type Arguments, CommandError, has, last, sizeArgument, usage, wantsJson } from '../arguments.ts';
import { reason } from '../host-image.ts';
import { COMPRESSOR, keepApart, loadZstd, must, openImage } from '../images.ts';
import { humanSize, print, printJson, progressTo } from '../output.ts';

export const PUBLISH_OPTIONS = [
  '-f:',
  '--chunk-size:',
  '--compression:',
  '--boot:',
  '--boot-drive:',
  '--output:',
];

async function compressorOf(
  name: string,
): Promise<{ compression: Compression; compress(bytes: Uint8Array): Uint8Array }> {
  const compression = COMPRESSIONS.find((known) => known === name);
  switch (compression) {
    case 'gzip':
      return { compression, compress: (bytes) => gzipSync(bytes, { level: 7 }) };
    case 'zstd':
      await loadZstd();
      return { compression, compress: COMPRESSOR.zstd! };
    case 'none':
      return { compression, compress: (bytes) => bytes };
    default:
      throw new CommandError(`--compression expects ${COMPRESSIONS.join(', ')}`);
  }
}

/** What a start reads, from a recording of one. */
async function bootReads(
  path: string | undefined,
  size: number,
  drive?: string,
): Promise<{ offset: number; length: number }[]> {
  if (path === undefined) return [];
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new CommandError(`--boot ${path}: ${reason(error)}`);
  }
  const recording = await must(parseRecording(text), `--boot ${path}`);
  return must(readsOf(recording, size, drive), `--boot ${path}`);
}

export async function publish(args: Arguments): Promise<number> {
  const [path, to, ...rest] = args.names;
  if (to === undefined || rest.length > 0) throw usage('Expecting image file name and manifest file name');
  const size = last(args, '--chunk-size');
  const chunkSize = size === undefined ? DEFAULT_CHUNK_SIZE : sizeArgument(size);
  if (chunkSize < CHUNK_SIZE_MIN || chunkSize > CHUNK_SIZE_MAX || (chunkSize & (chunkSize - 1)) !== 0)
    throw new CommandError(`--chunk-size expects a power of two from ${CHUNK_SIZE_MIN} to ${CHUNK_SIZE_MAX}`);
  const { compression, compress } = await compressorOf(last(args, '--compression') ?? 'gzip');
  const json = wantsJson(args);
  const opened = await openImage(path, { format: last(args, '-f'), readOnly: true });
  keepApart(to, path, opened);
  const { node } = opened;
  if (node.size === 0) throw new CommandError(`Could not publish '${path}': it is empty`);
  const boot = await bootReads(
    last(args, '--boot'),
    Math.ceil(node.size / 512) * 512,
    last(args, '--boot-drive'),
  );
  const folder = dirname(resolve(to));
  const template = chunkTemplate(compression);
  let [stored, added] = [0, 0];
  try {
    mkdirSync(join(folder, dirname(template)), { recursive: true });
    const manifest = await must(
      publishDisk(node, {
        chunkSize,
        compression,
        compress,
        hash: sha256,
        store: ({ sha256: name }, bytes) => {
          const file = join(folder, chunkPath(template, name));
          stored += bytes.length;
          // A crash or a failing disk may have left something else under that name.
          if (existsSync(file) && statSync(file).size === bytes.length && sha256(readFileSync(file)) === name)
            return;
          added += bytes.length;
          replaceFile(file, bytes);
        },
        boot,
        progress: progressTo(args),
      }),
    );
    // What it names is there before it is.
    replaceFile(to, formatManifest(manifest));
    const chunks = manifest.chunks.filter((chunk) => chunk !== null).length;
    const bootSize = manifest.boot.reduce((sum, index) => sum + manifest.chunks[index]!.bytes, 0);
    const result = {
      capacity: manifest.capacity,
      chunks,
      'stored-size': stored,
      'added-size': added,
      'boot-chunks': manifest.boot.length,
      'boot-size': bootSize,
    };
    if (json) printJson(result);
    else if (!has(args, '-q'))
      print(
        `${chunks} chunks of ${manifest.chunks.length}, ${humanSize(stored)} (${humanSize(added)} of them new)`,
      );
    return 0;
  } catch (error) {
    if (error instanceof CommandError || !(error instanceof Error && 'code' in error)) throw error;
    throw new CommandError(`Could not publish '${to}': ${reason(error)}`);
  } finally {
    await node.close();
  }
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Writes a file so that it is there whole, or not, also after a loss of power. */
function replaceFile(path: string, content: Uint8Array | string): void {
  const unfinished = `${path}.${process.pid}.tmp`;
  writeFileSync(unfinished, content, { flush: true });
  renameSync(unfinished, path);
}
