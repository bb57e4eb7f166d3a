import { expect, it } from 'vitest';
import { moduleEntries } from './kernel-modules.mjs';

const folder = 'lib/modules/6.1.0/kernel';
const module = (path, depends) => ({
  path: `${folder}/${path}`,
  type: 'file',
  content: Buffer.from(`\0depends=${depends}\0`),
});

it('takes modules after what they depend on, and no folder that is called as one of them', () => {
  const entries = [
    { path: `${folder}/fs/9p`, type: 'directory', content: Buffer.alloc(0) },
    module('fs/9p/9p.ko', '9pnet,netfs'),
    { path: `${folder}/net/9p`, type: 'directory', content: Buffer.alloc(0) },
    module('net/9p/9pnet.ko', ''),
    module('fs/netfs/netfs.ko', ''),
  ];
  const modules = moduleEntries(entries, ['9p']).filter(({ type }) => type === 'file');
  expect(modules.map(({ path, content }) => [path, content.length > 0])).toEqual([
    ['lib/modules/00-9pnet.ko', true],
    ['lib/modules/01-netfs.ko', true],
    ['lib/modules/02-9p.ko', true],
  ]);
});

it('refuses a module that the package has not', () => {
  expect(() => moduleEntries([module('net/9p/9pnet.ko', '')], ['9p'])).toThrow('no module 9p');
});
