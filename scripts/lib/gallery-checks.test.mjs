import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { checkedGallery } from './gallery-checks.ts';
import { galleryImages, galleryIndex } from './gallery.mjs';
import { root } from './project.mjs';

const base = mkdtempSync(join(tmpdir(), 'gallery-'));
afterAll(() => rmSync(base, { recursive: true }));

const IMAGES = new Map([
  ['small', { title: 'A small machine' }],
  ['huge', { title: 'A huge machine', large: true }],
]);
const DOOR = {
  title: 'A',
  image: 'small',
  story: 'It is. It runs!',
  try: [{ text: 'Look' }, { text: 'Ask', type: 'ls\n' }],
  ready: '#$',
};
const PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 200"><path d="M0 0h9"/></svg>\n';

let folder;
let count = 0;
beforeEach(() => {
  count++;
  folder = join(base, String(count));
  mkdirSync(folder);
});

function put(name, { door = {}, picture = PICTURE, promise = 'expect "x"\n' } = {}) {
  const at = join(folder, name);
  mkdirSync(at);
  if (door !== null) {
    const text = typeof door === 'string' ? door : JSON.stringify({ ...DOOR, ...door });
    writeFileSync(join(at, 'door.json'), text);
  }
  if (picture !== null) writeFileSync(join(at, 'picture.svg'), picture);
  if (promise !== null) writeFileSync(join(at, 'promise.vmtest'), promise);
}

const problems = () => {
  try {
    checkedGallery(folder, IMAGES);
  } catch (error) {
    return error.message.split('\n');
  }
  return [];
};

describe('the gallery', () => {
  it('of this repository is as it should be', () => {
    const doors = checkedGallery();
    expect(doors.length).toBeGreaterThan(0);
    const folders = readdirSync(join(root, 'gallery')).sort();
    expect(doors.map(({ folder: name }) => name)).toEqual(folders);
  });

  it('is listed by number, with addresses of pictures and titles of images, and without what only tests need', () => {
    put('07-b', { door: { long: true, options: { m: '64' } } });
    put('01-a');
    expect(galleryIndex(checkedGallery(folder, IMAGES))).toEqual({
      doors: [
        { ...DOOR, number: 1, slug: 'a', imageTitle: 'A small machine', picture: '01-a/picture.svg' },
        {
          ...{ ...DOOR, options: { m: '64' }, number: 7, slug: 'b', imageTitle: 'A small machine' },
          picture: '07-b/picture.svg',
        },
      ],
    });
  });

  it('knows machines by the names of their images, those without a recipe too', () => {
    const images = galleryImages();
    expect(images.get('riscv64-demo')).toEqual({ title: 'Snowfall', large: false });
    expect(images.get('riscv64-desktop')).toEqual({ title: 'Debian 13 with a desktop', large: true });
  });
});

describe('a door', () => {
  it.each([
    ['3-c', {}, /gallery\/3-c: a door's folder is called NN-name/],
    ['25-c', {}, /gallery\/25-c: a door's folder is called NN-name/],
    ['03-C', {}, /gallery\/03-C: a door's folder/],
    ['03-c', { door: null }, /03-c\/door\.json: it is missing/],
    ['03-c', { door: '{' }, /door\.json: it is no JSON: /],
    ['03-c', { door: '[]' }, /door\.json: it is no record/],
    ['03-c', { door: { tilte: 'x' } }, /"tilte" is unknown; there are title, /],
    ['03-c', { door: { title: undefined } }, /"title" is missing/],
    ['03-c', { door: { title: ' ' } }, /"title" is no text/],
    ['03-c', { door: { image: 'large' } }, /there is no image "large": it needs a recipe, images\/large/],
    ['03-c', { door: { image: 'huge' } }, /"long" is missing: the image "huge" is large/],
    ['03-c', { door: { try: [{ text: 'x' }] } }, /"try" is no list of two to four/],
    ['03-c', { door: { try: [{ text: 'x' }, { typ: 'x', text: 'y' }] } }, /unknown field "typ"/],
    ['03-c', { door: { try: [{ text: 'x' }, { type: 'y' }] } }, /"try" has an entry without "text"/],
    ['03-c', { door: { try: [{ text: 'x' }, { text: 'x', type: 3 }] } }, /whose "type" is no text/],
    [
      '03-c',
      { door: { try: [{ text: 'x' }, { text: 'x', type: 'a', keys: 'a' }] } },
      /both "type" and "keys"/,
    ],
    ['03-c', { door: { try: [{ text: 'x' }, { text: 'y', keys: 'hyper-a' }] } }, /there is no key "hyper"/],
    ['03-c', { door: { ready: undefined } }, /"ready" is missing: what does the machine show/],
    ['03-c', { door: { ready: '(' } }, /"ready" is no expression: /],
    ['03-c', { door: { ready: 'x*' } }, /"ready" matches an empty screen/],
    [
      '03-c',
      { door: { try: [{ text: 'x' }, { text: 'y', type: 'z', ready: '[' }] } },
      /whose "ready" is no expression/,
    ],
    ['03-c', { door: { try: [{ text: 'x', ready: 'y' }, { text: 'z' }] } }, /"ready", but without "type"/],
    [
      '03-c',
      { door: { try: [{ text: 'x' }, { text: 'y', type: 'z', reset: true }] } },
      /whose "reset" is not true, or that has no "ready"/,
    ],
    ['03-c', { promise: 'try 3\nexpect "x"' }, /1:1: there is no entry 3 to try/],
    ['03-c', { promise: 'try me' }, /1:1: there is no entry me to try; they are numbered from 1 to 2$/],
    ['03-c', { door: { story: 'It is one.' } }, /"story" is of 1 sentences instead of two to four/],
    ['03-c', { door: { ready: '# $' } }, /"ready" waits for white space at the end/],
    ['03-c', { door: { view: 'both' } }, /"view" is neither/],
    ['03-c', { door: { seconds: '3' } }, /"seconds" is no number of seconds/],
    ['03-c', { door: { options: { m: 256 } } }, /"options" is no record of texts/],
    ['03-c', { door: { options: { mem: '1' } } }, /unknown option "mem"; there are arch, M, m/],
    ['03-c', { door: { options: { m: 'lots' } } }, /"lots" is not a memory size/],
    ['03-c', { door: { options: { drive: 'file=a,persist=x' } } }, /opens no disk that this browser keeps/],
    ['03-c', { picture: null }, /picture\.svg: it is missing/],
    ['03-c', { picture: '<svg viewBox="0 0 9 9"></svg>' }, /picture\.svg: it does not begin with/],
    ['03-c', { picture: PICTURE.slice(0, -9) }, /picture\.svg: it is cut short/],
    ['03-c', { picture: PICTURE + ' '.repeat(7000) }, /picture\.svg: it has \d+ bytes, and 6144 are allowed/],
    ['03-c', { picture: PICTURE.replace('<path', '<script/><path') }, /must not have: <script/],
    ['03-c', { picture: PICTURE.replace('<path', '<path onclick="x"') }, /has a handler/],
    ['03-c', { picture: PICTURE.replace('<path', '<use href="a.svg#b"/><path') }, /refers to a file/],
    ['03-c', { picture: PICTURE.replace('<path', '<path fill="url(http://a)"') }, /refers to a file/],
    ['03-c', { promise: null }, /promise\.vmtest: it is missing/],
    ['03-c', { promise: 'expect "x"\nexpct "y"' }, /2:1: "expct" is no statement; there is try, expect, /],
    ['03-c', { promise: 'snowglobe riscv64\nexpect "x"' }, /1:1: the machine is given already/],
    ['03-c', { promise: 'screen-match x' }, /1:1: "screen-match" is not for doors/],
    ['03-c', { promise: '# nothing\nsend "x"' }, /it promises nothing/],
  ])('%s %j', (name, parts, message) => {
    put(name, parts);
    const [first, ...more] = problems();
    expect(first).toMatch(message);
    expect(more).toEqual([]);
  });

  it('needs nothing that it is ready by where each step tells its own, or nothing is typed', () => {
    put('03-c', { door: { ready: undefined, try: [{ text: 'x' }, { text: 'y' }] } });
    put('04-d', {
      door: { ready: undefined, try: [{ text: 'x' }, { text: 'y', keys: 'a', ready: 'z', reset: true }] },
      promise: 'try 2\nexpect "x"\n',
    });
    expect(problems()).toEqual([]);
  });

  it('has a number of its own, and everything that is wrong is told at once', () => {
    put('03-c', { door: { view: 'x', seconds: 0 }, picture: null });
    put('03-d');
    expect(problems()).toEqual([
      'gallery/03-c/door.json: "view" is neither "screen" nor "serial"',
      'gallery/03-c/door.json: "seconds" is no number of seconds',
      'gallery/03-c/picture.svg: it is missing',
      'gallery/03-d: there is a door 3 already, gallery/03-c',
    ]);
  });
});
