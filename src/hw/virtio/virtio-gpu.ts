/**
 * A virtio GPU that shows pictures, without 3D. Specification: VIRTIO 1.2, section 5.7; where it leaves an answer open, QEMU 7.2's. Commands are done in their
 * order, each before its answer, so a fence is passed when its command is answered.
 */
import { type PageRun, SCANOUT_BYTES_MAX, type Scanout, type ScreenCursor } from '../../core/scanout.ts';
import type { Log } from '../../core/log.ts';
import { makeEdid } from '../display/edid.ts';
import type { SavedState, StateReader } from '../device.ts';
import { GpuBacking } from './gpu-backing.ts';
import { type GpuPointer, hideCommand, POINTER_COMMAND_BYTES, pointerAfter } from './gpu-pointer.ts';
import { detachCommand, joined, toWords } from './gpu-saved.ts';
import { type GpuResource, GpuResources, transfer } from './gpu-resource.ts';
import { GpuScanout } from './gpu-scanout.ts';
import * as W from './gpu-wire.ts';
import type { Chain } from './ring.ts';
import { serve } from './serve.ts';
import type { VirtioHost, VirtioType } from './virtio.ts';

const QUEUE_CURSOR = 1;

const F_EDID = 1n << 1n;
const F_RESOURCE_UUID = 1n << 2n;
const F_RESOURCE_BLOB = 1n << 3n;

/** Configuration (5.7.4). */
const CONFIG_EVENTS_READ = 0;
const CONFIG_EVENTS_CLEAR = 4;
const CONFIG_NUM_SCANOUTS = 8;
const CONFIG_BYTES = 16;
const EVENT_DISPLAY = 1;

/** What a display information has room for (5.7.6.8). */
export const SCANOUTS_MAX = 16;
const MODE_BYTES = 24;
const EDID_MAX = 1024;
const UUID_BYTES = 16;
/** QEMU's limits. */
const ENTRIES_MAX = 16384;
const PICTURE_MIN = 16;
/** Pixels of a resource's sides; what QEMU's pixman cannot make, from 32,768 on, it answers with OUT_OF_MEMORY. */
const SIDE_MAX = 16384;
/** What a line counts for beside its bytes, where lines are copied one by one. */
const LINE_COST = 256;
/** The largest picture that the host's screen draws. */
const PICTURE_MAX = 4096;
/** Bytes of each part of a saved state. */
const STATE_MAX = 2 ** 29;

export interface VirtioGpuOptions {
  log: Log;
  /** Size that the monitor likes best, in pixels. */
  preferred: { width: number; height: number };
  /** Scan-outs, 1 to 16. */
  outputs: number;
  /** Bytes of the host's memory for all resources. */
  hostMemory: number;
  edid: boolean;
  blob: boolean;
  /** Fills with random bytes. */
  random(bytes: Uint8Array): void;
  /** There is something new to draw. */
  changed(): void;
}

interface Output {
  readonly scanout: GpuScanout;
  /** Size that the host wishes; null: nobody looks at it. */
  wish: { width: number; height: number } | null;
  cursor: GpuPointer | null;
}

/** Answer of a command: its type, and what follows its header. */
interface Answer {
  type: number;
  data?: Uint8Array;
}

const DONE: Answer = { type: W.GPU_OK.NODATA };

/** A command that is refused. */
class Refusal extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** Where a command comes from: a chain, or a saved state. */
interface CommandSource {
  outBytes: number;
  read(from: number, length: number): Uint8Array<ArrayBuffer>;
}

type Command = (body: DataView, source: CommandSource) => Answer;

export class VirtioGpu implements VirtioType {
  readonly name = 'virtio-gpu';
  readonly id = 16;
  readonly pciClass = 0x038000;
  readonly features: bigint;
  readonly queues = [64, 16];
  readonly configBytes = CONFIG_BYTES;
  outputs: readonly Output[];
  private readonly options: VirtioGpuOptions;
  private resources: GpuResources;
  private events = 0;
  private shown = false;
  /** Bytes that the command of the moment has copied. */
  private copied = 0;
  private host!: VirtioHost;

  constructor(options: VirtioGpuOptions) {
    this.options = options;
    this.features = F_RESOURCE_UUID | (options.edid ? F_EDID : 0n) | (options.blob ? F_RESOURCE_BLOB : 0n);
    this.resources = new GpuResources(options.hostMemory);
    this.outputs = Array.from({ length: options.outputs }, (_, i) => ({
      scanout: new GpuScanout(options.preferred),
      wish: i === 0 ? options.preferred : null,
      cursor: null,
    }));
  }

  connect(host: VirtioHost): void {
    this.host = host;
  }

  // The host's side.

  scanout(output: number): Scanout {
    return this.outputs[output].scanout.scanout;
  }

  takeDamage(output: number): PageRun[] {
    return this.outputs[output].scanout.take();
  }

  cursor(output: number): ScreenCursor | null {
    const { cursor, scanout } = this.outputs[output];
    return scanout.picture && cursor?.visible ? cursor : null;
  }

  /** A driver has shown something since the last reset. */
  get enabled(): boolean {
    return this.shown;
  }

  /** The host's wish for a size, in pixels: the driver is told, and may follow. */
  resize(output: number, width: number, height: number): void {
    const { wish } = this.outputs[output];
    if (wish?.width === width && wish.height === height) return;
    this.outputs[output].wish = { width, height };
    this.events |= EVENT_DISPLAY;
    this.host.configChanged();
  }

  // The driver's.

  readConfig(offset: number): number {
    const byte = (value: number, at: number): number => (value >>> (8 * (offset - at))) & 0xff;
    if (offset < CONFIG_EVENTS_CLEAR) return byte(this.events, CONFIG_EVENTS_READ);
    const counts = offset >= CONFIG_NUM_SCANOUTS && offset < CONFIG_NUM_SCANOUTS + 4;
    return counts ? byte(this.outputs.length, CONFIG_NUM_SCANOUTS) : 0;
  }

  writeConfig(offset: number, size: number, value: number): void {
    if (offset === CONFIG_EVENTS_CLEAR && size === 4) this.events &= ~value;
  }

  notify(queue: number): void {
    serve(this.host, queue, (chain, charge) => {
      if (queue === QUEUE_CURSOR) {
        this.pointer(chain);
        return 0;
      }
      this.copied = 0;
      const written = this.answer(chain);
      charge(this.copied);
      return written;
    });
  }

  private answer(chain: Chain): number {
    const command = new DataView(chain.read(0, Math.min(chain.outBytes, W.HEADER_BYTES)).buffer);
    const isCommand = command.byteLength === W.HEADER_BYTES;
    const answer = isCommand ? this.execute(chain) : { type: W.GPU_ERROR.UNSPEC };
    const bytes = new Uint8Array(W.HEADER_BYTES + (answer.data?.length ?? 0));
    const view = new DataView(bytes.buffer);
    view.setUint32(0, answer.type, true);
    if (isCommand && command.getUint32(4, true) & W.FLAG_FENCE) {
      // Flags, fence and context, as they came (5.7.6.7).
      view.setUint32(4, W.FLAG_FENCE, true);
      view.setBigUint64(8, command.getBigUint64(8, true), true);
      view.setUint32(16, command.getUint32(16, true), true);
    }
    if (answer.data) bytes.set(answer.data, W.HEADER_BYTES);
    const length = Math.min(bytes.length, chain.inBytes);
    chain.write(0, bytes.subarray(0, length));
    return length;
  }

  private execute(source: CommandSource): Answer {
    const command = new DataView(source.read(0, Math.min(source.outBytes, W.COMMAND_MAX)).buffer);
    const type = command.getUint32(0, true);
    try {
      const known = this.commands.get(type);
      if (!known) throw new Refusal(W.GPU_ERROR.UNSPEC, 'there is no such command');
      const [bytes, run] = known;
      if (command.byteLength < W.HEADER_BYTES + bytes)
        throw new Refusal(W.GPU_ERROR.UNSPEC, 'the command is too short');
      return run(new DataView(command.buffer, W.HEADER_BYTES), source);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.options.log.guestError(this.name, `command 0x${type.toString(16)}: ${error.message}`);
      return { type: error.code };
    }
  }

  /** By number: bytes behind the header, and what it does. */
  private readonly commands: ReadonlyMap<number, readonly [number, Command]> = new Map([
    [W.GPU_CMD.GET_DISPLAY_INFO, [0, () => this.displayInfo()]],
    [W.GPU_CMD.GET_EDID, [8, (body) => this.getEdid(body)]],
    [W.GPU_CMD.RESOURCE_CREATE_2D, [16, (body, source) => this.create2d(body, source)]],
    [W.GPU_CMD.RESOURCE_UNREF, [8, (body) => this.unref(body)]],
    [W.GPU_CMD.RESOURCE_ATTACH_BACKING, [8, (body, source) => this.attachBacking(body, source)]],
    [W.GPU_CMD.RESOURCE_DETACH_BACKING, [8, (body) => this.detachBacking(body)]],
    [W.GPU_CMD.RESOURCE_ASSIGN_UUID, [8, (body) => this.assignUuid(body)]],
    [W.GPU_CMD.RESOURCE_CREATE_BLOB, [32, (body, source) => this.createBlob(body, source)]],
    [W.GPU_CMD.TRANSFER_TO_HOST_2D, [32, (body) => this.transferToHost(body)]],
    [W.GPU_CMD.RESOURCE_FLUSH, [24, (body) => this.flush(body)]],
    [W.GPU_CMD.SET_SCANOUT, [24, (body, source) => this.setScanout(body, source)]],
    [W.GPU_CMD.SET_SCANOUT_BLOB, [72, (body, source) => this.setScanoutBlob(body, source)]],
  ] as const);

  private displayInfo(): Answer {
    const data = new Uint8Array(SCANOUTS_MAX * MODE_BYTES);
    const view = new DataView(data.buffer);
    this.outputs.forEach(({ wish }, i) => {
      if (!wish) return;
      const at = i * MODE_BYTES;
      view.setUint32(at + 8, wish.width, true);
      view.setUint32(at + 12, wish.height, true);
      view.setUint32(at + 16, 1, true);
    });
    return { type: W.GPU_OK.DISPLAY_INFO, data };
  }

  private getEdid(body: DataView): Answer {
    if (!this.options.edid) throw new Refusal(W.GPU_ERROR.UNSPEC, 'there is no EDID');
    const output = this.outputs[body.getUint32(0, true)];
    if (!output) throw new Refusal(W.GPU_ERROR.INVALID_PARAMETER, 'there is no such scan-out');
    const edid = makeEdid(output.wish ?? this.options.preferred);
    const data = new Uint8Array(8 + EDID_MAX);
    new DataView(data.buffer).setUint32(0, edid.length, true);
    data.set(edid, 8);
    return { type: W.GPU_OK.EDID, data };
  }

  private create2d(body: DataView, source: CommandSource): Answer {
    const [id, format, width, height] = [0, 4, 8, 12].map((at) => body.getUint32(at, true));
    this.checkNew(id);
    if (!W.GPU_FORMATS.has(format) || width === 0 || height === 0)
      throw new Refusal(
        W.GPU_ERROR.INVALID_PARAMETER,
        `no picture of ${width} by ${height}, format ${format}`,
      );
    if (Math.max(width, height) > SIDE_MAX)
      throw new Refusal(W.GPU_ERROR.OUT_OF_MEMORY, `a picture of ${width} by ${height}`);
    if (!this.resources.create2d(id, format, width, height, whole(source, 16)))
      throw new Refusal(W.GPU_ERROR.OUT_OF_MEMORY, `a picture of ${width} by ${height}`);
    return DONE;
  }

  private createBlob(body: DataView, source: CommandSource): Answer {
    if (!this.options.blob) throw new Refusal(W.GPU_ERROR.UNSPEC, 'there are no blobs');
    const [id, kind, , count] = [0, 4, 8, 12].map((at) => body.getUint32(at, true));
    const size = Number(body.getBigUint64(24, true));
    this.checkNew(id);
    if (kind !== W.BLOB_MEM_GUEST)
      throw new Refusal(W.GPU_ERROR.INVALID_PARAMETER, 'a blob of other memory than the guest’s');
    const backing = this.readBacking(source, 32, count);
    const command = whole(source, 32 + count * W.ENTRY_BYTES);
    const resource = this.resources.createBlob(id, size, command);
    if (resource && this.resources.attach(resource, backing, command)) return DONE;
    if (resource) this.resources.delete(resource);
    throw new Refusal(W.GPU_ERROR.OUT_OF_MEMORY, 'no memory for a blob');
  }

  private checkNew(id: number): void {
    if (id === 0 || this.resources.get(id))
      throw new Refusal(W.GPU_ERROR.INVALID_RESOURCE_ID, `resource ${id} cannot be created`);
  }

  private resource(id: number): GpuResource {
    const resource = this.resources.get(id);
    if (!resource) throw new Refusal(W.GPU_ERROR.INVALID_RESOURCE_ID, `there is no resource ${id}`);
    return resource;
  }

  /** The backing of a resource that must have one. */
  private backing(resource: GpuResource): GpuBacking {
    if (!resource.backing) throw new Refusal(W.GPU_ERROR.UNSPEC, `resource ${resource.id} has no backing`);
    return resource.backing;
  }

  private unref(body: DataView): Answer {
    const resource = this.resource(body.getUint32(0, true));
    this.hide(resource);
    this.resources.delete(resource);
    return DONE;
  }

  /** Turns off the scan-outs that show a resource. */
  private hide(resource: GpuResource): void {
    for (const { scanout } of this.outputs)
      if (scanout.picture?.resource === resource.id) this.turnOff(scanout);
  }

  private turnOff(scanout: GpuScanout): void {
    scanout.off();
    this.options.changed();
  }

  private attachBacking(body: DataView, source: CommandSource): Answer {
    const resource = this.resource(body.getUint32(0, true));
    if (resource.backing) throw new Refusal(W.GPU_ERROR.UNSPEC, `resource ${resource.id} has a backing`);
    const count = body.getUint32(4, true);
    const backing = this.readBacking(source, 8, count);
    if (!this.resources.attach(resource, backing, whole(source, 8 + count * W.ENTRY_BYTES)))
      throw new Refusal(W.GPU_ERROR.OUT_OF_MEMORY, 'no memory for a backing');
    return DONE;
  }

  /** @param at where the entries are, behind the header */
  private readBacking(source: CommandSource, at: number, count: number): GpuBacking {
    const start = W.HEADER_BYTES + at;
    if (count > ENTRIES_MAX || start + count * W.ENTRY_BYTES > source.outBytes)
      throw new Refusal(W.GPU_ERROR.UNSPEC, `a backing of ${count} entries that are not there`);
    const view = new DataView(source.read(start, count * W.ENTRY_BYTES).buffer);
    const entries = Array.from({ length: count }, (_, i) => {
      const entry = i * W.ENTRY_BYTES;
      return [Number(view.getBigUint64(entry, true)), view.getUint32(entry + 8, true)] as const;
    });
    const backing = GpuBacking.open(this.host.memory, entries);
    if (!backing) throw new Refusal(W.GPU_ERROR.UNSPEC, 'a backing outside of RAM');
    return backing;
  }

  private detachBacking(body: DataView): Answer {
    const resource = this.resource(body.getUint32(0, true));
    this.backing(resource);
    if (resource.content.kind === 'blob') this.hide(resource);
    this.resources.detach(resource);
    return DONE;
  }

  private assignUuid(body: DataView): Answer {
    const resource = this.resource(body.getUint32(0, true));
    if (!resource.uuid) {
      resource.uuid = new Uint8Array(UUID_BYTES);
      this.options.random(resource.uuid);
    }
    return { type: W.GPU_OK.RESOURCE_UUID, data: resource.uuid };
  }

  private transferToHost(body: DataView): Answer {
    const rect = W.readRect(body, 0);
    const offset = Number(body.getBigUint64(16, true));
    const resource = this.resource(body.getUint32(24, true));
    const backing = this.backing(resource);
    const { content } = resource;
    // The host has no copy of a blob.
    if (content.kind === 'blob') return DONE;
    if (!W.liesWithin(rect, content.width, content.height))
      throw new Refusal(W.GPU_ERROR.INVALID_PARAMETER, `a transfer beyond resource ${resource.id}`);
    this.copied = rect.height * (rect.width * W.PIXEL_BYTES + LINE_COST);
    transfer(content, backing, rect, offset);
    return DONE;
  }

  private flush(body: DataView): Answer {
    const rect = W.readRect(body, 0);
    const resource = this.resource(body.getUint32(16, true));
    const { content } = resource;
    if (content.kind === '2d' && !W.liesWithin(rect, content.width, content.height))
      throw new Refusal(W.GPU_ERROR.INVALID_PARAMETER, `a flush beyond resource ${resource.id}`);
    for (const { scanout } of this.outputs) {
      if (scanout.picture?.resource === resource.id && scanout.damage(rect)) this.options.changed();
    }
    return DONE;
  }

  private output(body: DataView): GpuScanout {
    const output = this.outputs[body.getUint32(16, true)];
    if (!output) throw new Refusal(W.GPU_ERROR.INVALID_SCANOUT_ID, 'there is no such scan-out');
    return output.scanout;
  }

  private setScanout(body: DataView, source: CommandSource): Answer {
    const scanout = this.output(body);
    const id = body.getUint32(20, true);
    if (id === 0) {
      this.turnOff(scanout);
      return DONE;
    }
    const resource = this.resource(id);
    const { content } = resource;
    this.backing(resource);
    if (content.kind === 'blob')
      throw new Refusal(W.GPU_ERROR.INVALID_PARAMETER, 'a blob has no format to be shown in');
    const rect = this.pictureRect(body, content.width, content.height);
    const { stride, pixels: format } = content;
    const size = rect.height * stride;
    if (size > SCANOUT_BYTES_MAX)
      throw new Refusal(W.GPU_ERROR.INVALID_PARAMETER, `a picture with lines ${stride} bytes apart`);
    // The lines that are seen, however many the resource has.
    const from = rect.y * stride;
    const memory = { linear: 0, size, own: content.memory.own.subarray(from, from + size) };
    const start = rect.x * W.PIXEL_BYTES;
    scanout.show({ resource: id, rect, memory, start, stride, format, command: whole(source, 24) });
    this.shown = true;
    this.options.changed();
    return DONE;
  }

  /** What is to be shown of a picture of this size. */
  private pictureRect(body: DataView, width: number, height: number): W.GpuRect {
    const rect = W.readRect(body, 0);
    const sizes = [rect.width, rect.height];
    if (
      Math.min(...sizes) < PICTURE_MIN ||
      Math.max(...sizes) > PICTURE_MAX ||
      !W.liesWithin(rect, width, height)
    )
      throw new Refusal(W.GPU_ERROR.INVALID_PARAMETER, `${sizes.join(' by ')} pixels cannot be shown`);
    return rect;
  }

  private setScanoutBlob(body: DataView, source: CommandSource): Answer {
    if (!this.options.blob) throw new Refusal(W.GPU_ERROR.UNSPEC, 'there are no blobs');
    const scanout = this.output(body);
    const [id, width, height, code] = [20, 24, 28, 32].map((at) => body.getUint32(at, true));
    // Formats with one plane: the first stride and offset count.
    const [stride, offset] = [body.getUint32(40, true), body.getUint32(56, true)];
    if (id === 0) {
      this.turnOff(scanout);
      return DONE;
    }
    const resource = this.resource(id);
    const backing = this.backing(resource);
    const format = W.GPU_FORMATS.get(code);
    if (resource.content.kind !== 'blob' || !format)
      throw new Refusal(W.GPU_ERROR.INVALID_PARAMETER, `resource ${id} is no blob, or has no format ${code}`);
    const rect = this.pictureRect(body, width, height);
    const first = offset + rect.y * stride + rect.x * W.PIXEL_BYTES;
    const size = (rect.height - 1) * stride + rect.width * W.PIXEL_BYTES;
    const end = Math.min(resource.content.size, backing.bytes);
    if (stride % 4 !== 0 || offset % 4 !== 0 || stride < width * W.PIXEL_BYTES || first + size > end)
      throw new Refusal(W.GPU_ERROR.INVALID_PARAMETER, 'a picture beyond its blob');
    // A backing may name the same memory again and again, so it says nothing.
    if (size > SCANOUT_BYTES_MAX)
      throw new Refusal(W.GPU_ERROR.INVALID_PARAMETER, `a picture with lines ${stride} bytes apart`);
    const pieces = backing.range(first, size);
    // Pixels are drawn by whole words of memory.
    if (pieces.some(({ length }) => length % 4 !== 0))
      throw new Refusal(W.GPU_ERROR.INVALID_PARAMETER, 'a picture with pixels in two pieces');
    const memory = pieces.length === 1 ? { linear: pieces[0].linear, size } : { linear: 0, size, pieces };
    scanout.show({ resource: id, rect, memory, start: 0, stride, format, command: whole(source, 72) });
    this.shown = true;
    this.options.changed();
    return DONE;
  }

  /** UPDATE_CURSOR and MOVE_CURSOR, which have no answer. */
  private pointer(source: CommandSource): void {
    if (source.outBytes < POINTER_COMMAND_BYTES) return;
    const command = source.read(0, POINTER_COMMAND_BYTES);
    const view = new DataView(command.buffer);
    const type = view.getUint32(0, true);
    const output = this.outputs[view.getUint32(W.HEADER_BYTES, true)];
    if (!output || (type !== W.GPU_CMD.UPDATE_CURSOR && type !== W.GPU_CMD.MOVE_CURSOR)) return;
    output.cursor = pointerAfter(output.cursor, command, (id) => this.resources.get(id));
    this.options.changed();
  }

  /** The host's wishes survive: they are not the driver's. */
  reset(): void {
    this.resources.clear();
    this.events = 0;
    this.shown = false;
    for (const output of this.outputs) {
      output.cursor = null;
      if (output.scanout.picture) this.turnOff(output.scanout);
    }
  }

  /** As the commands that make it so, the pictures of the resources, and their UUIDs. */
  save(): SavedState {
    const commands: Uint8Array[] = [];
    const pixels: Uint8Array[] = [];
    const uuids: Uint8Array[] = [];
    const push = (command: Uint8Array): void => void commands.push(toWords(command.length), command);
    for (const resource of this.resources) {
      const { id, content, created, attached, uuid } = resource;
      push(created);
      if (content.kind === 'blob' && attached !== created) push(detachCommand(id));
      if (attached && attached !== created) push(attached);
      if (content.kind === '2d') pixels.push(content.memory.own);
      uuids.push(uuid ?? new Uint8Array(UUID_BYTES));
    }
    for (const { scanout, cursor } of this.outputs) {
      if (scanout.picture) push(scanout.picture.command);
      if (!cursor) continue;
      push(cursor.command);
      if (!cursor.visible) push(hideCommand(cursor.command));
    }
    const wishes = this.outputs.flatMap(({ wish }) => [wish?.width ?? 0, wish?.height ?? 0]);
    const { events, shown } = this;
    return {
      events,
      shown,
      wishes,
      commands: joined(commands),
      pixels: joined(pixels),
      uuids: joined(uuids),
    };
  }

  /** Runs the commands on another device, whose state is taken over if none is refused. */
  restorer(reader: StateReader): () => void {
    const events = reader.uint('events', 32);
    const shown = reader.bool('shown');
    const wishes = reader.uints('wishes', 32, 2 * this.outputs.length);
    if (wishes.length !== 2 * this.outputs.length) throw reader.error('wishes', 'a size for each scan-out');
    const bytes = Uint8Array.from(reader.bytes('commands', STATE_MAX));
    const pixels = Uint8Array.from(reader.bytes('pixels', STATE_MAX));
    const uuids = Uint8Array.from(reader.bytes('uuids', STATE_MAX));
    const other = new VirtioGpu(this.options);
    other.host = this.host;
    const view = new DataView(bytes.buffer);
    for (let at = 0; at < bytes.length; ) {
      const length = at + 4 <= bytes.length ? view.getUint32(at, true) : 0;
      const command = bytes.slice(at + 4, at + 4 + length);
      if (length < W.HEADER_BYTES || command.length !== length || !other.replay(command))
        throw reader.error('commands', 'commands that can be done');
      at += 4 + length;
    }
    let [pixel, uuid] = [0, 0];
    for (const resource of other.resources) {
      if (resource.content.kind === '2d') {
        const { own } = resource.content.memory;
        if (pixel + own.length > pixels.length) throw reader.error('pixels', 'a picture for each resource');
        own.set(pixels.subarray(pixel, pixel + own.length));
        pixel += own.length;
      }
      const id = uuids.slice(uuid, (uuid += UUID_BYTES));
      if (id.some((byte) => byte !== 0)) resource.uuid = id;
    }
    other.outputs.forEach((output, i) => {
      const [width, height] = wishes.slice(2 * i);
      output.wish = width > 0 && height > 0 ? { width, height } : null;
      // Pointers came before their pictures.
      const { cursor } = output;
      if (!cursor) return;
      other.pointer(sourceOf(cursor.command));
      if (!cursor.visible) other.pointer(sourceOf(hideCommand(cursor.command)));
    });
    return () => {
      this.events = events;
      this.shown = shown;
      this.resources = other.resources;
      this.outputs = other.outputs;
      this.options.changed();
    };
  }

  /** @returns false if the command is refused */
  private replay(command: Uint8Array<ArrayBuffer>): boolean {
    const source = sourceOf(command);
    if (new DataView(command.buffer).getUint32(0, true) >= W.GPU_CMD.UPDATE_CURSOR) {
      this.pointer(source);
      return true;
    }
    return this.execute(source).type < W.GPU_ERROR.UNSPEC;
  }
}

const sourceOf = (command: Uint8Array): CommandSource => ({
  outBytes: command.length,
  read: (from, length) => Uint8Array.from(command.subarray(from, from + length)),
});

/** A command's own bytes. @param bytes behind its header */
const whole = (source: CommandSource, bytes: number): Uint8Array => source.read(0, W.HEADER_BYTES + bytes);
