/** What a guest has changed in a tree since it was asked last: for a host that keeps a copy of it. */
import { type FileTree, S_IFMT, S_IFREG, type TreeNode } from './file-tree.ts';

/** Links are not among them: whoever follows one elsewhere on the host ends up where the guest likes. */
export type TreeChange =
  | { kind: 'removed'; path: string }
  | { kind: 'folder'; path: string }
  | { kind: 'file'; path: string; bytes: Uint8Array; executable: boolean };

interface Known {
  id: number;
  version: number;
  folder: boolean;
}

const EXECUTABLE = 0o100;

export class TreeChanges {
  private readonly tree: FileTree;
  private known: Map<string, Known>;
  private seen: number;

  /** @param tree what is in it now is known to the host */
  constructor(tree: FileTree) {
    this.tree = tree;
    this.seen = tree.changes;
    this.known = this.look();
  }

  /** In an order in which they can be made: what was removed, the deepest first, then folders from the top, then files. */
  take(): TreeChange[] {
    if (this.tree.changes === this.seen) return [];
    this.seen = this.tree.changes;
    const files: TreeChange[] = [];
    const folders: TreeChange[] = [];
    const now = this.look((path, node) => {
      const before = this.known.get(path);
      const folder = node.children !== null;
      if (folder && !before?.folder) folders.push({ kind: 'folder', path });
      if (folder || (before && !before.folder && before.id === node.id && before.version === node.version))
        return;
      const executable = (node.mode & EXECUTABLE) !== 0;
      files.push({ kind: 'file', path, bytes: node.bytes.slice(0, node.size), executable });
    });
    const removed = [...this.known].flatMap(([path, { folder }]): TreeChange[] =>
      now.get(path)?.folder === folder ? [] : [{ kind: 'removed', path }],
    );
    this.known = now;
    // A folder was found before what lies in it.
    return [...removed.reverse(), ...folders, ...files];
  }

  /** Folders and files, each folder before what lies in it. */
  private look(each: (path: string, node: TreeNode) => void = () => {}): Map<string, Known> {
    const found = new Map<string, Known>();
    const folders: [TreeNode, string][] = [[this.tree.root, '']];
    for (let next = folders.pop(); next; next = folders.pop()) {
      const [parent, path] = next;
      for (const node of parent.children!.values()) {
        const folder = node.children !== null;
        if (!folder && (node.mode & S_IFMT) !== S_IFREG) continue;
        const at = `${path}/${node.name}`;
        found.set(at, { id: node.id, version: node.version, folder });
        each(at, node);
        if (folder) folders.push([node, at]);
      }
    }
    return found;
  }
}
