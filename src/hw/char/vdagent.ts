/**
 * The host's end of the SPICE agent's protocol: its clipboard, as of QEMU's `-chardev qemu-vdagent,clipboard=on`. The guest's end is spice-vdagent,
 * on the virtio-serial port `com.redhat.spice.0`. Specification: spice-protocol 0.14.4, spice/vd_agent.h ("Agent Protocol").
 *
 * Whoever copied last owns the clipboard and says so (GRAB), with the types that can be had; the text itself is sent when the other side asks (REQUEST).
 */
import type { Log } from '../../core/log.ts';

/** VDIChunkHeader: port, size. Chunks for the guest have at most VD_AGENT_MAX_DATA_SIZE bytes; the guest's are as large as its messages. */
const CHUNK_HEADER = 8;
const CHUNK_DATA = 2048;
const CLIENT_PORT = 1;
/** VDAgentMessage: protocol, type, opaque (8), size. */
const MESSAGE_HEADER = 20;
const PROTOCOL = 1;

const CLIPBOARD = 4;
const ANNOUNCE_CAPABILITIES = 6;
const CLIPBOARD_GRAB = 7;
const CLIPBOARD_REQUEST = 8;
const MAX_CLIPBOARD = 14;

/** Bits of capabilities. */
const CAP_CLIPBOARD_BY_DEMAND = 5;
const CAP_CLIPBOARD_SELECTION = 6;
const CAP_GUEST_LINEEND_CRLF = 9;
const CAP_MAX_CLIPBOARD = 10;
const CAP_NO_RELEASE_ON_REGRAB = 16;
const OWN_CAPABILITIES =
  (1 << CAP_CLIPBOARD_BY_DEMAND) |
  (1 << CAP_CLIPBOARD_SELECTION) |
  (1 << CAP_MAX_CLIPBOARD) |
  (1 << CAP_NO_RELEASE_ON_REGRAB);

const TYPE_NONE = 0;
const TYPE_UTF8_TEXT = 1;
/** The clipboard proper, of X's three selections. */
const SELECTION_CLIPBOARD = 0;

/** Bytes of a text, in both directions. */
export const CLIPBOARD_MAX = 16 << 20;
/** The largest message: a text, its selection and its type. */
const MESSAGE_MAX = CLIPBOARD_MAX + 8;
/** A guest that does not read is told nothing more from here on. */
const UNREAD_MAX = 2 * CLIPBOARD_MAX;

export interface VdAgentHost {
  /** Queues bytes for the guest. */
  send(bytes: Uint8Array): void;
  /** Bytes that the guest has not read. */
  unread(): number;
  /** The guest has copied a text. */
  copied(text: string): void;
  log: Log;
}

export class VdAgent {
  private readonly host: VdAgentHost;
  /** The guest's capabilities; null: there is no agent. */
  private capabilities: number | null = null;
  /** The host's text, while the host owns the clipboard. */
  private text: string | null = null;
  /** The guest owns the clipboard, and there is a text on it. */
  private guestHasText = false;
  /** Answers that are still to come. What comes unasked is none that anybody copied. */
  private awaited = 0;
  /** Bytes of the chunk at hand that are still to come, and whether they are ours. */
  private chunkLeft = 0;
  private chunkOurs = false;
  private readonly chunkHeader = new Collector(CHUNK_HEADER);
  private readonly header = new Collector(MESSAGE_HEADER);
  private body: Collector | null = null;
  /** The guest said what is no message: the rest, until it opens the port again, is not looked at. */
  private broken = false;

  constructor(host: VdAgentHost) {
    this.host = host;
  }

  /** The guest's agent is there and shares its clipboard. */
  get ready(): boolean {
    return this.capabilities !== null && hasBit(this.capabilities, CAP_CLIPBOARD_BY_DEMAND);
  }

  /** The guest has opened the port, or closed it. */
  opened(open: boolean): void {
    this.capabilities = null;
    this.guestHasText = false;
    this.awaited = 0;
    this.broken = false;
    this.chunkLeft = 0;
    this.body = null;
    this.chunkHeader.clear();
    this.header.clear();
    if (open) this.announce(true);
  }

  /** From now on the clipboard holds this text. Kept for an agent that is still to come. */
  offer(text: string): void {
    this.text = text;
    this.guestHasText = false;
    if (this.ready) this.grab();
  }

  /** Bytes from the guest, cut anywhere. */
  receive(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length && !this.broken; ) {
      if (this.chunkLeft === 0) {
        at += this.chunkHeader.take(bytes, at);
        if (!this.chunkHeader.full) return;
        const view = this.chunkHeader.view();
        this.chunkOurs = view.getUint32(0, true) === CLIENT_PORT;
        this.chunkLeft = view.getUint32(4, true);
        this.chunkHeader.clear();
        if (this.chunkLeft > MESSAGE_HEADER + MESSAGE_MAX) this.fail(`a chunk of ${this.chunkLeft} bytes`);
        continue;
      }
      const end = Math.min(bytes.length, at + this.chunkLeft);
      this.chunkLeft -= end - at;
      if (this.chunkOurs) this.collect(bytes.subarray(at, end));
      at = end;
    }
  }

  private collect(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length && !this.broken; ) {
      if (!this.body) {
        at += this.header.take(bytes, at);
        if (!this.header.full) return;
        const view = this.header.view();
        const [protocol, size] = [view.getUint32(0, true), view.getUint32(16, true)];
        if (protocol !== PROTOCOL) return this.fail(`protocol ${protocol}`);
        if (size > MESSAGE_MAX) return this.fail(`a message of ${size} bytes`);
        this.body = new Collector(size);
      }
      at += this.body.take(bytes, at);
      if (!this.body.full) return;
      const [type, body] = [this.header.view().getUint32(4, true), this.body];
      this.body = null;
      this.header.clear();
      this.handle(type, body);
    }
  }

  private handle(type: number, body: Collector): void {
    if (type === ANNOUNCE_CAPABILITIES && body.size >= 8) {
      const wasReady = this.ready;
      this.capabilities = body.view().getUint32(4, true);
      if (body.view().getUint32(0, true) !== 0) this.announce(false);
      if (this.text !== null && this.ready && !wasReady) this.grab();
      return;
    }
    if (!this.ready || ![CLIPBOARD, CLIPBOARD_GRAB, CLIPBOARD_REQUEST].includes(type)) return;
    const selective = hasBit(this.capabilities!, CAP_CLIPBOARD_SELECTION);
    const start = selective ? 4 : 0;
    if (body.size < start) return this.fail(`a message of type ${type} without its selection`);
    const selection = selective ? body.view().getUint8(0) : SELECTION_CLIPBOARD;
    const words = (body.size - start) >> 2;
    const word = (index: number): number => body.view().getUint32(start + 4 * index, true);
    if (type === CLIPBOARD_GRAB) {
      if (selection !== SELECTION_CLIPBOARD) return;
      this.text = null;
      const types = Array.from({ length: Math.min(words, 256) }, (_, index) => word(index));
      this.guestHasText = types.includes(TYPE_UTF8_TEXT);
      if (!this.guestHasText) return;
      this.awaited++;
      this.send(CLIPBOARD_REQUEST, this.selected(wordOf(TYPE_UTF8_TEXT)));
    } else if (words === 0) {
      this.fail(`a message of type ${type} and ${body.size} bytes`);
    } else if (type === CLIPBOARD_REQUEST) {
      this.answer(selection, word(0));
    } else if (selection === SELECTION_CLIPBOARD && this.awaited > 0) {
      this.awaited--;
      if (this.guestHasText && word(0) === TYPE_UTF8_TEXT)
        this.host.copied(fromGuest(body.bytes.subarray(start + 4)));
    }
  }

  /** What the guest asks for is sent; type NONE says that it cannot be had. */
  private answer(selection: number, type: number): void {
    if (this.unheard()) return;
    const wanted = selection === SELECTION_CLIPBOARD && type === TYPE_UTF8_TEXT;
    const data = wanted && this.text !== null ? this.toGuest(this.text) : null;
    const fits = data !== null && data.length <= CLIPBOARD_MAX;
    const body = new Uint8Array(4 + (fits ? data.length : 0));
    body.set(wordOf(fits ? TYPE_UTF8_TEXT : TYPE_NONE));
    if (fits) body.set(data, 4);
    this.send(CLIPBOARD, this.selected(body, selection));
  }

  private toGuest(text: string): Uint8Array {
    const crlf = hasBit(this.capabilities!, CAP_GUEST_LINEEND_CRLF);
    return new TextEncoder().encode(text.replace(/\r?\n/g, crlf ? '\r\n' : '\n'));
  }

  private grab(): void {
    this.send(CLIPBOARD_GRAB, this.selected(wordOf(TYPE_UTF8_TEXT)));
  }

  private announce(request: boolean): void {
    const body = new Uint8Array(8);
    body.set(wordOf(Number(request)));
    body.set(wordOf(OWN_CAPABILITIES), 4);
    this.send(ANNOUNCE_CAPABILITIES, body);
    if (request) return;
    if (hasBit(this.capabilities!, CAP_MAX_CLIPBOARD)) this.send(MAX_CLIPBOARD, wordOf(CLIPBOARD_MAX));
  }

  /** Puts the selection before a message, for guests that tell them apart. */
  private selected(body: Uint8Array, selection = SELECTION_CLIPBOARD): Uint8Array {
    if (!hasBit(this.capabilities!, CAP_CLIPBOARD_SELECTION)) return body;
    const all = new Uint8Array(4 + body.length);
    all[0] = selection;
    all.set(body, 4);
    return all;
  }

  /** The guest has so much to read that there is no telling it more. */
  private unheard(): boolean {
    if (this.host.unread() <= UNREAD_MAX) return false;
    this.host.log.guestError('vdagent', 'the guest does not read what its agent is told');
    return true;
  }

  private send(type: number, body: Uint8Array): void {
    if (this.unheard()) return;
    const message = new Uint8Array(MESSAGE_HEADER + body.length);
    const view = new DataView(message.buffer);
    view.setUint32(0, PROTOCOL, true);
    view.setUint32(4, type, true);
    view.setUint32(16, body.length, true);
    message.set(body, MESSAGE_HEADER);
    const chunks = Math.ceil(message.length / CHUNK_DATA);
    const all = new Uint8Array(message.length + chunks * CHUNK_HEADER);
    for (let chunk = 0; chunk < chunks; chunk++) {
      const part = message.subarray(chunk * CHUNK_DATA, (chunk + 1) * CHUNK_DATA);
      const at = chunk * (CHUNK_DATA + CHUNK_HEADER);
      all.set(wordOf(CLIENT_PORT), at);
      all.set(wordOf(part.length), at + 4);
      all.set(part, at + CHUNK_HEADER);
    }
    this.host.send(all);
  }

  private fail(what: string): void {
    this.broken = true;
    this.capabilities = null;
    this.host.log.guestError('vdagent', what);
  }
}

/** Bytes that are collected until there are as many as are wanted. Room is taken as they come: a header that promises much costs nothing. */
class Collector {
  readonly size: number;
  bytes: Uint8Array;
  private filled = 0;

  constructor(size: number) {
    this.size = size;
    this.bytes = new Uint8Array(Math.min(size, CHUNK_DATA));
  }

  get full(): boolean {
    return this.filled === this.size;
  }

  /** @returns how many it took */
  take(from: Uint8Array, at: number): number {
    const count = Math.min(from.length - at, this.size - this.filled);
    if (this.filled + count > this.bytes.length) {
      const larger = new Uint8Array(Math.min(this.size, 2 * (this.filled + count)));
      larger.set(this.bytes);
      this.bytes = larger;
    }
    this.bytes.set(from.subarray(at, at + count), this.filled);
    this.filled += count;
    return count;
  }

  clear(): void {
    this.filled = 0;
  }

  view(): DataView {
    return new DataView(this.bytes.buffer);
  }
}

function hasBit(word: number, bit: number): boolean {
  return ((word >>> bit) & 1) !== 0;
}

function wordOf(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

/** A guest's text: some end it with NUL, and Windows has its own ends of lines. */
function fromGuest(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes).replace(/\0+$/, '').replaceAll('\r\n', '\n');
}
