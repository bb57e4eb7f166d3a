/**
 * A virtio block device over a block node. Specification: VIRTIO 1.2, section 5.2.
 *
 * Requests of all queues are on their way at the same time, and end in any order. Not there: zones, secure erase, legacy SCSI requests: the
 * driver is told VIRTIO_BLK_S_UNSUPP.
 */
import {
  type BlockError,
  type BlockNode,
  type BlockResult,
  DONE,
  type Eventually,
  whenDone,
} from '../../block/block-node.ts';
import type { Log } from '../../core/log.ts';
import type { SavedState, StateReader } from '../device.ts';
import type { Chain, Ring } from './ring.ts';
import type { VirtioHost, VirtioType } from './virtio.ts';

const F_SEG_MAX = 1n << 2n;
const F_GEOMETRY = 1n << 4n;
const F_RO = 1n << 5n;
const F_BLK_SIZE = 1n << 6n;
const F_FLUSH = 1n << 9n;
const F_TOPOLOGY = 1n << 10n;
const F_CONFIG_WCE = 1n << 11n;
const F_MQ = 1n << 12n;
const F_DISCARD = 1n << 13n;
const F_WRITE_ZEROES = 1n << 14n;
const F_LIFETIME = 1n << 15n;

const T_IN = 0;
const T_OUT = 1;
const T_FLUSH = 4;
const T_GET_ID = 8;
const T_GET_LIFETIME = 10;
const T_DISCARD = 11;
const T_WRITE_ZEROES = 13;

const S_OK = 0;
const S_IOERR = 1;
const S_UNSUPP = 2;

const HEADER_BYTES = 16;
const ID_BYTES = 20;
const LIFETIME_BYTES = 6;
const CONFIG_BYTES = 60;
const CONFIG_CAPACITY = 0;
const CONFIG_WRITEBACK = 32;
const SECTOR = 512;

/** One request moves at most so many bytes: more than a kernel ever asks for, and little enough to be done in one go. */
const REQUEST_MAX = 64 << 20;
/** Bytes that the node is asked for at once. */
const PIECE = 1 << 20;
/** Bytes that are moved before the page's other work gets a turn: some 2 ms. */
const TURN_BYTES = 8 << 20;
/** What a request costs beside its data: some 2 µs. */
const REQUEST_BYTES = 8192;
/** Segments of a discard or a write of zeroes, each 16 bytes: sector, count, flags. */
/** A discarded byte's share of a turn, against one that is moved. */
const DISCARD_SHARE = 64;
const RANGES_MAX = 64;
const RANGE_BYTES = 16;
const RANGE_UNMAP = 1;
/** Sectors of one segment: zeros are written in a request's own time. */
const DISCARD_SECTORS_MAX = 0x3fffff;
const ZEROES_SECTORS_MAX = REQUEST_MAX / SECTOR;
/** Lifetime: not near its end (5.2.5). */
const PRE_EOL_NORMAL = 1;

export const BLK_QUEUE_SIZE = 256;

export interface VirtioBlkOptions {
  node: BlockNode;
  /** At most 20 bytes in ASCII; absent: empty. */
  serial?: string;
  /** Request queues; default 1. */
  queues?: number;
  /** Entries of each; a power of two. Default 256. */
  queueSize?: number;
  geometry: { cylinders: number; heads: number; sectors: number };
  log: Log;
  /** Runs a task when the page's other work had its turn. Absent: everything is done at once. */
  later?(task: () => void): void;
}

/** A segment of a discard or a write of zeroes, in bytes. */
interface Range {
  at: number;
  length: number;
  unmap: boolean;
}

interface Request {
  chain: Chain;
  queue: number;
  type: number;
  /** Byte offset on the disk, and of the data in the chain. */
  at: number;
  from: number;
  left: number;
}

export class VirtioBlk implements VirtioType {
  readonly name = 'virtio-blk';
  readonly id = 2;
  readonly pciClass = 0x010000;
  readonly features: bigint;
  readonly queues: readonly number[];
  readonly configBytes = CONFIG_BYTES;
  private readonly options: VirtioBlkOptions;
  private readonly node: BlockNode;
  private readonly config = new DataView(new ArrayBuffer(CONFIG_BYTES));
  private host!: VirtioHost;
  /** Queues whose work goes on later. */
  private readonly continued = new Set<number>();
  /** Bytes left for this turn. */
  private budget = TURN_BYTES;
  /** Requests are being taken from a queue. */
  private looking = false;

  constructor(options: VirtioBlkOptions) {
    this.options = options;
    this.node = options.node;
    const count = options.queues ?? 1;
    this.queues = Array.from({ length: count }, () => options.queueSize ?? BLK_QUEUE_SIZE);
    this.features =
      F_SEG_MAX |
      F_GEOMETRY |
      F_BLK_SIZE |
      F_FLUSH |
      F_TOPOLOGY |
      F_CONFIG_WCE |
      F_LIFETIME |
      (count > 1 ? F_MQ : 0n) |
      (options.node.readOnly ? F_RO : F_DISCARD | F_WRITE_ZEROES);
    const { config } = this;
    this.showCapacity();
    // A chain's descriptors less header and status.
    config.setUint32(12, this.queues[0] - 2, true);
    config.setUint16(16, Math.min(options.geometry.cylinders, 0xffff), true);
    config.setUint8(18, options.geometry.heads);
    config.setUint8(19, options.geometry.sectors);
    config.setUint32(20, SECTOR, true);
    config.setUint16(26, 1, true);
    config.setUint16(34, count, true);
    config.setUint32(36, DISCARD_SECTORS_MAX, true);
    config.setUint32(40, RANGES_MAX, true);
    config.setUint32(44, 1, true);
    config.setUint32(48, ZEROES_SECTORS_MAX, true);
    config.setUint32(52, RANGES_MAX, true);
    config.setUint8(56, 1);
    this.reset();
  }

  connect(host: VirtioHost): void {
    this.host = host;
  }

  /** The node's size is another one. */
  resized(): void {
    this.showCapacity();
    this.host.configChanged();
  }

  private showCapacity(): void {
    this.config.setBigUint64(CONFIG_CAPACITY, BigInt(Math.floor(this.node.size / SECTOR)), true);
  }

  readConfig(offset: number): number {
    return this.config.getUint8(offset);
  }

  writeConfig(offset: number, size: number, value: number): void {
    const writable = (this.host.driverFeatures & F_CONFIG_WCE) !== 0n;
    if (offset !== CONFIG_WRITEBACK || size !== 1 || value > 1 || !writable)
      this.options.log.guestError(this.name, `write to the configuration space at ${offset}`);
    else this.config.setUint8(CONFIG_WRITEBACK, value);
  }

  /** 5.2.6.2: without a way to flush, what was written is safe when the request ends. */
  private get writeThrough(): boolean {
    const { driverFeatures } = this.host;
    if (driverFeatures & F_CONFIG_WCE) return this.config.getUint8(CONFIG_WRITEBACK) === 0;
    return (driverFeatures & F_FLUSH) === 0n;
  }

  notify(queue: number): void {
    const ring = this.host.ring(queue);
    if (!ring || this.continued.has(queue)) return;
    this.looking = true;
    const more = this.take(ring, queue);
    this.looking = false;
    this.host.signal(queue);
    if (!more) return;
    this.continued.add(queue);
    this.options.later?.(() => {
      // A reset has forgotten it.
      if (this.continued.delete(queue) && this.host.running) this.notify(queue);
    });
  }

  /** Begins what the driver asks for; true: there may be more, but it is others' turn. */
  private take(ring: Ring, queue: number): boolean {
    this.budget = this.options.later ? TURN_BYTES : Number.POSITIVE_INFINITY;
    do {
      ring.mute();
      // Nothing more is begun for a driver that has broken the rules.
      for (let chain = ring.pop(); chain; chain = this.host.running ? ring.pop() : null) {
        this.begin(chain, queue);
        if (this.budget <= 0) return true;
      }
    } while (this.host.running && ring.listen());
    return false;
  }

  private begin(chain: Chain, queue: number): void {
    if (chain.outBytes < HEADER_BYTES || chain.inBytes < 1) {
      this.host.fail('a request without header or status');
      return;
    }
    this.budget -= REQUEST_BYTES;
    const header = new DataView(chain.read(0, HEADER_BYTES).buffer);
    const type = header.getUint32(0, true);
    const sector = header.getUint32(8, true) + header.getUint32(12, true) * 2 ** 32;
    const request: Request = { chain, queue, type, at: sector * SECTOR, from: 0, left: 0 };
    if (type === T_IN) this.transfer(request, 0, chain.inBytes - 1);
    else if (type === T_OUT) this.transfer(request, HEADER_BYTES, chain.outBytes - HEADER_BYTES);
    else if (type === T_FLUSH) this.flush(request);
    else if (type === T_GET_ID) this.answer(request, this.identity());
    else if (type === T_GET_LIFETIME) {
      const lifetime = new Uint8Array(LIFETIME_BYTES);
      lifetime[0] = PRE_EOL_NORMAL;
      this.answer(request, lifetime);
    } else if (type === T_DISCARD || type === T_WRITE_ZEROES) this.ranges(request);
    else this.end(request, S_UNSUPP);
  }

  private identity(): Uint8Array {
    const bytes = new Uint8Array(ID_BYTES);
    new TextEncoder().encodeInto(this.options.serial ?? '', bytes);
    return bytes;
  }

  private answer(request: Request, bytes: Uint8Array): void {
    const { chain } = request;
    if (chain.inBytes - 1 < bytes.length) return this.end(request, S_IOERR);
    chain.write(0, bytes);
    this.end(request, S_OK, bytes.length);
  }

  private transfer(request: Request, from: number, length: number): void {
    Object.assign(request, { from, left: length });
    const problem = this.refusal(request.at, length, request.type === T_OUT);
    if (problem === null) this.step(request);
    else {
      this.options.log.guestError(this.name, problem);
      this.end(request, S_IOERR);
    }
  }

  private refusal(at: number, length: number, writes: boolean): string | null {
    if (length % SECTOR !== 0 || length > REQUEST_MAX) return `a request for ${length} bytes`;
    if (!(at + length <= this.node.size)) return `sector ${at / SECTOR} and ${length} bytes, beyond the end`;
    return writes && this.node.readOnly ? 'a write to a disk that takes none' : null;
  }

  /** Moves pieces for as long as the node answers at once. */
  private step(request: Request): void {
    const { node } = this;
    const { chain } = request;
    while (request.left > 0) {
      const length = Math.min(request.left, PIECE);
      this.budget -= length;
      const result: Eventually<BlockResult<unknown>> =
        request.type === T_IN
          ? node.read(request.at, length)
          : node.write(request.at, chain.read(request.from, length));
      if (result instanceof Promise) {
        void result.then((done) => {
          if (chain.live && this.moved(request, length, done)) this.step(request);
        });
        return;
      }
      if (!this.moved(request, length, result)) return;
    }
    const read = request.type === T_IN;
    if (read || !this.writeThrough) this.end(request, S_OK, read ? chain.inBytes - 1 : 0);
    else this.flush(request);
  }

  /** A piece has come or gone; false: the request has failed. */
  private moved(request: Request, length: number, result: BlockResult<unknown>): boolean {
    if (!result.ok) {
      this.failed(request, result.error);
      return false;
    }
    if (request.type === T_IN) request.chain.write(request.from, result.value as Uint8Array);
    request.at += length;
    request.from += length;
    request.left -= length;
    return true;
  }

  private flush(request: Request): void {
    this.finish(request, this.node.flush());
  }

  private finish(request: Request, result: Eventually<BlockResult>): void {
    const done = (result: BlockResult): void => {
      if (!request.chain.live) return;
      if (result.ok) this.end(request, S_OK);
      else this.failed(request, result.error);
    };
    if (result instanceof Promise) void result.then(done);
    else done(result);
  }

  /** Discards, or writes zeroes over, the segments that the request lists. */
  private ranges(request: Request): void {
    const { chain, type } = request;
    const bytes = chain.outBytes - HEADER_BYTES;
    const max = type === T_DISCARD ? DISCARD_SECTORS_MAX : ZEROES_SECTORS_MAX;
    if (bytes === 0 || bytes % RANGE_BYTES !== 0 || bytes > RANGES_MAX * RANGE_BYTES || this.node.readOnly)
      return this.end(request, S_IOERR);
    const view = new DataView(chain.read(HEADER_BYTES, bytes).buffer);
    const ranges: Range[] = [];
    for (let i = 0; i < bytes; i += RANGE_BYTES) {
      const at = (view.getUint32(i, true) + view.getUint32(i + 4, true) * 2 ** 32) * SECTOR;
      const sectors = view.getUint32(i + 8, true);
      const flags = view.getUint32(i + 12, true);
      // 5.2.6.2: of the flags only unmap, and only for zeroes.
      if (flags & ~(type === T_WRITE_ZEROES ? RANGE_UNMAP : 0)) return this.end(request, S_UNSUPP);
      if (sectors > max || !(at + sectors * SECTOR <= this.node.size)) return this.end(request, S_IOERR);
      this.budget -= (sectors * SECTOR) / (type === T_DISCARD ? DISCARD_SHARE : 1);
      ranges.push({ at, length: sectors * SECTOR, unmap: flags !== 0 });
    }
    this.finish(request, this.clear(type, ranges));
  }

  /** One range after the other. */
  private clear(type: number, [range, ...others]: readonly Range[]): Eventually<BlockResult> {
    const { node } = this;
    if (!range) return this.writeThrough ? node.flush() : DONE;
    const { at, length, unmap } = range;
    const result = type === T_DISCARD ? node.discard(at, length) : node.writeZeroes(at, length, { unmap });
    return whenDone(result, (done) => (done.ok ? this.clear(type, others) : done)) as Eventually<BlockResult>;
  }

  private failed(request: Request, error: BlockError): void {
    const what = request.type === T_IN ? 'read' : request.type === T_OUT ? 'write' : 'request';
    this.options.log.warn('disk', `a ${what} failed: ${error.message}`);
    this.end(request, S_IOERR);
  }

  /** The status is the last byte of the room. @param data bytes of data before it that were written */
  private end({ chain, queue }: Request, status: number, data = 0): void {
    chain.write(chain.inBytes - 1, Uint8Array.of(status));
    // The driver may rely on the bytes before the status only if all of them were written (2.7.8.2).
    chain.ring.push(chain, status === S_OK && data === chain.inBytes - 1 ? chain.inBytes : 1);
    // Requests that end at once are signalled together.
    if (!this.looking) this.host.signal(queue);
  }

  reset(): void {
    this.continued.clear();
    this.config.setUint8(CONFIG_WRITEBACK, 1);
  }

  save(): SavedState {
    return { writeback: this.config.getUint8(CONFIG_WRITEBACK) };
  }

  restorer(reader: StateReader): () => void {
    const writeback = reader.uint('writeback', 1);
    return () => this.config.setUint8(CONFIG_WRITEBACK, writeback);
  }
}
