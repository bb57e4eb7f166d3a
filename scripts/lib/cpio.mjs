// Writer for the kernel's initramfs: a cpio archive in "newc" format (magic 070701), as described in the kernel's
// Documentation/driver-api/early-userspace/buffer-format.rst. Owners are root, times are 0: the same tree gives the same bytes.

const TYPES = { file: 0o100000, directory: 0o040000, symlink: 0o120000, character: 0o020000 };

const pad4 = (length) => (4 - (length % 4)) % 4;

/**
 * Encodes entries, in order. An entry is {path, type, mode, content} with a relative path; `content` is a file's bytes or a
 * symlink's target, `device` is a character device's [major, minor]. Throws on a duplicate, on a path that leaves the
 * archive's root, and on an entry whose folder does not come before it.
 */
export function encodeCpio(entries) {
  const chunks = [];
  const folders = new Set(['']);
  const seen = new Set();
  const emit = (path, mode, content, inode, links, [major, minor] = [0, 0]) => {
    const name = Buffer.from(`${path}\0`);
    const fields = [inode, mode, 0, 0, links, 0, content.length, 0, 0, major, minor, name.length, 0];
    const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
    chunks.push(Buffer.from(header), name, Buffer.alloc(pad4(header.length + name.length)));
    chunks.push(content, Buffer.alloc(pad4(content.length)));
  };
  entries.forEach(({ path, type, mode, content = '', device }, index) => {
    const parts = path.split('/');
    if (parts.some((part) => part === '' || part === '.' || part === '..')) {
      throw new Error(`cpio: "${path}" is not a plain relative path`);
    }
    if (!(type in TYPES)) throw new Error(`cpio: ${path} has the unknown type "${type}"`);
    if (seen.has(path)) throw new Error(`cpio: ${path} is there twice`);
    if (!folders.has(parts.slice(0, -1).join('/'))) throw new Error(`cpio: ${path} comes before its folder`);
    seen.add(path);
    if (type === 'directory') folders.add(path);
    const bytes = Buffer.isBuffer(content) ? content : Buffer.from(content);
    emit(path, TYPES[type] | mode, bytes, index + 1, type === 'directory' ? 2 : 1, device);
  });
  emit('TRAILER!!!', 0, Buffer.alloc(0), 0, 1);
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  // cpio programs read blocks of 512 bytes.
  chunks.push(Buffer.alloc((512 - (length % 512)) % 512));
  return Buffer.concat(chunks);
}
