/**
 * An ATA disk over a block node. Specification: ATA/ATAPI-7 volume 1, clause 6.
 *
 * Not there: SMART, security, the host protected area (its size can be read, not set), power saving: the commands for it succeed and
 * do nothing, or abort, as on QEMU's disk. An address beyond the end is ID NOT FOUND as the specification wants it, where QEMU aborts.
 */
import type { BlockError, BlockNode, BlockResult, Eventually } from '../../block/block-node.ts';
import type { Log } from '../../core/log.ts';
import type { StateReader } from '../device.ts';
import * as A from './ata.ts';
import type { Geometry } from './geometry.ts';
import { DMA_PIECE, type DmaWindow, type DriveHost, IdeDrive, PHASE_IDLE } from './ide-drive.ts';
import { identifyDisk } from './identify.ts';

const PHASE_IDENTIFY = 1;
/** The next block is being read. */
const PHASE_FETCH = 2;
/** A block is being moved to the guest. */
const PHASE_READ = 3;
/** A block is being moved from the guest. */
const PHASE_WRITE = 4;
/** A block is being written. */
const PHASE_STORE = 5;
const PHASE_FLUSH = 6;
const PHASE_DMA_READ = 7;
const PHASE_DMA_WRITE = 8;
/** The list of what the guest does not need any more is being moved from it. */
const PHASE_TRIM = 9;
const PHASE_MAX = 9;

/** DRQ blocks of READ MULTIPLE are at most so many sectors. */
const MULTIPLE_MAX = 16;

const { COMMAND } = A;

export interface AtaDiskOptions {
  node: BlockNode;
  geometry: Geometry;
  serial: string;
  host: DriveHost;
  log: Log;
}

const NUMBERS = {
  /** Sectors of a DRQ block of READ MULTIPLE. */
  multiple: 8,
  /** The current geometry that INITIALIZE DEVICE PARAMETERS chose. */
  heads: 8,
  sectors: 8,
  /** Transfer mode as SET FEATURES takes it. */
  transferMode: 8,
  writeCache: 1,
  /** The command's next sector, how many are left, and how many a block has. */
  position: 48,
  left: 17,
  block: 8,
  /** The command has addresses of 48 bits. */
  lba48: 1,
} as const;

/** Transfer modes of SET FEATURES: multiword DMA 2 and Ultra DMA 5 are what the disk starts with in QEMU. */
const MODE_MULTIWORD = 0x20;
const MODE_ULTRA = 0x40;

export class AtaDisk extends IdeDrive {
  protected readonly packetDevice = false;
  private readonly node: BlockNode;
  private readonly geometry: Geometry;
  private readonly serial: string;
  private readonly log: Log;
  private readonly total: number;
  private readonly v: Record<keyof typeof NUMBERS, number>;

  constructor(options: AtaDiskOptions) {
    super(options.host);
    this.node = options.node;
    this.geometry = options.geometry;
    this.serial = options.serial;
    this.log = options.log;
    this.total = Math.floor(options.node.size / A.SECTOR);
    this.v = Object.fromEntries(Object.keys(NUMBERS).map((name) => [name, 0])) as typeof this.v;
    this.reset();
  }

  protected get numbers() {
    return { values: this.v as Record<string, number>, widths: NUMBERS };
  }

  get wantsDma(): boolean {
    return [PHASE_DMA_READ, PHASE_DMA_WRITE, PHASE_TRIM].includes(this.r.phase);
  }

  protected get direction(): 'in' | 'out' | null {
    const { phase } = this.r;
    if (phase === PHASE_IDENTIFY || phase === PHASE_READ) return 'in';
    return phase === PHASE_WRITE ? 'out' : null;
  }

  override reset(): void {
    super.reset();
    const { geometry } = this;
    Object.assign(this.v, {
      position: 0,
      left: 0,
      block: 0,
      lba48: 0,
      writeCache: 1,
      transferMode: MODE_ULTRA | 5,
    });
    this.v.multiple = MULTIPLE_MAX;
    this.v.heads = geometry.heads;
    this.v.sectors = geometry.sectors;
  }

  /** A software reset keeps what SET FEATURES and its like have set. */
  override softReset(): void {
    const { heads, sectors, transferMode, writeCache, multiple } = this.v;
    super.softReset();
    Object.assign(this.v, { heads, sectors, transferMode, writeCache, multiple });
  }

  execute(command: number): void {
    this.r.error = 0;
    this.r.status = A.DRDY | A.BSY;
    switch (command) {
      case COMMAND.READ_SECTORS:
      case COMMAND.READ_SECTORS_ONCE:
        return this.startPio(false, 1, PHASE_FETCH);
      case COMMAND.READ_SECTORS_EXT:
        return this.startPio(true, 1, PHASE_FETCH);
      case COMMAND.READ_MULTIPLE:
        return this.startPio(false, this.v.multiple, PHASE_FETCH);
      case COMMAND.READ_MULTIPLE_EXT:
        return this.startPio(true, this.v.multiple, PHASE_FETCH);
      case COMMAND.WRITE_SECTORS:
      case COMMAND.WRITE_SECTORS_ONCE:
      case COMMAND.WRITE_VERIFY:
        return this.startPio(false, 1, PHASE_WRITE);
      case COMMAND.WRITE_SECTORS_EXT:
        return this.startPio(true, 1, PHASE_WRITE);
      case COMMAND.WRITE_MULTIPLE:
        return this.startPio(false, this.v.multiple, PHASE_WRITE);
      case COMMAND.WRITE_MULTIPLE_EXT:
        return this.startPio(true, this.v.multiple, PHASE_WRITE);
      case COMMAND.READ_DMA:
      case COMMAND.READ_DMA_ONCE:
        return this.startDma(false, PHASE_DMA_READ);
      case COMMAND.READ_DMA_EXT:
        return this.startDma(true, PHASE_DMA_READ);
      case COMMAND.WRITE_DMA:
      case COMMAND.WRITE_DMA_ONCE:
        return this.startDma(false, PHASE_DMA_WRITE);
      case COMMAND.WRITE_DMA_EXT:
        return this.startDma(true, PHASE_DMA_WRITE);
      case COMMAND.READ_VERIFY:
      case COMMAND.READ_VERIFY_ONCE:
        return this.verify(false);
      case COMMAND.READ_VERIFY_EXT:
        return this.verify(true);
      case COMMAND.FLUSH_CACHE:
      case COMMAND.FLUSH_CACHE_EXT:
        return this.flush();
      case COMMAND.IDENTIFY:
        this.r.status = A.DRDY | A.DSC;
        this.offer(this.identify(), PHASE_IDENTIFY);
        return this.host.interrupt();
      case COMMAND.SET_FEATURES:
        return this.setFeatures();
      case COMMAND.SET_MULTIPLE:
        return this.setMultiple();
      case COMMAND.INITIALIZE_PARAMETERS:
        return this.initializeParameters();
      case COMMAND.READ_NATIVE_MAX:
        return this.nativeMax(false);
      case COMMAND.READ_NATIVE_MAX_EXT:
        return this.nativeMax(true);
      case COMMAND.CHECK_POWER:
      case COMMAND.CHECK_POWER_OLD:
        // Active or idle.
        this.r.count = 0xff;
        return this.complete();
      case COMMAND.SEEK:
      case COMMAND.RECALIBRATE:
        return this.complete();
      case COMMAND.STANDBY_NOW_OLD:
      case COMMAND.IDLE_NOW_OLD:
      case COMMAND.STANDBY_OLD:
      case COMMAND.IDLE_OLD:
      case COMMAND.SLEEP_OLD:
      case COMMAND.STANDBY_NOW:
      case COMMAND.IDLE_NOW:
      case COMMAND.STANDBY:
      case COMMAND.IDLE:
      case COMMAND.SLEEP:
        return this.complete(A.DRDY);
      case COMMAND.DATA_SET_MANAGEMENT:
        return this.startTrim();
      case COMMAND.NOP:
        return this.abort();
      case COMMAND.IDENTIFY_PACKET:
      case COMMAND.PACKET:
      case COMMAND.DEVICE_RESET:
        // Not a packet device: aborted, with the signature of what it is.
        this.signature();
        return this.abort();
      default:
        return this.abort();
    }
  }

  private identify(): Uint8Array {
    const { geometry, v, total } = this;
    const { heads, sectors, transferMode } = v;
    const cylinders = Math.min(Math.floor(total / (heads * sectors)), 0xffff);
    const same = heads === geometry.heads && sectors === geometry.sectors;
    return identifyDisk({
      sectors: total,
      geometry,
      current: { cylinders: same ? geometry.cylinders : cylinders, heads, sectors },
      multiple: v.multiple,
      multiwordMode: (transferMode & 0xf8) === MODE_MULTIWORD ? transferMode & 7 : null,
      ultraMode: (transferMode & 0xf8) === MODE_ULTRA ? transferMode & 7 : null,
      writeCache: v.writeCache === 1,
      serial: this.serial,
    });
  }

  // Addresses

  /** The sector that the registers name; null: there is none with such coordinates. */
  private address(lba48: boolean): number | null {
    const { r } = this;
    if (lba48) {
      const high = r.hobLbaLow + r.hobLbaMid * 0x100 + r.hobLbaHigh * 0x10000;
      return r.lbaLow + r.lbaMid * 0x100 + r.lbaHigh * 0x10000 + high * 0x1000000;
    }
    if (r.device & A.DEVICE_LBA)
      return r.lbaLow + r.lbaMid * 0x100 + r.lbaHigh * 0x10000 + (r.device & 15) * 0x1000000;
    const cylinder = r.lbaMid + r.lbaHigh * 0x100;
    if (r.lbaLow === 0 || r.lbaLow > this.v.sectors || (r.device & 15) >= this.v.heads) return null;
    return (cylinder * this.v.heads + (r.device & 15)) * this.v.sectors + r.lbaLow - 1;
  }

  /** Puts the position reached into the registers, in the command's own form. */
  private showAddress(): void {
    const { r, v } = this;
    const byte = (index: number): number => Math.floor(v.position / 2 ** (8 * index)) & 0xff;
    if (v.lba48 === 1) {
      [r.lbaLow, r.lbaMid, r.lbaHigh, r.hobLbaLow, r.hobLbaMid, r.hobLbaHigh] = [0, 1, 2, 3, 4, 5].map(byte);
      r.hobCount = (v.left >> 8) & 0xff;
    } else if (r.device & A.DEVICE_LBA) {
      [r.lbaLow, r.lbaMid, r.lbaHigh] = [0, 1, 2].map(byte);
      r.device = (r.device & 0xf0) | (byte(3) & 15);
    } else {
      const track = Math.floor(v.position / v.sectors);
      const cylinder = Math.floor(track / v.heads);
      r.lbaLow = (v.position % v.sectors) + 1;
      r.lbaMid = cylinder & 0xff;
      r.lbaHigh = (cylinder >> 8) & 0xff;
      r.device = (r.device & 0xf0) | ((track % v.heads) & 15);
    }
    r.count = v.left & 0xff;
  }

  /** Takes over count and address; false: the command has been ended, with an error. */
  private begin(lba48: boolean): boolean {
    const { r, v } = this;
    const position = this.address(lba48);
    v.lba48 = lba48 ? 1 : 0;
    v.left = lba48 ? r.count + r.hobCount * 0x100 || 0x10000 : r.count || 0x100;
    v.position = position ?? 0;
    if (position !== null && position < this.total) return true;
    this.log.guestError('ide', `there is no sector ${position ?? 'with these coordinates'}`);
    this.abort(A.IDNF);
    return false;
  }

  /** Sectors of the next piece, at most `max`; 0: the disk ends here, and so does the command. */
  private piece(max: number): number {
    const { v } = this;
    const count = Math.min(v.left, max, this.total - v.position);
    if (count === 0) {
      this.showAddress();
      this.abort(A.IDNF);
    }
    return count;
  }

  private advance(sectors: number): void {
    this.v.position += sectors;
    this.v.left -= sectors;
    this.showAddress();
  }

  private failed(error: BlockError, writing: boolean): void {
    this.log.warn('disk', `a ${writing ? 'write' : 'read'} failed: ${error.message}`);
    this.showAddress();
    // ATA/ATAPI-7 volume 1: UNC for data that cannot be read; a write that fails for good is a device fault (DF).
    if (!writing) return this.abort(A.UNC);
    this.r.error = A.ABRT;
    this.complete(error.kind === 'read-only' ? A.DRDY | A.ERR : A.DRDY | A.DF | A.ERR);
  }

  // PIO

  private startPio(lba48: boolean, block: number, phase: number): void {
    // READ and WRITE MULTIPLE before SET MULTIPLE MODE: 6.32.6.
    if (block === 0) return this.abort();
    if (!this.begin(lba48)) return;
    this.v.block = block;
    if (phase === PHASE_FETCH) return this.fetch();
    this.r.status = A.DRDY | A.DSC;
    this.demandBlock();
  }

  private fetch(): void {
    const { r, v } = this;
    const sectors = this.piece(v.block);
    if (sectors === 0) return;
    r.phase = PHASE_FETCH;
    r.status = A.DRDY | A.DSC | A.BSY;
    this.after(this.node.read(v.position * A.SECTOR, sectors * A.SECTOR), (result) => {
      if (!result.ok) return this.failed(result.error, false);
      this.advance(sectors);
      this.offer(result.value.slice(), PHASE_READ);
      this.host.interrupt();
    });
  }

  private demandBlock(): void {
    const sectors = this.piece(this.v.block);
    if (sectors > 0) this.demand(sectors * A.SECTOR, PHASE_WRITE);
  }

  private store(): void {
    const { r, v, buffer } = this;
    r.phase = PHASE_STORE;
    r.status = A.DRDY | A.DSC | A.BSY;
    this.after(this.node.write(v.position * A.SECTOR, buffer), (result) => {
      if (!result.ok) return this.failed(result.error, true);
      this.advance(buffer.length / A.SECTOR);
      if (v.left === 0) return this.written();
      this.r.status = A.DRDY | A.DSC;
      this.demandBlock();
      if (this.r.status & A.DRQ) this.host.interrupt();
    });
  }

  protected blockMoved(): void {
    const { phase } = this.r;
    if (phase === PHASE_WRITE) return this.store();
    if (phase === PHASE_READ && this.v.left > 0) return this.fetch();
    // The last block was announced by its interrupt; its end has none.
    this.cancel();
    this.r.status = A.DRDY | A.DSC;
  }

  // DMA

  private startDma(lba48: boolean, phase: number): void {
    if (!this.begin(lba48)) return;
    this.r.phase = phase;
    this.r.status = A.DRDY | A.DSC | A.DRQ;
    this.host.requestDma();
  }

  moveDma(window: DmaWindow): void {
    const { r, v } = this;
    if (r.phase === PHASE_TRIM) return this.trim(window);
    const writing = r.phase === PHASE_DMA_WRITE;
    r.status = A.DRDY | A.DSC | A.BSY;
    const most = this.piece(DMA_PIECE / A.SECTOR);
    if (most === 0) return window.finish('stopped');
    const room = window.room(most * A.SECTOR);
    const sectors = Math.floor((room ?? 0) / A.SECTOR);
    const length = sectors * A.SECTOR;
    // Descriptors that end too early: QEMU and hardware stop without a word, and the guest finds BM's active bit clear.
    if (room !== null && sectors < most && window.ended) {
      this.log.guestError('ide', 'the DMA descriptors are shorter than the command');
      this.cancel();
      r.status = A.DRDY | A.DSC;
      return window.finish('stopped');
    }
    const outside = (): void => {
      this.log.guestError('ide', 'DMA outside of memory');
      window.finish('error');
      this.abort();
    };
    if (room === null) return outside();
    const next = (result: BlockResult): void => {
      if (!result.ok) {
        window.finish('stopped');
        return this.failed(result.error, writing);
      }
      this.advance(sectors);
      if (v.left > 0) {
        if (sectors === most) return this.moveDma(window);
        return this.after(this.host.breathe(), () => this.moveDma(window));
      }
      window.finish('done');
      if (writing) this.written();
      else this.complete();
    };
    const address = v.position * A.SECTOR;
    if (writing) {
      const bytes = window.take(length);
      if (!bytes) return outside();
      return this.after(this.node.write(address, bytes), next);
    }
    this.after(this.node.read(address, length), (result) => {
      if (result.ok && !window.put(result.value)) return outside();
      next(result.ok ? { ok: true, value: null } : result);
    });
  }

  private startTrim(): void {
    const { r } = this;
    if (!(r.feature & 1)) return this.abort();
    r.phase = PHASE_TRIM;
    r.status = A.DRDY | A.DSC | A.DRQ;
    this.host.requestDma();
  }

  /** A list of ranges, eight bytes each: 48 bits of address, 16 of count. ACS-2, 7.10.3. */
  private trim(window: DmaWindow): void {
    const { r } = this;
    const bytes = window.take((r.count || 0x100) * A.SECTOR);
    if (!bytes) {
      window.finish('error');
      return this.abort();
    }
    r.status = A.DRDY | A.DSC | A.BSY;
    const view = new DataView(bytes.buffer);
    const requests: Eventually<BlockResult>[] = [];
    for (let at = 0; at < bytes.length; at += 8) {
      const count = view.getUint16(at + 6, true);
      if (count === 0) continue;
      const first = view.getUint32(at, true) + view.getUint16(at + 4, true) * 2 ** 32;
      if (first + count > this.total) {
        window.finish('stopped');
        return this.abort(A.IDNF | A.ABRT);
      }
      requests.push(this.node.discard(first * A.SECTOR, count * A.SECTOR));
    }
    this.after(Promise.all(requests), () => {
      // A hint that nobody took harms nobody.
      window.finish('done');
      this.complete();
    });
  }

  // The rest

  private verify(lba48: boolean): void {
    if (!this.begin(lba48)) return;
    const { v } = this;
    if (v.position + v.left > this.total) {
      v.position = this.total;
      this.showAddress();
      return this.abort(A.IDNF);
    }
    this.complete();
  }

  /** Ends a write. A guest that switched the write cache off sends no flushes: what it wrote is safe when the command ends. */
  private written(): void {
    if (this.v.writeCache === 1) this.complete();
    else this.flush();
  }

  private flush(): void {
    this.r.phase = PHASE_FLUSH;
    this.after(this.node.flush(), (result) => {
      if (result.ok) this.complete();
      else this.failed(result.error, true);
    });
  }

  private setFeatures(): void {
    const { r, v } = this;
    switch (r.feature) {
      case 0x02:
        v.writeCache = 1;
        return this.complete();
      case 0x82:
        v.writeCache = 0;
        return this.flush();
      case 0x03: {
        // PIO default and flow control, multiword DMA, Ultra DMA: 6.50.
        const kind = r.count >> 3;
        const mode = r.count & 7;
        if (kind === 4 ? mode > 2 : kind === 8 ? mode > 5 : kind > 1) return this.abort();
        v.transferMode = r.count;
        return this.complete();
      }
      // Look-ahead, reverting to defaults, power management and acoustics: accepted.
      case 0xaa:
      case 0x55:
      case 0x05:
      case 0x85:
      case 0x69:
      case 0x67:
      case 0x96:
      case 0x9a:
      case 0x42:
      case 0xc2:
      case 0xcc:
      case 0x66:
        return this.complete();
      default:
        return this.abort();
    }
  }

  private setMultiple(): void {
    const { r, v } = this;
    // 0 switches the commands off.
    if (r.count > MULTIPLE_MAX || (r.count & (r.count - 1)) !== 0) return this.abort();
    v.multiple = r.count;
    this.complete();
  }

  private initializeParameters(): void {
    const { r, v } = this;
    if (r.count === 0) return this.abort();
    v.heads = (r.device & 15) + 1;
    v.sectors = r.count;
    this.complete();
  }

  private nativeMax(lba48: boolean): void {
    const { v } = this;
    v.lba48 = lba48 ? 1 : 0;
    v.position = lba48 ? this.total - 1 : Math.min(this.total, 0x0fffffff) - 1;
    const { count, hobCount } = this.r;
    this.showAddress();
    Object.assign(this.r, { count, hobCount });
    this.complete(A.DRDY | A.DSC);
  }

  protected resume(): void {
    switch (this.r.phase) {
      case PHASE_FETCH:
        return this.fetch();
      case PHASE_STORE:
        return this.store();
      case PHASE_FLUSH:
        return this.flush();
      case PHASE_DMA_READ:
      case PHASE_DMA_WRITE:
      case PHASE_TRIM:
        return this.host.requestDma();
    }
  }

  protected checkRestored(
    prefix: string,
    reader: StateReader,
    phase: number,
    values: Record<string, number>,
  ): void {
    if (phase > PHASE_MAX) throw reader.error(`${prefix}.phase`, 'one of a disk');
    if (values['heads'] === 0 || values['heads'] > 16) throw reader.error(`${prefix}.heads`, '1 to 16');
    if (values['sectors'] === 0) throw reader.error(`${prefix}.sectors`, '1 to 255');
    const inCommand = phase !== PHASE_IDLE && phase !== PHASE_IDENTIFY && phase !== PHASE_FLUSH;
    if (inCommand && values['position'] > this.total)
      throw reader.error(`${prefix}.position`, 'within the disk');
  }
}
