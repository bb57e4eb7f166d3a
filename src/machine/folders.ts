/** Folders that are shared with the guest (-virtfs): their files, loaded into trees in memory. */
import { VmError } from '../core/errors.ts';
import type { FolderConfig, VmFolder } from '../core/vm-api.ts';
import {
  EISDIR,
  EINVAL,
  ENOSPC,
  ENOTDIR,
  FileTree,
  namesOf,
  type Outcome,
  TREE_BYTES_MAX,
  type TreeNode,
} from '../hw/virtio/file-tree.ts';
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
        if (typeof error === 'number')
          throw new VmError('too-large', `The ${what} has no place there (error ${error}).`);
      }
      return { tag, tree, changes: new TreeChanges(tree) };
    }),
  );
}

const REASONS: Readonly<Record<number, string>> = {
  [EINVAL]: 'names have no “/”, no NUL, and are neither “.” nor “..”',
  [EISDIR]: 'a folder has that name',
  [ENOTDIR]: 'a file has the name of a folder on its way',
  [ENOSPC]: `all files of a folder have ${TREE_BYTES_MAX >> 20} MiB together, and this browser may give less`,
};

/** A shared folder as its host sees it. */
export function hostFolder({ tag, tree, changes }: SharedFolder): VmFolder {
  const place = (path: string, put: () => Outcome<TreeNode>): void => {
    const made = put();
    if (typeof made === 'number') {
      const reason = REASONS[made] ?? 'its path is too long';
      throw new VmError(
        made === ENOSPC ? 'too-large' : 'bad-config',
        `“${path}” was not put into the folder ${tag}: ${reason}.`,
      );
    }
    changes.putByHost(made);
  };
  return {
    tag,
    get room() {
      return TREE_BYTES_MAX - tree.used;
    },
    list: () => tree.files(),
    changes: () => changes.take(),
    read: (path) => {
      const node = tree.find(path);
      return node && !node.children ? node.bytes.slice(0, node.size) : null;
    },
    write: (path, bytes) => place(path, () => tree.put(path, bytes)),
    mkdir: (path) => place(path, () => tree.makeFolders(namesOf(path))),
  };
}
