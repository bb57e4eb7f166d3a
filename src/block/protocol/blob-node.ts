import {
  type BlockNode,
  type BlockResult,
  type BlockStatus,
  DONE,
  failure,
  outside,
  storedStatus,
  success,
} from '../block-node.ts';

/** A file that the user picked, or another Blob of the page. It takes no writes. */
export class BlobNode implements BlockNode {
  readonly size: number;
  readonly readOnly = true;
  readonly identity: string | null;
  private blob: Blob | null;

  constructor(blob: Blob) {
    this.blob = blob;
    this.size = blob.size;
    this.identity = blob instanceof File ? `${blob.name} ${blob.lastModified}` : null;
  }

  async read(offset: number, length: number): Promise<BlockResult<Uint8Array>> {
    const { blob } = this;
    if (!blob) return failure('io', 'the file is closed');
    const wrong = outside(this.size, offset, length);
    if (wrong) return wrong;
    try {
      const bytes = new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer());
      if (bytes.length === length) return success(bytes);
    } catch {
      // A browser refuses a file that was changed, moved or removed since it was picked (File API, section 4.1).
    }
    return failure('io', 'the file was changed or removed after it was chosen: choose it again');
  }

  write(): BlockResult {
    return fixed();
  }

  flush(): BlockResult {
    return DONE;
  }

  discard(): BlockResult {
    return fixed();
  }

  writeZeroes(): BlockResult {
    return fixed();
  }

  blockStatus(offset: number, length: number): BlockResult<BlockStatus> {
    return storedStatus(this, offset, length);
  }

  resize(): BlockResult {
    return fixed();
  }

  close(): BlockResult {
    this.blob = null;
    return DONE;
  }
}

const fixed = (): BlockResult => failure('read-only', 'a chosen file takes no writes');
