import { ascii } from '../../core/ascii.ts';
import { VmError } from '../../core/errors.ts';
import { isGzip } from './kernel-formats.ts';

/** "newc" headers: 6 bytes of magic, then 13 fields of 8 hexadecimal digits (Linux, driver-api/early-userspace/buffer-format.rst). */
const HEADER_BYTES = 110;
const MAGIC = /^07070[12]$/;
const FIELD_FILE_SIZE = 54;
const FIELD_NAME_SIZE = 94;
const TRAILER = 'TRAILER!!!';

const align4 = (value: number): number => (value + 3) & ~3;

/**
 * Finds an initrd that was cut short, whose guest would only panic much later for a reason that says nothing. Looks into
 * gzip files and plain cpio archives; of other compressions it cannot tell, nor of what follows the first archive.
 * @throws VmError bad-image
 */
export async function checkInitrd(bytes: Uint8Array): Promise<void> {
  const complete = isGzip(bytes) ? await gzipIsComplete(bytes) : cpioIsComplete(bytes);
  if (complete) return;
  throw new VmError(
    'bad-image',
    `The initrd is truncated or damaged: its archive does not end within its ${bytes.length} bytes. Build or download it again.`,
  );
}

/**
 * Only a missing end counts. What follows the compressed data (padding, another archive) is an error to the stream, but
 * not to a guest; a browser reports it, as it does damage, while writing, and the missing end when the stream closes.
 */
async function gzipIsComplete(bytes: Uint8Array): Promise<boolean> {
  const stream = new DecompressionStream('gzip');
  const reader = stream.readable.getReader();
  const writer = stream.writable.getWriter();
  const written = writer.write(bytes as Uint8Array<ArrayBuffer>).then(
    () => 'whole',
    () => 'damaged',
  );
  const closed = writer.close().then(
    () => true,
    () => false,
  );
  try {
    while (!(await reader.read()).done);
  } catch {
    // The promises above say which half failed.
  }
  return (await written) === 'damaged' || (await closed);
}

function cpioIsComplete(bytes: Uint8Array): boolean {
  if (!MAGIC.test(ascii(bytes, 0, 6))) return true;
  for (let at = 0; at + HEADER_BYTES <= bytes.length; ) {
    // Not a header: the archive has no trailer, or is damaged. Both are the guest's to judge.
    if (!MAGIC.test(ascii(bytes, at, 6))) return true;
    const field = (offset: number): number => Number.parseInt(ascii(bytes, at + offset, 8), 16);
    const [nameSize, fileSize] = [field(FIELD_NAME_SIZE), field(FIELD_FILE_SIZE)];
    if (!(nameSize >= 0 && fileSize >= 0)) return true;
    const data = align4(at + HEADER_BYTES + nameSize);
    if (ascii(bytes, at + HEADER_BYTES, TRAILER.length) === TRAILER) return true;
    at = align4(data + fileSize);
  }
  return false;
}
