/** What a guest has changed in a tree since it was asked last: for a host that keeps a copy of it. */
import type { FolderChange } from '../../core/vm-api.ts';
import { type FileTree, S_IFMT, S_IFREG, type TreeNode } from './file-tree.ts';

/** What was there: by names, since a path for each of a guest's nodes could take gigabytes. */
interface Known {
  id: number;
  version: number;
  /** Null: a file. */
  children: Map<string, Known> | null;
}

const EXECUTABLE = 0o100;

/** Links are not: whoever follows one elsewhere on the host ends up where the guest likes. */
const isShown = ({ children, mode }: TreeNode): boolean => children !== null || (mode & S_IFMT) === S_IFREG;

function knownOf({ id, version, children }: TreeNode): Known {
  return { id, version, children: children && new Map() };
}

function fileChange({ bytes, size, mode, written }: TreeNode, path: string, isNew: boolean): FolderChange {
  const parts = isNew ? [[0, size]] : written;
  return {
    kind: 'file',
    path,
    size,
    isNew,
    executable: (mode & EXECUTABLE) !== 0,
    parts: parts.flatMap(([start, end]) =>
      start < size ? [{ offset: start, bytes: bytes.slice(start, Math.min(end, size)) }] : [],
    ),
  };
}

export class TreeChanges {
  private readonly tree: FileTree;
  private known: Known;
  private seen: number;

  /** @param tree what is in it now is known to the host */
  constructor(tree: FileTree) {
    this.tree = tree;
    this.seen = tree.changes;
    this.known = knownOf(tree.root);
    const folders: [TreeNode, Known][] = [[tree.root, this.known]];
    for (let next = folders.pop(); next; next = folders.pop()) {
      const [folder, known] = next;
      for (const node of folder.children!.values()) {
        if (!isShown(node)) continue;
        const found = knownOf(node);
        known.children!.set(node.name, found);
        node.written.length = 0;
        if (node.children) folders.push([node, found]);
      }
    }
  }

  /** The host itself has put a node there as it is now, with the folders on its way. */
  putByHost(node: TreeNode): void {
    const way: TreeNode[] = [];
    for (let at: TreeNode | null = node; at?.parent; at = at.parent) way.unshift(at);
    let { known } = this;
    for (const at of way) {
      const before = known.children!.get(at.name);
      const now = before?.children && at.children ? before : knownOf(at);
      known.children!.set(at.name, Object.assign(now, { version: at.version }));
      known = now;
    }
    node.written.length = 0;
  }

  /**
   * In an order in which they can be made: what was removed, the deepest first, then folders from the top, then files. Where this throws (there is no memory
   * for the files' bytes), the next call gives the same.
   */
  take(): FolderChange[] {
    const { tree } = this;
    if (tree.changes === this.seen) return [];
    const files: FolderChange[] = [];
    const folders: FolderChange[] = [];
    const removed: FolderChange[] = [];
    const told: TreeNode[] = [];
    const root = knownOf(tree.root);
    const pairs: [now: TreeNode | null, was: Known | null, path: string, found: Known | null][] = [
      [tree.root, this.known, '', root],
    ];
    // A folder comes before what lies in it, of those that are there and of those that were.
    for (let next = pairs.pop(); next; next = pairs.pop()) {
      const [now, was, path, found] = next;
      for (const node of now?.children?.values() ?? []) {
        if (!isShown(node)) continue;
        const at = `${path}/${node.name}`;
        const before = was?.children?.get(node.name);
        const known = knownOf(node);
        found!.children!.set(node.name, known);
        if (node.children) {
          if (!before?.children) folders.push({ kind: 'folder', path: at });
          pairs.push([node, before?.children ? before : null, at, known]);
        } else if (before?.id !== node.id || before.version !== node.version) {
          files.push(fileChange(node, at, before?.id !== node.id));
          told.push(node);
        }
      }
      for (const [name, before] of was?.children ?? []) {
        const known = found?.children?.get(name);
        if (known && (known.children === null) === (before.children === null)) continue;
        removed.push({ kind: 'removed', path: `${path}/${name}` });
        if (before.children) pairs.push([null, before, `${path}/${name}`, null]);
      }
    }
    for (const node of told) node.written.length = 0;
    this.seen = tree.changes;
    this.known = root;
    return [...removed.reverse(), ...folders, ...files];
  }
}
