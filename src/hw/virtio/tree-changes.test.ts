import { describe, expect, it } from 'vitest';
import { randomBelow } from '../../../tests/support/random.ts';
import { FileTree, S_IFDIR, S_IFLNK, S_IFREG, type TreeNode } from './file-tree.ts';
import { TreeChanges } from './tree-changes.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function shared() {
  const tree = new FileTree({ now: () => 1n });
  tree.put('/kept', bytes('kept'));
  tree.put('/d/one', bytes('one'));
  tree.put('/d/e/two', bytes('two'));
  const changes = new TreeChanges(tree);
  const add = (parent: TreeNode, name: string, mode: number): TreeNode => {
    const node = tree.add(parent, name, mode);
    if (typeof node === 'number') throw new Error(`error ${node}`);
    return node;
  };
  return { tree, changes, add };
}

describe("a guest's changes of a tree", () => {
  it('are none at first, and each is told once', () => {
    const { tree, changes } = shared();
    expect(changes.take()).toEqual([]);
    tree.write(tree.find('/d/one')!, 3, bytes(' more'));
    const parts = [{ offset: 3, bytes: bytes(' more') }];
    const file = { kind: 'file', path: '/d/one', size: 8, isNew: false, parts, executable: true };
    expect(changes.take()).toEqual([file]);
    expect(changes.take()).toEqual([]);
  });

  it('keep a copy as it is when only what was written goes into it', () => {
    const { tree, changes } = shared();
    const random = randomBelow(3);
    const node = tree.find('/d/one')!;
    let copy = bytes('one');
    for (let look = 0; look < 200; look++) {
      for (let i = random(40); i > 0; i--) {
        if (random(3) === 0) tree.resize(node, random(3000));
        else tree.write(node, random(2000), new Uint8Array(random(90)).fill(1 + random(255)));
      }
      for (const change of changes.take()) {
        if (change.kind !== 'file') throw new Error(change.kind);
        expect(change.parts.length).toBeLessThanOrEqual(32);
        const longest = new Uint8Array(4000);
        longest.set(copy);
        for (const { offset, bytes: part } of change.parts) longest.set(part, offset);
        copy = longest.slice(0, change.size);
      }
      expect(Buffer.compare(copy, tree.read(node, 0, 4000))).toBe(0);
    }
  });

  it('of a file that grows are as many bytes as it grew by, and of one that was moved all', () => {
    const { tree, changes } = shared();
    const node = tree.find('/d/one')!;
    let told = 0;
    for (let i = 0; i < 100; i++) {
      tree.write(node, node.size, new Uint8Array(1000));
      for (const change of changes.take())
        if (change.kind === 'file') for (const part of change.parts) told += part.bytes.length;
    }
    expect(told).toBe(100_000);
    tree.write(node, 0, bytes('O'));
    tree.move(node, tree.root, 'moved');
    expect(changes.take()).toMatchObject([
      { kind: 'removed', path: '/d/one' },
      { kind: 'file', path: '/moved', isNew: true, size: 100_003, parts: [{ offset: 0 }] },
    ]);
    tree.resize(node, 2);
    expect(changes.take()).toMatchObject([{ path: '/moved', isNew: false, size: 2, parts: [] }]);
  });

  it('come in an order in which they can be made', () => {
    const { tree, changes, add } = shared();
    const folder = add(add(tree.root, 'new', S_IFDIR | 0o755), 'deep', S_IFDIR | 0o755);
    tree.write(add(folder, 'file', S_IFREG | 0o644), 0, bytes('x'));
    for (const path of ['/d/e/two', '/d/e', '/d/one', '/d']) expect(tree.remove(tree.find(path)!)).toBe(0);
    const list = changes.take().map(({ kind, path }) => `${kind} ${path}`);
    const precedes = (a: string, b: string): void =>
      expect(list.indexOf(a), `${a}, ${b}`).toBeLessThan(list.indexOf(b));
    expect([...list].sort()).toEqual([
      'file /new/deep/file',
      'folder /new',
      'folder /new/deep',
      'removed /d',
      'removed /d/e',
      'removed /d/e/two',
      'removed /d/one',
    ]);
    precedes('removed /d/e/two', 'removed /d/e');
    precedes('removed /d/e', 'removed /d');
    precedes('removed /d', 'folder /new');
    precedes('folder /new', 'folder /new/deep');
    precedes('folder /new/deep', 'file /new/deep/file');
  });

  it('of a name that is a folder now, or another file, begin with its removal where that is needed', () => {
    const { tree, changes, add } = shared();
    tree.remove(tree.find('/kept')!);
    add(tree.root, 'kept', S_IFDIR | 0o755);
    expect(changes.take().map(({ kind }) => kind)).toEqual(['removed', 'folder']);
    const other = add(tree.root, 'other', S_IFREG | 0o600);
    tree.write(other, 0, bytes('other'));
    tree.move(other, tree.find('/d')!, 'one');
    const parts = [{ offset: 0, bytes: bytes('other') }];
    const file = { kind: 'file', path: '/d/one', size: 5, isNew: true, parts, executable: false };
    expect(changes.take()).toEqual([file]);
  });

  it('of a folder that a file replaces are the removal of all that was in it, and the file', () => {
    const { tree, changes, add } = shared();
    for (const path of ['/d/e/two', '/d/e', '/d/one', '/d']) tree.remove(tree.find(path)!);
    add(tree.root, 'd', S_IFREG | 0o600);
    const list = changes.take().map(({ kind, path }) => `${kind} ${path}`);
    expect(list.at(-1)).toBe('file /d');
    expect(list.slice(-2)).toEqual(['removed /d', 'file /d']);
    expect(list.toSorted()).toEqual([
      'file /d',
      'removed /d',
      'removed /d/e',
      'removed /d/e/two',
      'removed /d/one',
    ]);
  });

  it('are told of trees as deep and wide as a guest can make them', () => {
    const { tree, changes, add } = shared();
    let folder = tree.root;
    for (let i = 0; i < 15; i++) folder = add(folder, 'n'.repeat(255), S_IFDIR | 0o755);
    // 15 * 256 bytes, and 255 more with the slash: PATH_MAX has room for the NUL, too.
    expect(tree.add(folder, 'n'.repeat(255), S_IFDIR | 0o755)).toBe(36);
    add(folder, 'n'.repeat(254), S_IFDIR | 0o755);
    for (let i = 0; i < 1000; i++) add(folder, `file ${i}`, S_IFREG | 0o644);
    expect(changes.take()).toHaveLength(16 + 1000);
    // Nor does a move make a path longer than that.
    const top = tree.find(`/${'n'.repeat(255)}`)!;
    expect(tree.move(top, tree.find('/d')!, 'n'.repeat(255))).toBe(36);
    expect(tree.move(top, tree.root, 'n')).toBe(0);
    expect(tree.move(top, tree.find('/d')!, 'n')).toBe(0);
  });

  it('have no links', () => {
    const { tree, changes, add } = shared();
    tree.write(add(tree.root, 'link', S_IFLNK | 0o777), 0, bytes('/etc'));
    expect(changes.take()).toEqual([]);
  });
});
