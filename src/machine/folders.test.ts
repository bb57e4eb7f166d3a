import { describe, expect, it } from 'vitest';
import { FileTree, S_IFDIR, S_IFLNK, type TreeNode } from '../hw/virtio/file-tree.ts';
import { TreeChanges } from '../hw/virtio/tree-changes.ts';
import { hostFolder } from './folders.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function shared() {
  const tree = new FileTree({ now: () => 1n, readOnly: true });
  tree.put('/there', bytes('what was there'));
  tree.put('/d/one', bytes('one'));
  return { tree, folder: hostFolder({ tag: 'snow', tree, changes: new TreeChanges(tree) }) };
}

const code = (work: () => void): string => {
  try {
    work();
  } catch (error) {
    return (error as { code: string }).code;
  }
  return 'none';
};

describe('what the host puts into a shared folder', () => {
  it('is there, with the folders on its way, and replaces what had its name', () => {
    const { tree, folder } = shared();
    const node = tree.find('/there');
    folder.write('a/b/new', bytes('new'));
    folder.write('/there', bytes('now'));
    folder.write('d/one', bytes(''));
    folder.mkdir('/empty/in');
    folder.mkdir('/d');
    expect(folder.list().sort()).toEqual(['/a/b/new', '/d/one', '/there']);
    expect(folder.read('/there')).toEqual(bytes('now'));
    expect(folder.read('/d/one')).toEqual(bytes(''));
    // Who has the file open finds the new bytes.
    expect(tree.find('/there')).toBe(node);
    expect(tree.find('/empty/in')?.children?.size).toBe(0);
  });

  it('has a name that a guest can say', () => {
    const { tree, folder } = shared();
    // A surrogate that stands for no byte, and two bytes that are a character together.
    folder.write('odd \ud800', bytes('1'));
    folder.write('e \udcc3\udca9', bytes('2'));
    expect(tree.find('/odd \ufffd')?.size).toBe(1);
    expect([folder.read('e é'), folder.read('odd \ud800')]).toEqual([bytes('2'), bytes('1')]);
    folder.mkdir('d\ud800');
    expect(tree.find('/d\ufffd')?.children?.size).toBe(0);
  });

  it('is no change of the guest’s, and hides none', () => {
    const { tree, folder } = shared();
    const made = tree.add(tree.root, 'guest', S_IFDIR | 0o755) as TreeNode;
    tree.write(tree.add(made, 'own', 0o100644) as TreeNode, 0, bytes('own'));
    folder.write('/guest/host', bytes('host'));
    folder.write('/there', bytes('now'));
    folder.mkdir('/host');
    expect(folder.changes().map(({ path }) => path)).toEqual(['/guest/own']);
    tree.write(tree.find('/there')!, 0, bytes('N'));
    tree.remove(tree.find('/host')!);
    expect(folder.changes().map(({ kind, path }) => [kind, path])).toEqual([
      ['removed', '/host'],
      ['file', '/there'],
    ]);
  });

  it('follows no link of the guest’s', () => {
    const { tree, folder } = shared();
    const link = tree.add(tree.root, 'link', S_IFLNK | 0o777) as TreeNode;
    tree.write(link, 0, bytes('there'));
    expect(() => folder.write('link/x', bytes('x'))).toThrow(/a file has the name of a folder/);
    folder.write('link', bytes('mine'));
    expect([folder.read('link'), folder.read('there')]).toEqual([bytes('mine'), bytes('what was there')]);
  });

  it.each([
    ['', /names have no/],
    ['..', /names have no/],
    ['a/../b', /names have no/],
    ['./a', /names have no/],
    ['a\0b', /names have no/],
    ['d', /a folder has that name/],
    ['there/x', /a file has the name of a folder/],
    ['x'.repeat(256), /too long/],
    ['y/'.repeat(3000), /too long/],
  ])('is refused for the path %j', (path, reason) => {
    const { folder } = shared();
    expect(() => folder.write(path, bytes('x'))).toThrow(reason);
    expect(code(() => folder.write(path, bytes('x')))).toBe('bad-config');
    expect(folder.read('there')).toEqual(bytes('what was there'));
  });

  it('has a limit, and what does not fit changes nothing', () => {
    const { folder } = shared();
    // Of the length only is asked: no machine of a test has this memory to spare.
    const large = Object.defineProperty(new Uint8Array(1), 'length', { value: 2 ** 29 + 1 });
    expect(() => folder.write('large', large)).toThrow(/“large” was not put into the folder snow: .*512 MiB/);
    expect(code(() => folder.write('there', large))).toBe('too-large');
    expect(folder.list().sort()).toEqual(['/d/one', '/there']);
    expect(folder.read('there')).toEqual(bytes('what was there'));
    expect(folder.room).toBe(2 ** 29 - 'what was there'.length - 'one'.length);
    expect(folder.changes()).toEqual([]);
  });
});
