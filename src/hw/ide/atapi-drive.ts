/**
 * An ATAPI CD-ROM drive. Specification: ATA/ATAPI-7 volume 1, 6.30 (PACKET); MMC-6 (T10 1836D) for the packets.
 *
 * Media are data discs of one track. Not there: audio, writing, DVD structures and copy protection; packets for them are refused.
 */
import type { BlockNode } from '../../block/block-node.ts';
import type { Log } from '../../core/log.ts';
import type { StateReader } from '../device.ts';
import * as A from './ata.ts';
import * as M from './atapi-medium.ts';
import { type DmaWindow, type DriveHost, IdeDrive } from './ide-drive.ts';
import { identifyCdrom } from './identify.ts';

const PHASE_IDENTIFY = 1;
/** The packet is being moved from the guest. */
const PHASE_PACKET = 2;
/** An answer, or sectors, are being moved to the guest. */
const PHASE_DATA = 3;
/** Sectors are being read. */
const PHASE_FETCH = 4;
/** An answer in the buffer, or sectors to be read, wait for the bus master. */
const PHASE_DMA = 5;
const PHASE_MAX = 5;

/** Sectors that are read at once. */
const FETCH_SECTORS = 32;

const { COMMAND } = A;

/** Operation codes of packets. */
const PACKET = {
  TEST_UNIT_READY: 0x00,
  REQUEST_SENSE: 0x03,
  INQUIRY: 0x12,
  START_STOP: 0x1b,
  PREVENT_REMOVAL: 0x1e,
  READ_CAPACITY: 0x25,
  READ_10: 0x28,
  SEEK_10: 0x2b,
  SYNCHRONIZE_CACHE: 0x35,
  READ_TOC: 0x43,
  GET_CONFIGURATION: 0x46,
  GET_EVENT_STATUS: 0x4a,
  READ_DISC_INFORMATION: 0x51,
  MODE_SENSE_10: 0x5a,
  READ_12: 0xa8,
  SET_CD_SPEED: 0xbb,
  MECHANISM_STATUS: 0xbd,
  READ_CD: 0xbe,
} as const;

/** Packets that are answered although the medium has changed: SPC-3, 5.6. */
const DESPITE_ATTENTION: readonly number[] = [
  PACKET.REQUEST_SENSE,
  PACKET.INQUIRY,
  PACKET.GET_CONFIGURATION,
  PACKET.GET_EVENT_STATUS,
];
const NEEDS_MEDIUM: readonly number[] = [
  PACKET.TEST_UNIT_READY,
  PACKET.READ_CAPACITY,
  PACKET.READ_10,
  PACKET.SEEK_10,
  PACKET.READ_TOC,
  PACKET.READ_DISC_INFORMATION,
  PACKET.READ_12,
  PACKET.READ_CD,
];

/**
 * A change of medium is told in two steps, as QEMU does for guests that never look while the drive is empty: first there is none, then it is another
 * one. One that has seen the drive empty is told of the new medium alone: Linux fails the first read of a disc that is new for a second time.
 */
const CHANGED_NO = 0;
const CHANGED_GONE = 1;
const CHANGED_NEW = 2;

/** Media events: MMC-6, 6.6.2.5. */
const EVENT_NONE = 0;
const EVENT_EJECT_REQUEST = 1;
const EVENT_NEW_MEDIA = 2;
const EVENT_REMOVAL = 3;

const NUMBERS = {
  senseKey: 8,
  senseCode: 8,
  senseQualifier: 8,
  locked: 1,
  trayOpen: 1,
  changed: 2,
  /** The guest has been told that there is no medium. */
  absent: 1,
  /** Media event that nobody has asked for yet. */
  event: 2,
  /** PACKET said that its data go by DMA, and how many bytes a DRQ block may have. */
  byDma: 1,
  limit: 16,
  /** The next sector, and how many are still to be read. */
  position: 32,
  left: 32,
  /** READ CD: sectors have headers and error correction around their data. */
  whole: 1,
  /** Where in `data` the next DRQ block begins. */
  dataAt: 32,
} as const;

const RAW_SECTOR = 2352;

export interface AtapiDriveOptions {
  node: BlockNode | null;
  serial: string;
  host: DriveHost;
  log: Log;
  /** The guest opened or closed the tray, or locked or unlocked it. */
  trayChanged?(open: boolean): void;
}

export class AtapiDrive extends IdeDrive {
  protected readonly packetDevice = true;
  private node: BlockNode | null;
  private readonly serial: string;
  private readonly log: Log;
  private readonly trayChanged: (open: boolean) => void;
  private readonly v: Record<keyof typeof NUMBERS, number>;
  /** An answer or sectors that are handed out in DRQ blocks. */
  private data = new Uint8Array(0);
  /** `moveDma` is at work, and has been asked for more. */
  private moving = false;
  private more = false;

  constructor(options: AtapiDriveOptions) {
    super(options.host);
    this.node = options.node;
    this.serial = options.serial;
    this.log = options.log;
    this.trayChanged = options.trayChanged ?? (() => {});
    this.v = Object.fromEntries(Object.keys(NUMBERS).map((name) => [name, 0])) as typeof this.v;
    this.reset();
  }

  protected get numbers() {
    return { values: this.v as Record<string, number>, widths: NUMBERS };
  }

  get wantsDma(): boolean {
    return this.r.phase === PHASE_DMA;
  }

  protected get direction(): 'in' | 'out' | null {
    const { phase } = this.r;
    if (phase === PHASE_IDENTIFY || phase === PHASE_DATA) return 'in';
    return phase === PHASE_PACKET ? 'out' : null;
  }

  override reset(): void {
    super.reset();
    this.data = new Uint8Array(0);
    const { trayOpen } = this.v;
    for (const name of Object.keys(NUMBERS) as (keyof typeof NUMBERS)[]) this.v[name] = 0;
    // A reset moves no tray; it closes none and opens none.
    this.v.trayOpen = trayOpen;
  }

  override softReset(): void {
    const { locked, changed, absent, event } = this.v;
    super.softReset();
    Object.assign(this.v, { locked, changed, absent, event });
  }

  override cancel(): void {
    super.cancel();
    this.data = new Uint8Array(0);
  }

  // The host's side: the medium

  /** Whether there is a medium that the guest could read. */
  private get ready(): boolean {
    return this.node !== null && this.v.trayOpen === 0;
  }

  /** Bytes of the medium; null: there is none. */
  get size(): number | null {
    return this.node?.size ?? null;
  }

  get locked(): boolean {
    return this.v.locked === 1;
  }

  get trayOpen(): boolean {
    return this.v.trayOpen === 1;
  }

  /** Somebody pressed the eject button. A locked drive tells its guest so, and does no more. */
  pressEject(): boolean {
    if (this.locked) {
      this.v.event = EVENT_EJECT_REQUEST;
      return false;
    }
    this.changeMedium(null);
    return true;
  }

  /** Puts another medium in, or takes it out, whatever the guest is doing: what it reads next fails or is the new one's. */
  changeMedium(node: BlockNode | null): void {
    const had = this.node !== null;
    this.node = node;
    this.v.trayOpen = 0;
    this.v.changed = !node ? CHANGED_NO : this.v.absent === 1 ? CHANGED_NEW : CHANGED_GONE;
    this.v.absent = 0;
    this.v.event = node ? EVENT_NEW_MEDIA : had ? EVENT_REMOVAL : EVENT_NONE;
    // Sectors of the old medium that are on their way come to nothing.
    const { phase } = this.r;
    if (phase === PHASE_FETCH || (phase === PHASE_DMA && this.v.left > 0)) this.fail(M.SENSE.MEDIUM_CHANGED);
  }

  // ATA

  execute(command: number): void {
    const { r, v } = this;
    if (command === COMMAND.DEVICE_RESET) {
      this.softReset();
      return;
    }
    r.error = 0;
    r.status = A.DRDY | A.BSY;
    switch (command) {
      case COMMAND.PACKET:
        // Overlapped commands are not there.
        if (r.feature & 0x02) return this.abort();
        v.byDma = r.feature & 1;
        v.limit = r.lbaMid + r.lbaHigh * 0x100;
        r.count = REASON_PACKET;
        r.status = A.DRDY | A.DSC;
        return this.demand(A.PACKET_BYTES, PHASE_PACKET);
      case COMMAND.IDENTIFY_PACKET:
        r.status = A.DRDY | A.DSC;
        this.offer(identifyCdrom({ serial: this.serial }), PHASE_IDENTIFY);
        return this.host.interrupt();
      case COMMAND.SET_FEATURES:
        // Transfer modes, and what disks have too: accepted.
        return r.feature === 0x03 || r.feature === 0x66 || r.feature === 0xcc
          ? this.complete()
          : this.abort();
      case COMMAND.IDLE_NOW:
      case COMMAND.STANDBY_NOW:
      case COMMAND.IDLE:
      case COMMAND.STANDBY:
      case COMMAND.SLEEP:
        return this.complete(A.DRDY);
      case COMMAND.CHECK_POWER:
        r.count = 0xff;
        return this.complete(A.DRDY);
      case COMMAND.IDENTIFY:
      case COMMAND.READ_SECTORS:
        // ATA/ATAPI-7 volume 1, 6.17.5.2: aborted, with the signature in the registers.
        this.signature();
        return this.abort();
      default:
        return this.abort();
    }
  }

  protected blockMoved(): void {
    const { r, v } = this;
    if (r.phase === PHASE_PACKET) {
      const packet = this.buffer;
      r.status = A.DRDY | A.BSY;
      return this.packet(packet);
    }
    if (r.phase === PHASE_IDENTIFY) {
      this.cancel();
      r.status = A.DRDY | A.DSC;
      return;
    }
    v.dataAt += this.buffer.length;
    if (v.dataAt < this.data.length) return this.offerPart();
    if (v.left > 0) return this.fetch();
    this.succeed();
  }

  // Packets

  private succeed(): void {
    this.r.error = 0;
    [this.v.senseKey, this.v.senseCode, this.v.senseQualifier] = M.SENSE.NONE;
    this.v.left = 0;
    this.r.count = (this.r.count & ~7) | A.REASON_IN | A.REASON_COMMAND;
    this.complete();
  }

  private fail(sense: M.Sense): void {
    const [key, code, qualifier] = sense;
    Object.assign(this.v, { senseKey: key, senseCode: code, senseQualifier: qualifier, left: 0 });
    this.r.error = key << 4;
    this.r.count = (this.r.count & ~7) | A.REASON_IN | A.REASON_COMMAND;
    this.complete(A.DRDY | A.ERR);
  }

  /** Answers with bytes, of which the guest wants at most `length`. */
  private answer(bytes: Uint8Array, length: number): void {
    this.v.left = 0;
    if (length === 0) return this.succeed();
    this.give(bytes.subarray(0, length));
  }

  /** Hands out data, by PIO or when the bus master comes. */
  private give(bytes: Uint8Array): void {
    const { r, v } = this;
    this.data = bytes as Uint8Array<ArrayBuffer>;
    v.dataAt = 0;
    if (v.byDma === 0) return this.offerPart();
    r.phase = PHASE_DMA;
    r.status = A.DRDY | A.DSC | A.DRQ | A.BSY;
    r.count = A.REASON_IN;
    this.host.requestDma();
  }

  /** The next DRQ block, as large as the byte count that PACKET set allows: an even number unless it is the last. */
  private offerPart(): void {
    const { r, v, data } = this;
    const limit = v.limit === 0xffff || v.limit === 0 ? 0xfffe : v.limit;
    const rest = data.length - v.dataAt;
    const length = rest <= limit ? rest : Math.max(limit & ~1, 2);
    r.count = (r.count & ~7) | A.REASON_IN;
    r.lbaMid = length & 0xff;
    r.lbaHigh = length >> 8;
    r.status = A.DRDY | A.DSC;
    this.offer(data.subarray(v.dataAt, v.dataAt + length), PHASE_DATA);
    this.host.interrupt();
  }

  private packet(packet: Uint8Array): void {
    const { v } = this;
    const view = new DataView(packet.buffer, packet.byteOffset);
    const operation = packet[0];
    if (this.ready && v.changed !== CHANGED_NO && !DESPITE_ATTENTION.includes(operation)) {
      const sense = v.changed === CHANGED_GONE ? M.SENSE.NO_MEDIUM : M.SENSE.MEDIUM_CHANGED;
      v.changed = v.changed === CHANGED_GONE ? CHANGED_NEW : CHANGED_NO;
      return this.fail(sense);
    }
    if (NEEDS_MEDIUM.includes(operation) && !this.ready) {
      v.absent = this.node ? 0 : 1;
      return this.fail(M.SENSE.NO_MEDIUM);
    }
    const sectors = M.sectorsOf(this.node);
    switch (operation) {
      case PACKET.TEST_UNIT_READY:
      case PACKET.SYNCHRONIZE_CACHE:
      case PACKET.SET_CD_SPEED:
        return this.succeed();
      case PACKET.REQUEST_SENSE:
        return this.requestSense(packet[4]);
      case PACKET.INQUIRY:
        // Vital product data: none.
        return packet[1] & 1 ? this.fail(M.SENSE.INVALID_FIELD) : this.answer(M.inquiry(), packet[4]);
      case PACKET.START_STOP:
        return this.startStop(packet[4]);
      case PACKET.PREVENT_REMOVAL:
        v.locked = packet[4] & 1;
        return this.succeed();
      case PACKET.READ_CAPACITY: {
        const bytes = new Uint8Array(8);
        M.put32(bytes, 0, sectors - 1);
        M.put32(bytes, 4, A.CD_SECTOR);
        return this.answer(bytes, 8);
      }
      case PACKET.READ_10:
        return this.read(view.getUint32(2), view.getUint16(7), false);
      case PACKET.READ_12:
        return this.read(view.getUint32(2), view.getUint32(6), false);
      case PACKET.READ_CD:
        return this.readCd(packet, view.getUint32(2));
      case PACKET.SEEK_10:
        return view.getUint32(2) < sectors ? this.succeed() : this.fail(M.SENSE.BLOCK_OUT_OF_RANGE);
      case PACKET.READ_TOC:
        return this.readToc(packet, view.getUint16(7), sectors);
      case PACKET.GET_CONFIGURATION:
        if ((packet[1] & 3) === 3) return this.fail(M.SENSE.INVALID_FIELD);
        return this.answer(
          M.configuration(this.ready ? sectors : 0, packet[1] & 3, view.getUint16(2)),
          view.getUint16(7),
        );
      case PACKET.GET_EVENT_STATUS:
        return this.eventStatus(packet, view.getUint16(7));
      case PACKET.READ_DISC_INFORMATION:
        return packet[1] & 7
          ? this.fail(M.SENSE.INVALID_FIELD)
          : this.answer(M.discInformation(), view.getUint16(7));
      case PACKET.MODE_SENSE_10: {
        // Current values only.
        const kind = packet[2] >> 6;
        if (kind === 3) return this.fail(M.SENSE.SAVING_NOT_SUPPORTED);
        const bytes = kind === 0 ? M.modeSense(packet[2] & 0x3f, this.locked) : null;
        return bytes ? this.answer(bytes, view.getUint16(7)) : this.fail(M.SENSE.INVALID_FIELD);
      }
      case PACKET.MECHANISM_STATUS: {
        const bytes = new Uint8Array(8);
        bytes[5] = 1;
        return this.answer(bytes, view.getUint16(8));
      }
      default:
        this.log.guestError('atapi', `packet 0x${operation.toString(16)} is not there`);
        return this.fail(M.SENSE.ILLEGAL_OPERATION);
    }
  }

  private requestSense(length: number): void {
    const { v } = this;
    const bytes = new Uint8Array(18);
    bytes[0] = 0xf0;
    bytes[2] = v.senseKey;
    bytes[7] = 10;
    bytes[12] = v.senseCode;
    bytes[13] = v.senseQualifier;
    [v.senseKey, v.senseCode, v.senseQualifier] = M.SENSE.NONE;
    this.answer(bytes, length);
  }

  private startStop(action: number): void {
    const { v } = this;
    const start = (action & 1) !== 0;
    const eject = (action & 2) !== 0;
    // Power conditions.
    if (action & 0xf0) return this.succeed();
    if (eject) {
      if (!start && v.trayOpen === 0 && this.locked) {
        return this.fail(this.node ? M.SENSE.REMOVAL_PREVENTED : [0x2, 0x53, 0x02]);
      }
      const open = start ? 0 : 1;
      if (open !== v.trayOpen) {
        v.trayOpen = open;
        if (open === 0 && this.node) v.changed = CHANGED_NEW;
        this.trayChanged(open === 1);
      }
    }
    this.succeed();
  }

  private readToc(packet: Uint8Array, length: number, sectors: number): void {
    const asMsf = (packet[1] & 2) !== 0;
    // SFF-8020i has the format in the last byte.
    const format = packet[2] & 15 || packet[9] >> 6;
    const bytes =
      format === 0
        ? M.toc(sectors, asMsf, packet[6])
        : format === 1
          ? M.sessionInfo(asMsf)
          : format === 2
            ? M.rawToc(sectors)
            : null;
    if (bytes) this.answer(bytes, length);
    else this.fail(M.SENSE.INVALID_FIELD);
  }

  private eventStatus(packet: Uint8Array, length: number): void {
    // Only asked for, not waited for; and only media events are there.
    if (!(packet[1] & 1)) return this.fail(M.SENSE.INVALID_FIELD);
    const media = (packet[4] & 0x10) !== 0;
    const bytes = new Uint8Array(media ? 8 : 4);
    // The length of what follows the header: MMC-6, 6.6.2.
    M.put16(bytes, 0, bytes.length - 4);
    bytes[2] = media ? 0x04 : 0x80;
    bytes[3] = 0x10;
    if (media) {
      bytes[4] = this.v.event;
      bytes[5] = (this.node ? 2 : 0) | this.v.trayOpen;
      this.v.event = EVENT_NONE;
    }
    this.answer(bytes, length);
  }

  // Sectors

  private readCd(packet: Uint8Array, first: number): void {
    const count = packet[6] * 0x10000 + packet[7] * 0x100 + packet[8];
    // User data, or all of the sector; nothing else of it alone.
    const parts = packet[9] & 0xf8;
    if (parts === 0x00) return this.succeed();
    if (parts === 0x10) return this.read(first, count, false);
    if (parts === 0xf8) return this.read(first, count, true);
    this.fail(M.SENSE.INVALID_FIELD);
  }

  private read(first: number, count: number, whole: boolean): void {
    if (count === 0) return this.succeed();
    if (first + count > M.sectorsOf(this.node)) return this.fail(M.SENSE.BLOCK_OUT_OF_RANGE);
    Object.assign(this.v, { position: first, left: count, whole: whole ? 1 : 0 });
    this.fetch();
  }

  private fetch(): void {
    const { r, v } = this;
    const { node } = this;
    if (!node) return this.fail(M.SENSE.NO_MEDIUM);
    const count = Math.min(v.left, FETCH_SECTORS);
    r.phase = PHASE_FETCH;
    r.status = A.DRDY | A.BSY | (v.byDma === 1 ? A.DSC | A.DRQ : 0);
    this.after(node.read(v.position * A.CD_SECTOR, count * A.CD_SECTOR), (result) => {
      if (!result.ok) {
        this.log.warn('cdrom', `a read failed: ${result.error.message}`);
        return this.fail(M.SENSE.MEDIUM_ERROR);
      }
      const bytes = v.whole === 1 ? wholeSectors(result.value, v.position) : result.value.slice();
      v.position += count;
      v.left -= count;
      this.give(bytes);
    });
  }

  /** Sectors that are there at once come back here from within: a loop, since a command may have more of them than the stack has room for. */
  moveDma(window: DmaWindow): void {
    this.more = true;
    if (this.moving) return;
    this.moving = true;
    try {
      while (this.more) {
        this.more = false;
        this.movePart(window);
      }
    } finally {
      this.moving = false;
    }
  }

  private movePart(window: DmaWindow): void {
    const { r, v, data } = this;
    const rest = data.length - v.dataAt;
    const room = window.room(rest);
    if (room === null || !window.put(data.subarray(v.dataAt, v.dataAt + room))) {
      this.log.guestError('atapi', 'DMA outside of memory');
      window.finish('error');
      return this.abort();
    }
    if (room < rest && !window.ended) {
      v.dataAt += room;
      return this.after(this.host.breathe(), () => this.moveDma(window));
    }
    if (room < rest) {
      // Descriptors that end too early: the guest finds the active bit clear, and no interrupt.
      this.log.guestError('atapi', 'the DMA descriptors are shorter than the command');
      this.cancel();
      r.status = A.DRDY | A.DSC;
      return window.finish('stopped');
    }
    v.dataAt = data.length;
    if (v.left > 0) return this.fetch();
    window.finish('done');
    this.succeed();
  }

  override save(prefix: string): Record<string, number | number[]> {
    return { ...super.save(prefix), [`${prefix}.data`]: [...this.data] };
  }

  override restorer(prefix: string, reader: StateReader): () => void {
    const data = Uint8Array.from(reader.bytes(`${prefix}.data`, FETCH_SECTORS * RAW_SECTOR));
    const restore = super.restorer(prefix, reader);
    return () => {
      restore();
      this.data = data;
      this.goOn();
    };
  }

  /** What is waited for is asked for again once the data are there too. */
  protected resume(): void {}

  private goOn(): void {
    if (this.r.phase === PHASE_FETCH) this.fetch();
    else if (this.r.phase === PHASE_DMA) this.host.requestDma();
  }

  protected checkRestored(prefix: string, reader: StateReader, phase: number): void {
    if (phase > PHASE_MAX) throw reader.error(`${prefix}.phase`, 'one of a CD-ROM drive');
  }
}

/** Interrupt reason while the drive asks for a packet. */
const REASON_PACKET = A.REASON_COMMAND;

/** Sectors as they lie on a disc: mode 1, with sync pattern and header, and without error correction, which stays 0. ECMA-130, clause 14. */
function wholeSectors(data: Uint8Array, first: number): Uint8Array<ArrayBuffer> {
  const count = data.length / A.CD_SECTOR;
  const bytes = new Uint8Array(count * RAW_SECTOR);
  const bcd = (value: number): number => Math.floor(value / 10) * 16 + (value % 10);
  for (let i = 0; i < count; i++) {
    const at = i * RAW_SECTOR;
    const frame = first + i + 150;
    bytes.fill(0xff, at + 1, at + 11);
    bytes[at + 12] = bcd(Math.floor(frame / 75 / 60));
    bytes[at + 13] = bcd(Math.floor(frame / 75) % 60);
    bytes[at + 14] = bcd(frame % 75);
    bytes[at + 15] = 1;
    bytes.set(data.subarray(i * A.CD_SECTOR, (i + 1) * A.CD_SECTOR), at + 16);
  }
  return bytes;
}
