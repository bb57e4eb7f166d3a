/** Images in files of the host: how a name in an image leads to the next file, as for QEMU. */
import { statSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { type BlockNode, type BlockResult, failure, success } from '../block/block-node.ts';
import { type ImageFile, type OpenedImage, openImageFile, type OpenOptions } from '../block/open.ts';
import { FileNode } from './file-node.ts';

/** The file of an image. */
export function hostFile(path: string, options: { readOnly: boolean }): BlockResult<ImageFile> {
  let node: BlockNode;
  try {
    const status = statSync(path);
    if (!status.isFile()) return failure('io', `Could not open '${path}': it is not a file`);
    node = new FileNode(path, options);
  } catch (error) {
    return failure('io', `Could not open '${path}': ${reason(error)}`);
  }
  return success({
    node,
    id: fileId(path)!,
    name: path,
    backing: async (name) => hostFile(backingPath(path, name), { readOnly: true }),
  });
}

/** Tells files apart, whatever their names: device and inode. @returns null: there is none, or it cannot be seen */
export function fileId(path: string): string | null {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return null;
  }
}

/** Whether two names lead to the same file, which is there. */
export function sameFile(a: string, b: string): boolean {
  const id = fileId(a);
  return id !== null && id === fileId(b);
}

/** A backing file's name is relative to the folder of the image that names it. A `file:` before it is dropped, as in QEMU. */
export function backingPath(image: string, name: string): string {
  const plain = name.replace(/^file:(\/\/)?/, '');
  return isAbsolute(plain) ? plain : join(dirname(image), plain);
}

/** Opens an image of the host with all that backs it. */
export async function openHostImage(path: string, options: OpenOptions): Promise<BlockResult<OpenedImage>> {
  const file = hostFile(path, { readOnly: options.readOnly ?? false });
  return file.ok ? openImageFile(file.value, options) : file;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'No such file or directory',
  EACCES: 'Permission denied',
  EISDIR: 'Is a directory',
  EROFS: 'Read-only file system',
  ENOSPC: 'No space left on device',
};

/** Why the system refused, in the words that people know. */
export function reason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return REASONS[code ?? ''] ?? message;
}
