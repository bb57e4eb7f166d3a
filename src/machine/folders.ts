/** Folders that are shared with the guest (-virtfs): their files, loaded into trees in memory. */
import { VmError } from '../core/errors.ts';
import type { FolderConfig } from '../core/vm-api.ts';
import { FileTree } from '../hw/virtio/file-tree.ts';
import { TreeChanges } from '../hw/virtio/tree-changes.ts';
import { loadImage } from './boot/image-source.ts';

export interface SharedFolder {
  tag: string;
  tree: FileTree;
  changes: TreeChanges;
}

/** Linux takes tags of up to 31 bytes. */
const TAG = /^[\w.-]{1,31}$/;

/** @throws VmError bad-config */
export function checkFolders(folders: readonly FolderConfig[]): void {
  const tags = new Set<string>();
  for (const { tag } of folders) {
    if (!TAG.test(tag) || tags.has(tag))
      throw new VmError(
        'bad-config',
        `-virtfs mount_tag=${tag}: give each folder a tag of its own, of up to 31 letters, digits, dots and dashes.`,
      );
    tags.add(tag);
  }
}

/** Loads the files of all folders. @throws VmError not-found, too-large, bad-config */
export function loadFolders(
  folders: readonly FolderConfig[],
  now: () => bigint,
  signal: AbortSignal,
): Promise<SharedFolder[]> {
  return Promise.all(
    folders.map(async ({ tag, files, readOnly = false }) => {
      const tree = new FileTree({ now, readOnly });
      for (const [path, source] of Object.entries(files)) {
        const what = `file ${path} of the folder ${tag}`;
        const bytes = await loadImage(source, { what, onProgress() {}, signal });
        const error = tree.put(path, bytes);
        if (error) throw new VmError('too-large', `The ${what} has no place there (error ${error}).`);
      }
      return { tag, tree, changes: new TreeChanges(tree) };
    }),
  );
}
