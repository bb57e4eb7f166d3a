/** Files of the host, for programs that run in Node. */
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import {
  type BlockNode,
  type BlockResult,
  type BlockStatus,
  DONE,
  type Eventually,
  failure,
  outside,
  refused,
  storedStatus,
  success,
  writeZerosAsBytes,
} from '../block/block-node.ts';
import { HoleMap } from './hole-map.ts';

/** A file of the host. It is read and written before a call returns: who uses it has nothing else to do meanwhile. */
export class FileNode implements BlockNode {
  readonly readOnly: boolean;
  private fd: number | null;
  private length: number;
  private readonly path: string;
  /** Undefined: not looked for yet; null: there are none. */
  private holes: HoleMap | null | undefined;

  /** @throws NodeJS.ErrnoException if the file cannot be opened */
  constructor(path: string, options: { readOnly?: boolean; create?: boolean } = {}) {
    this.readOnly = options.readOnly ?? false;
    const create = options.create ? constants.O_CREAT | constants.O_TRUNC : 0;
    this.fd = openSync(path, this.readOnly ? constants.O_RDONLY : constants.O_RDWR | create, 0o644);
    this.length = fstatSync(this.fd).size;
    this.path = path;
    // What is written may be read back from anywhere.
    if (!this.readOnly) this.holes = null;
  }

  get size(): number {
    return this.length;
  }

  read(offset: number, length: number): BlockResult<Uint8Array> {
    const { fd } = this;
    if (fd === null) return CLOSED;
    const wrong = outside(this.length, offset, length);
    if (wrong) return wrong;
    const bytes = new Uint8Array(length);
    return attempt(() => {
      for (let done = 0; done < length; ) {
        const count = readSync(fd, bytes, done, length - done, offset + done);
        if (count === 0) return failure('io', 'the file was cut off meanwhile');
        done += count;
      }
      return success(bytes);
    });
  }

  write(offset: number, bytes: Uint8Array): BlockResult {
    const { fd } = this;
    if (fd === null) return CLOSED;
    const wrong = refused(this, offset, bytes.length);
    if (wrong) return wrong;
    return attempt(() => {
      for (let done = 0; done < bytes.length; )
        done += writeSync(fd, bytes, done, bytes.length - done, offset + done);
      return DONE;
    });
  }

  flush(): BlockResult {
    const { fd } = this;
    if (fd === null) return CLOSED;
    if (this.readOnly) return DONE;
    return attempt(() => {
      fsyncSync(fd);
      return DONE;
    });
  }

  discard(offset: number, length: number): BlockResult {
    return this.fd === null ? CLOSED : (refused(this, offset, length) ?? DONE);
  }

  writeZeroes(offset: number, length: number): Eventually<BlockResult> {
    if (this.fd === null) return CLOSED;
    return refused(this, offset, length) ?? writeZerosAsBytes(this, offset, length);
  }

  blockStatus(offset: number, length: number): BlockResult<BlockStatus> {
    const { fd } = this;
    if (fd === null) return CLOSED;
    const stored = storedStatus(this, offset, length);
    if (!stored.ok || length === 0) return stored;
    return attempt(() => {
      this.holes ??= this.holes === undefined ? HoleMap.of(this.path, fd) : null;
      const found = this.holes?.at(offset, length);
      return found ? success({ ...stored.value, ...found, data: !found.zero }) : stored;
    });
  }

  resize(size: number): BlockResult {
    const { fd } = this;
    if (fd === null) return CLOSED;
    if (this.readOnly) return failure('read-only', 'the file takes no writes');
    return attempt(() => {
      ftruncateSync(fd, size);
      this.length = size;
      return DONE;
    });
  }

  close(): BlockResult {
    const { fd } = this;
    this.fd = null;
    if (fd === null) return DONE;
    this.holes?.close();
    return attempt(() => {
      closeSync(fd);
      return DONE;
    });
  }
}

const CLOSED = failure('io', 'the file is closed');

function attempt<T>(action: () => BlockResult<T>): BlockResult<T> {
  try {
    return action();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return failure(code === 'ENOSPC' || code === 'EFBIG' ? 'space' : 'io', message);
  }
}
