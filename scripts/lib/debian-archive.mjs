// What dpkg would have left after unpacking packages, as one tar archive for a guest: the files, and dpkg's database with every package
// "unpacked", whose own scripts the guest runs then (docs/images.md).
import { createHash } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';
import { encodeTarEntry, TAR_END } from './tar.mjs';
import { packageEntries, pathExpression } from './unpack.mjs';

/** Control files that dpkg runs. */
const SCRIPT = /^((pre|post)(inst|rm)|config)$/;

/** Folders of the root that are links into /usr; packages before trixie still have files in them. */
const MERGED = ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32'];

/**
 * What costs much room: documentation without a program that shows it (licences stay), and what gcc needs for -flto and -fsanitize. dpkg in the guest leaves the
 * same out.
 */
export const EXCLUDED = [
  ...['man', 'info', 'lintian', 'bug', 'locale', 'doc'].map((folder) => `/usr/share/${folder}/*`),
  ...['/usr/libexec/gcc/*/lto1', '/usr/bin/*-lto-dump-*', '/usr/lib/gcc/*san.a', '/usr/lib/*san.so.*'],
];
export const INCLUDED = ['/usr/share/locale/locale.alias', '/usr/share/doc/*/copyright'];

const included = INCLUDED.map(pathExpression);

/** Whether an entry stays out of the image, by expressions. Folders and symbolic links stay in. */
const isExcluded = ({ path, type }, excluded) =>
  (type === 'file' || type === 'link') &&
  excluded.some((expression) => expression.test(`/${path}`)) &&
  !included.some((expression) => expression.test(`/${path}`));

/** A path as it is where /bin is a link to /usr/bin. */
function merged(path) {
  const [first, ...rest] = path.split('/');
  return MERGED.includes(first) && rest.length > 0 ? `usr/${path}` : path;
}

/** Writes an archive to a file, entry by entry. What is there already is left out: packages share folders. */
class ArchiveWriter {
  #file;
  #seen = new Set();

  constructor(path) {
    this.#file = openSync(path, 'w');
  }

  add(entry) {
    if (this.#seen.has(entry.path)) return;
    const slash = entry.path.lastIndexOf('/');
    if (slash > 0) this.add({ path: entry.path.slice(0, slash), type: 'directory', mode: 0o755 });
    this.#seen.add(entry.path);
    writeSync(this.#file, encodeTarEntry(entry));
  }

  end() {
    writeSync(this.#file, TAR_END);
    closeSync(this.#file);
  }
}

const fieldOf = (control, name) => new RegExp(`^${name}: (.*)$`, 'm').exec(control)?.[1];

/** dpkg's database of unpacked packages, as files below /var/lib/dpkg. */
class Database {
  #status = [];
  /** The lines of each file of triggers. */
  #triggers = new Map();
  #files = [];

  /** One package: its control files by name, and the paths and contents of its files. */
  add(control, paths, contents) {
    const text = (name) => control.get(name)?.toString('utf8') ?? '';
    const fields = text('control').trimEnd();
    const name = fieldOf(fields, 'Package');
    const key =
      fieldOf(fields, 'Multi-Arch') === 'same' ? `${name}:${fieldOf(fields, 'Architecture')}` : name;
    this.#addStatus(fields, text('conffiles'), contents);
    for (const [file, content] of control) {
      if (file !== 'control') this.#put(`info/${key}.${file}`, content, SCRIPT.test(file) ? 0o755 : 0o644);
    }
    this.#put(`info/${key}.list`, `${['/.', ...paths.map((path) => `/${path}`)].join('\n')}\n`);
    this.#addTriggers(key, text('triggers'));
  }

  /** A configuration file that the package brought has its hash in the status: dpkg then takes it for installed, not for new. */
  #addStatus(fields, conffiles, contents) {
    const lines = conffiles
      .split('\n')
      .filter((path) => contents.has(path.slice(1)))
      .map(
        (path) =>
          ` ${path} ${createHash('md5')
            .update(contents.get(path.slice(1)))
            .digest('hex')}`,
      );
    const [first, ...rest] = fields.split('\n');
    this.#status.push(
      [
        first,
        'Status: install ok unpacked',
        ...rest,
        ...(lines.length > 0 ? ['Conffiles:', ...lines] : []),
      ].join('\n'),
    );
  }

  /** What dpkg notes of deb-triggers(5) when it unpacks: interest in a path stands in File, in a name in a file of that name. */
  #addTriggers(key, triggers) {
    for (const [, kind, target] of triggers.matchAll(/^\s*interest(-\w+)?\s+(\S+)/gm)) {
      const owner = kind === '-noawait' ? `${key}/noawait` : key;
      const [file, line] = target.startsWith('/') ? ['File', `${target} ${owner}`] : [target, owner];
      this.#triggers.set(file, [...(this.#triggers.get(file) ?? []), line]);
    }
  }

  #put(path, content, mode = 0o644) {
    this.#files.push({ path: `var/lib/dpkg/${path}`, type: 'file', mode, content });
  }

  finish() {
    this.#put('status', `${this.#status.join('\n\n')}\n`);
    this.#put('info/format', '1\n');
    for (const name of ['available', 'diversions', 'statoverride', 'triggers/Lock', 'triggers/Unincorp']) {
      this.#put(name, '');
    }
    for (const [file, lines] of this.#triggers) this.#put(`triggers/${file}`, `${lines.join('\n')}\n`);
    for (const name of ['alternatives', 'parts', 'updates']) {
      this.#files.push({ path: `var/lib/dpkg/${name}`, type: 'directory', mode: 0o755 });
    }
    return this.#files;
  }
}

/** Adds a package's files, as they lie where /bin is a link to /usr/bin, and such links. */
function addFiles(archive, entries, accept) {
  for (const entry of entries) {
    const folder = entry.path.replace(/^usr\//, '').split('/')[0];
    if (MERGED.includes(folder)) {
      archive.add({ path: folder, type: 'symlink', mode: 0o777, target: `usr/${folder}` });
      archive.add({ path: `usr/${folder}`, type: 'directory', mode: 0o755 });
    }
    const path = merged(entry.path);
    if (!accept({ ...entry, path })) continue;
    const target = entry.type === 'link' ? merged(entry.target.replace(/^\.?\//, '')) : entry.target;
    archive.add({ ...entry, path, target });
  }
}

/**
 * Writes to `file` what unpacking `debs` ({name, path}) would have left, and `own` entries (as tar.mjs describes them), which take the place of
 * packages' files. base-files comes first, since its folders have the right modes. `onPackage` is called before each package; `exclude` are patterns of more paths
 * that stay out.
 */
export async function writeDebianArchive(file, debs, own, { onPackage = () => {}, exclude = [] } = {}) {
  const excluded = [...EXCLUDED, ...exclude].map(pathExpression);
  const archive = new ArchiveWriter(file);
  const database = new Database();
  const ownPaths = new Set(own.map(({ path }) => path));
  const isBase = ({ name }) => Number(name !== 'base-files');
  for (const deb of [...debs].sort((a, b) => isBase(a) - isBase(b))) {
    onPackage(deb);
    const entries = await packageEntries(deb);
    addFiles(archive, entries, (entry) => !isExcluded(entry, excluded) && !ownPaths.has(entry.path));
    const control = (await packageEntries(deb, '--ctrl-tarfile')).filter(({ type }) => type === 'file');
    const contents = entries
      .filter(({ type }) => type === 'file')
      .map(({ path, content }) => [path, content]);
    database.add(
      new Map(control.map(({ path, content }) => [path, content])),
      entries.map(({ path }) => path),
      new Map(contents),
    );
  }
  for (const entry of [...own, ...database.finish()]) archive.add(entry);
  archive.end();
}

/** Writes to `file` those files of packages whose names match, without dpkg's database. */
export async function writeToolArchive(file, debs, names) {
  const archive = new ArchiveWriter(file);
  for (const deb of debs) {
    addFiles(
      archive,
      await packageEntries(deb),
      ({ path, type }) => type !== 'directory' && names.test(path),
    );
  }
  archive.end();
}
