// The gallery's doors, gallery/<NN>-<slug>/: docs/gallery.md is the format's page. Reads and checks all of them.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from './console.mjs';
import { root } from './project.mjs';

export const DOORS = 24;
/** Bytes of a picture. */
const PICTURE_MAX = 6144;

const isText = (value) => typeof value === 'string' && value.trim() !== '';
const isRecord = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Fields of door.json: whether each is needed, and what is wrong with a value; null: nothing. */
const FIELDS = {
  title: { needed: true, wrong: (value) => (isText(value) ? null : 'is no text') },
  image: { needed: true, wrong: (value) => (isText(value) ? null : 'is no name of an image') },
  story: { needed: true, wrong: wrongStory },
  try: { needed: true, wrong: wrongTries },
  ready: { wrong: wrongExpression },
  view: {
    wrong: (value) => (value === 'screen' || value === 'serial' ? null : 'is neither "screen" nor "serial"'),
  },
  options: {
    wrong: (value) =>
      isRecord(value) && Object.values(value).every((text) => typeof text === 'string')
        ? null
        : 'is no record of texts, such as {"m": "256"}',
  },
  seconds: {
    wrong: (value) => (typeof value === 'number' && value > 0 ? null : 'is no number of seconds'),
  },
  credits: { wrong: (value) => (isText(value) ? null : 'is no text') },
  long: { wrong: (value) => (value === true ? null : 'can only be true') },
};

function wrongStory(value) {
  if (!isText(value)) return 'is no text';
  const sentences = value.match(/[.!?]["”’)]*(?=\s|$)/g)?.length ?? 0;
  return sentences >= 2 && sentences <= 4 ? null : `is of ${sentences} sentences instead of two to four`;
}

/** @returns what is wrong with the source of an expression on what a machine shows; null: nothing */
function wrongExpression(source) {
  if (!isText(source)) return 'is no expression';
  if (/ \$$/.test(source)) return 'waits for white space at the end, which is not looked at';
  try {
    return new RegExp(source, 'u').test('') ? 'matches an empty screen' : null;
  } catch (error) {
    return `is no expression: ${error.message}`;
  }
}

const TRY_FIELDS = ['text', 'type', 'keys', 'ready', 'reset'];
const isTyped = ({ type, keys }) => type !== undefined || keys !== undefined;

function wrongTries(tries) {
  if (!Array.isArray(tries) || tries.length < 2 || tries.length > 4) return 'is no list of two to four';
  for (const one of tries) {
    if (!isRecord(one) || !isText(one.text)) return 'has an entry without "text"';
    const unknown = Object.keys(one).find((field) => !TRY_FIELDS.includes(field));
    if (unknown !== undefined) return `has an entry with the unknown field "${unknown}"`;
    for (const field of ['type', 'keys'])
      if (one[field] !== undefined && (typeof one[field] !== 'string' || one[field] === ''))
        return `has an entry whose "${field}" is no text`;
    if (one.type !== undefined && one.keys !== undefined) return 'has an entry with both "type" and "keys"';
    const bad = one.ready === undefined ? null : wrongExpression(one.ready);
    if (bad) return `has an entry whose "ready" ${bad}`;
    if (one.ready !== undefined && !isTyped(one))
      return 'has an entry with "ready", but without "type" or "keys"';
    if (one.reset !== undefined && (one.reset !== true || one.ready === undefined))
      return 'has an entry whose "reset" is not true, or that has no "ready" to come to';
  }
  return null;
}

/** What must not be in a picture: it is shown as an image, and means nothing to who does not see it. */
const FOREIGN = [
  [/<(script|foreignObject|text|image|style|iframe)\b/, 'has an element'],
  [/\son\w+\s*=/, 'has a handler'],
  [/\bhref\s*=\s*["'](?!#)/, 'refers to a file'],
  [/url\(\s*["']?(?!#)/, 'refers to a file'],
];

function wrongPicture(svg) {
  if (Buffer.byteLength(svg) > PICTURE_MAX)
    return `has ${Buffer.byteLength(svg)} bytes, and ${PICTURE_MAX} are allowed`;
  if (!/^<svg\b[^>]*\bviewBox="0 0 320 200"/.test(svg.trimStart()))
    return 'does not begin with <svg … viewBox="0 0 320 200">';
  if (!/<\/svg>\s*$/.test(svg)) return 'is cut short';
  for (const [pattern, what] of FOREIGN) {
    const found = pattern.exec(svg);
    if (found) return `${what} that a picture must not have: ${found[0].trim()}`;
  }
  return null;
}

/** Names of all images that there are recipes for → what a door has to know of them: `title`, and `large` where only long tests need them. */
export function galleryImages(folder = join(root, 'images')) {
  const found = new Map();
  for (const name of readdirSync(folder)) {
    for (const file of ['recipe.json', 'image.json']) {
      const path = join(folder, name, file);
      if (!existsSync(path)) continue;
      const recipe = JSON.parse(readFileSync(path, 'utf8'));
      found.set(recipe.name ?? name, { title: recipe.title, large: recipe.large === true });
    }
  }
  return found;
}

/**
 * Reads all doors, in the order of their numbers.
 * @param checks `promise(text, tries)`, `options(image, options)` and `keys(text)` say in lines what is wrong with a promise, with options, or with keys, if anything
 * @returns doors: what is in door.json, with `number`, `slug`, `imageTitle`, `picture` (address below gallery/), `folder` and `promise` (the text of its statements)
 * @throws SetupError with everything that is wrong
 */
export function readGallery(checks, folder = join(root, 'gallery'), images = galleryImages()) {
  const problems = [];
  const doors = new Map();
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const [, digits, slug] = /^(\d\d)-([a-z0-9]+(?:-[a-z0-9]+)*)$/.exec(entry.name) ?? [];
    const number = Number(digits);
    const wrong = (file, message) => problems.push(`gallery/${entry.name}${file && `/${file}`}: ${message}`);
    if (!digits || number < 1 || number > DOORS) {
      wrong('', `a door's folder is called NN-name, with a number from 01 to ${DOORS} and small letters`);
      continue;
    }
    if (doors.has(number)) {
      wrong('', `there is a door ${number} already, gallery/${doors.get(number).folder}`);
      continue;
    }
    const read = (file) => {
      try {
        return readFileSync(join(folder, entry.name, file), 'utf8');
      } catch {
        wrong(file, 'it is missing');
        return null;
      }
    };
    const door = readDoor(read('door.json'), images, checks, (message) => wrong('door.json', message));
    const picture = read('picture.svg');
    const badPicture = picture === null ? null : wrongPicture(picture);
    if (badPicture) wrong('picture.svg', `it ${badPicture}`);
    const promise = read('promise.vmtest');
    for (const line of promise === null ? [] : checks.promise(promise, door.try?.length ?? 0))
      wrong('promise.vmtest', line);
    const imageTitle = images.get(door.image)?.title;
    const place = { number, slug, imageTitle, picture: `${entry.name}/picture.svg`, folder: entry.name };
    doors.set(number, { ...door, ...place, promise });
  }
  if (problems.length > 0) throw new SetupError(problems.join('\n'));
  return [...doors.values()].sort((a, b) => a.number - b.number);
}

function readDoor(text, images, checks, wrong) {
  if (text === null) return {};
  let door;
  try {
    door = JSON.parse(text);
  } catch (error) {
    wrong(`it is no JSON: ${error.message}`);
    return {};
  }
  if (!isRecord(door)) {
    wrong('it is no record');
    return {};
  }
  const count = [];
  for (const [field, { needed }] of Object.entries(FIELDS))
    if (needed && door[field] === undefined) count.push(`"${field}" is missing`);
  for (const [field, value] of Object.entries(door)) {
    const known = Object.hasOwn(FIELDS, field) ? FIELDS[field] : null;
    const problem = known ? known.wrong(value) : `is unknown; there are ${Object.keys(FIELDS).join(', ')}`;
    if (problem) count.push(`"${field}" ${problem}`);
  }
  if (count.length === 0 && !images.has(door.image))
    count.push(`there is no image "${door.image}": it needs a recipe, images/${door.image}/recipe.json`);
  else if (count.length === 0) {
    count.push(...checks.options(door.image, door.options ?? {}));
    for (const { keys } of door.try) if (keys !== undefined) count.push(...checks.keys(keys));
    if (door.ready === undefined && door.try.some((one) => isTyped(one) && one.ready === undefined))
      count.push('"ready" is missing: what does the machine show when it can hear what is typed?');
    if (images.get(door.image).large && !door.long)
      count.push(
        `"long" is missing: the image "${door.image}" is large, so that \`npm test\` does not make it`,
      );
  }
  for (const message of count) wrong(message);
  return door;
}

/** The list that the page reads, gallery/index.json. */
export function galleryIndex(doors) {
  return { doors: doors.map(({ folder: _, promise: _p, long: _l, ...door }) => door) };
}
