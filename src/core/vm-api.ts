/**
 * The public contract of a virtual machine: what the element, the page, the command line and the Playwright fixture
 * see. The same configuration object is behind all four. Nothing here depends on a board or on the DOM.
 */

import type { KeyboardLayout } from './keyboard-layouts.ts';
import type { ScreenConsoles, VmScreen } from './scanout.ts';
import type { VmSpeaker } from './speaker.ts';

/** Where an image comes from: a URL (string), bytes, or a file the user picked. */
export type ImageSource = string | Uint8Array | Blob;

/** Which tier of the accelerator runs guest code: see docs/architecture.md. */
export type Tier = 'auto' | 'interp' | 'jit' | 'check';

/** A file that the guest finds in fw_cfg; names of one's own begin with `opt/`. */
export interface FwCfgEntry {
  name: string;
  /** Its content as text, or */
  string?: string;
  /** as a file. */
  file?: ImageSource;
}

/** One machine's configuration, spelled after QEMU's options. */
export interface VmConfig {
  /** Guest architecture: the program's name in QEMU (`qemu-system-riscv64`). */
  arch: string;
  /** `-M`: board and version. Default: the architecture's default board (`virt`). */
  machine?: string;
  /** `-m`: RAM in MiB. Default 128, as in QEMU. */
  memory?: number;
  /** `-cpu`: model of the processor. Default: the architecture's first (`rv64`, `qemu32`, `qemu64`). */
  cpu?: string;
  /** `-smp`: number of vCPUs. Only 1 today. */
  smp?: number;
  /** `-bios`: firmware; `'none'` for no firmware; `'default'` or absent: the board's own default. */
  bios?: ImageSource;
  /** `-kernel` */
  kernel?: ImageSource;
  /** `-initrd` */
  initrd?: ImageSource;
  /** `-hda` to `-hdd`: disks at the four places of the IDE controller. */
  hda?: ImageSource;
  hdb?: ImageSource;
  hdc?: ImageSource;
  hdd?: ImageSource;
  /** `-cdrom`: a CD-ROM at the place of `hdc`. */
  cdrom?: ImageSource;
  /** `-fda`, `-fdb`: floppies. */
  fda?: ImageSource;
  fdb?: ImageSource;
  /** `-drive`: drives, told more precisely. */
  drives?: readonly DriveConfig[];
  /** `-device` */
  devices?: readonly DeviceConfig[];
  /** `-virtfs`: folders that the guest can mount by 9P. */
  folders?: readonly FolderConfig[];
  /** `-append`: the kernel's command line. */
  append?: string;
  /** `-boot`: `order=dc,once=d,menu=on`, spelled as in QEMU. */
  boot?: string;
  /** `-fw_cfg`: files for firmware and guest. */
  fwCfg?: readonly FwCfgEntry[];
  /** `-smbios`: what SMBIOS says of a PC, each option's text as in QEMU: `type=1,serial=S`. */
  smbios?: readonly string[];
  /** `-nographic`: firmware shows itself on the serial port. Default: it does where the machine has no screen. */
  nographic?: boolean;
  /** `-icount shift=N`: one instruction takes 2^N ns of virtual time; runs are repeatable to the instruction. Absent: host time. */
  icount?: number;
  /** `-rtc`: what the real-time clock begins with, spelled as in QEMU: `base=utc|localtime|2006-06-17T16:01:21,clock=host|rt|vm`. */
  rtc?: string;
  /** `-no-reboot`: a reset that the guest asks for ends the machine with outcome `reset`. Otherwise the machine starts again. */
  noReboot?: boolean;
  /** `-vga`: graphics card. Default `std` on a PC; `none` on boards without one. */
  vga?: 'std' | 'virtio' | 'none';
  /** `-global VGA.xres`, `-global VGA.yres`: the size that the monitor likes best, in pixels. Default 1280 by 800. */
  xres?: number;
  yres?: number;
  /** `-audiodev`: `none` for no sound. Default: the page plays it (`webaudio`). */
  audiodev?: 'webaudio' | 'none';
  /**
   * MiB that the browser may keep of what was fetched, so that the next start needs no network: chunks of published images (docs/block.md), kernels and
   * the like. All machines of a site share it; what was not used for the longest time goes first. Default 1024; 0: nothing is kept.
   */
  cache?: number;
  /** What is read from the images of its drives is written down, for `bootRecording`. */
  recordReads?: boolean;
  tier?: Tier;
}

/** The options that put an image into a drive. */
export const MEDIA = ['hda', 'hdb', 'hdc', 'hdd', 'cdrom', 'fda', 'fdb'] as const;
export type Medium = (typeof MEDIA)[number];

/** The options that name an image. */
export type ImageKey = 'bios' | 'kernel' | 'initrd' | Medium;

type BlockRequest = 'read' | 'write' | 'write-zeroes' | 'discard' | 'flush' | 'block-status';

/** A filter of the block layer, by QEMU's name for its driver. docs/block.md says what each does. */
export type BlockFilter =
  | { driver: 'copy-on-read' }
  | {
      driver: 'throttle';
      /** Per second: `iops-total`, `iops-read`, `iops-write`, `bps-total`, `bps-read`, `bps-write`. */
      limits: Readonly<Record<string, number>>;
      /** Drives of a group share the limits, those that the last of them gives. Absent: the drive has them for itself. */
      group?: string;
    }
  | {
      driver: 'blkdebug';
      injectError?: readonly {
        iotype?: BlockRequest;
        state?: number;
        sector?: number;
        once?: boolean;
        errno?: 'io' | 'space';
      }[];
      setState?: readonly { event: BlockRequest; state?: number; newState: number }[];
    };

/** One `-drive`. */
export interface DriveConfig {
  /** Absent: the drive is empty, which only drives with exchangeable media can be. */
  file?: ImageSource;
  /** `if`: default `ide`. `none`: a device (`devices`) takes it by its `id`, or nobody does. */
  interface?: 'ide' | 'floppy' | 'pflash' | 'virtio' | 'none';
  /** What a device calls it by. */
  id?: string;
  /** Place among the drives of its interface. Default: the first that is free. */
  index?: number;
  /** Default `disk`. */
  media?: 'disk' | 'cdrom';
  /** Default: what the image's own bytes say. */
  format?: 'raw' | 'qcow2' | 'vmdk' | 'vdi' | 'vpc';
  /**
   * The files that back a qcow2 image, the nearest first. Default: those that the images name, where they lie beside an image that is a
   * URL; other places are refused.
   */
  backing?: readonly ImageSource[];
  /**
   * How long a read of an image from the network waits for one that is down before the guest gets an I/O error, seconds. Default: as long as it takes;
   * the guest sees a slow disk.
   */
  networkTimeout?: number;
  /** What requests pass through, the first one first. */
  filters?: readonly BlockFilter[];
  /** What the guest discards is given up in a qcow2 image that is written to. Default `unmap`. */
  discard?: 'unmap' | 'ignore';
  /** The guest's writes fail. A CD-ROM is always read-only. */
  readOnly?: boolean;
  /**
   * Where writes go. True, the default: into memory, and they are gone with the machine. False: into the image itself, which bytes
   * (Uint8Array) can do, and the files that the command line serves; others are refused.
   */
  snapshot?: boolean;
  /**
   * The image is read whole when the machine starts. With `snapshot: false` the guest writes into this copy, in the image's own format, and what it
   * wrote is gone with the machine.
   */
  preload?: boolean;
  /**
   * Name (or id) of a disk that the browser stores, where writes go and stay. It is made when there is none, over the drive's image, of which it keeps
   * only what differs. Without `file` there must be one. docs/block.md, "Stored disks".
   */
  persist?: string;
  /**
   * What happens when a write or a flush fails: the guest is told (`report`), or not (`ignore`), or the machine is paused, and tries again when it is
   * resumed (`stop`). Default `enospc`: `stop` where there is no more room, else `report`.
   */
  werror?: 'report' | 'ignore' | 'stop' | 'enospc';
  /** The same for reads. Default `report`. */
  rerror?: 'report' | 'ignore' | 'stop';
}

/** A folder that is shared with the guest: `mount -t 9p -o trans=virtio TAG /mnt`. Its files are copied when the machine starts. */
export interface FolderConfig {
  tag: string;
  /** By path. */
  files: Readonly<Record<string, ImageSource>>;
  readOnly?: boolean;
}

/** One `-device`: its driver, as QEMU names it, and its properties (`drive`, `serial`, `num-queues` …), values as text. */
export interface DeviceConfig {
  driver: string;
  properties?: Readonly<Record<string, string>>;
}

export type VmState = 'created' | 'loading' | 'running' | 'paused' | 'stopped' | 'error' | 'destroyed';

/** Why a machine stopped. */
export type VmOutcome = 'poweroff' | 'reset' | 'panic' | 'error' | 'stopped';

/** Progress of a long step. `total` is absent while unknown. */
export interface VmProgress {
  /** What is being done, for people: `Downloading kernel`. */
  step: string;
  loaded: number;
  total?: number;
}

/** Codes of host failures that a program may want to tell apart. */
export type VmErrorCode =
  | 'not-isolated' // the page is not cross-origin isolated: no SharedArrayBuffer
  | 'unsupported' // the browser lacks something the machine needs
  | 'bad-config' // an option is unknown, out of range or not built yet
  | 'not-found' // an image could not be fetched
  | 'bad-image' // truncated, of another architecture, or not a format we know
  | 'disk-in-use' // another machine has the stored disk, perhaps in another tab
  | 'too-large' // does not fit the guest's memory
  | 'out-of-memory' // the browser would not give that much memory
  | 'worker-died' // the vCPU worker ended unexpectedly
  | 'guest-hang' // the guest traps in its own trap handler for ever
  | 'internal';

/** The stable part of the `--json` report, see design section 5. Times in ms since the vCPU's first instruction. */
export interface VmReport {
  outcome: VmOutcome | 'running';
  guestMs: number;
  firstSerialMs: number | null;
  instructions: number;
  /** Time the vCPU slept in WFI or HLT, ms: what is left of guestMs was spent working. */
  sleepMs: number;
  tiers: { interp: number; jit: number };
  exits: Record<string, number>;
  regions: { compiled: number; bytes: number; compileMs: number; evicted: number };
  /** Counts of what the accelerator did, for people who look where the time goes; names may change. */
  events: Record<string, number>;
  /** Why tier 1 did not run what it might have run, by reason; names may change. */
  fallbacks: Record<string, number>;
}

/** A request that a drive's medium failed. */
export interface DriveFailure {
  /** As in QEMU: `virtio0`. */
  drive: string;
  operation: 'read' | 'write';
  /** What is made of it. */
  action: 'report' | 'ignore' | 'stop';
  /** There is no more room. */
  nospace: boolean;
  /** For people: what happened. */
  message: string;
}

/** What a machine read from the images of its drives: docs/block.md, "The boot list". */
export interface BootRecording {
  type: 'snowglobe-boot';
  version: 1;
  /** Bytes of the pieces that are counted. */
  unit: number;
  /** By drive: bytes of the disk, and the numbers of its pieces in the order in which they were first read. */
  drives: Record<string, { size: number; reads: number[] }>;
}

/** Events of a machine and what they carry. */
export interface VmEvents {
  state: VmState;
  progress: VmProgress;
  /** How an image comes over the network has changed; four times a second at most. */
  stream: { drive: string; stream: DriveStream };
  /** The guest ended: powered off, asked for reset while resets stop it, or panicked. */
  exit: { outcome: VmOutcome; code: number };
  /** The machine was reset, and begins anew; QEMU's RESET. `guest`: it asked for that itself, as by `reboot`. */
  reset: { guest: boolean };
  /** The guest reported a panic or an unrecoverable error on its console (`Kernel panic - not syncing`). */
  panic: { message: string };
  /** A drive's medium failed a request; QEMU's BLOCK_IO_ERROR. With `stop` the machine is being paused, and `resume()` tries again. */
  ioerror: DriveFailure;
  /** The guest has copied a text, and shares its clipboard. */
  clipboard: { text: string };
  /** A host failure; the machine is in state `error`. */
  error: { code: VmErrorCode; message: string };
}

/** Detaches what it was returned for. Calling it twice does nothing. */
export type Unsubscribe = () => void;

/** A byte stream between the host and one of the guest's serial ports. */
export interface SerialStream {
  /**
   * Calls back with bytes that the guest wrote, in order, in batches. A listener may return a promise to say that it has
   * not digested them yet: from 64 KiB of undigested output on, the machine holds the guest back (its vCPU waits)
   * until the promises resolve, so a guest that floods its port costs time, not memory. Nothing is dropped.
   */
  onData(listener: (bytes: Uint8Array) => void | Promise<void>): Unsubscribe;
  /** Queues bytes (or UTF-8 text) to the guest; they enter the receive FIFO as the guest makes room. */
  write(data: Uint8Array | string): void;
}

export type { KeyboardLayout } from './keyboard-layouts.ts';

/** How a text is typed. */
export interface TypeOptions {
  /** Ends it before the next character. */
  signal?: AbortSignal;
  /** Called now and then with the characters' keys that the guest has read, and all of them. */
  onProgress?(typed: number, total: number): void;
  /** Keys that are down while each of the text's is pressed: `['ControlLeft']`. */
  held?: readonly string[];
}

/** What a mouse did. */
export interface PointerInput {
  /** Movement in counts, to the right and downwards. */
  dx?: number;
  dy?: number;
  /** Place on the screen, 0 to 1 from its left and top: for guests with an absolute pointer. */
  x?: number;
  y?: number;
  /** Notches of the wheel, towards the person. */
  wheel?: number;
  /** The buttons that are down: bit 0 left, 1 right, 2 middle, 3 back, 4 forward. As `MouseEvent.buttons`. */
  buttons: number;
}

/** A finger on the screen. */
export interface TouchInput {
  /** Tells the fingers apart while they touch. */
  id: number;
  /** Place on the screen, 0 to 1 from its left and top. */
  x: number;
  y: number;
}

/** Keyboard and mouse of a machine. Boards without them, and machines that do not run, take nothing. */
export interface VmInput {
  /** A key by its place: a `KeyboardEvent.code` such as `KeyA`. @returns false where there is no such key */
  key(code: string, down: boolean): boolean;
  /** Lets go of all keys that are down. */
  releaseKeys(): void;
  /** Presses keys in order, and lets them go in reverse: `['ControlLeft', 'AltLeft', 'Delete']`. */
  press(codes: readonly string[]): void;
  pointer(event: PointerInput): void;
  /** The fingers that touch the screen now: none once the last has left it. Only where `multitouch` says so. */
  touch(fingers: readonly TouchInput[]): void;
  /** The guest has a touch screen. */
  readonly multitouch: boolean;
  /** The guest follows an absolute pointer (`x`, `y`): no pointer lock is needed. */
  readonly absolute: boolean;
  /**
   * Types a text as a person with this layout would, as fast as the guest reads it. Gives the characters that have no key there.
   * A text that is given meanwhile comes after it. `done` is false if it was ended, or the guest reads no keys any more.
   */
  type(
    text: string,
    layout?: KeyboardLayout,
    options?: TypeOptions,
  ): Promise<{ missing: string[]; done: boolean }>;
  /** Calls back with the keyboard's lamps: bit 0 Scroll Lock, 1 Num Lock, 2 Caps Lock. */
  onLeds(listener: (lit: number) => void): Unsubscribe;
}

/** How an image comes over the network. Bytes of a published one (docs/block.md) are those of stored chunks, compressed as they are. */
export interface DriveStream {
  /** Bytes of the whole image. */
  total: number;
  /** Bytes that came over the network since the machine was started. */
  fetched: number;
  /** Chunks that came from the browser's cache. */
  cached: number;
  /** Chunks that are on their way. */
  loading: number;
  /** Reads of the guest that wait for chunks. */
  waiting: number;
  /** Why nothing comes from the server; null: it does. */
  problem: string | null;
  /** When the server is asked again, ms as `Date.now()` counts them; null: nobody waits for it. */
  retryAt: number | null;
  /** Bytes that a start of the machine reads, as recorded with the image, and how many of them are here, or were given up. */
  boot: { total: number; done: number };
}

/** A drive as it is now. */
export interface DriveState {
  /** As in QEMU: `ide0-hd0`, `ide1-cd0`, `floppy0`. */
  name: string;
  media: 'disk' | 'cdrom' | 'floppy';
  /** Where the configuration has it: `hda`, or its number among `drives`. Absent: nobody asked for it. */
  option?: Medium | number;
  /** The stored disk that keeps what is written to it, by its name or id. Absent: writes are gone with the machine, or go into the image. */
  persist?: string;
  /** Its medium can be exchanged while the machine runs. */
  removable: boolean;
  /** Bytes of the image in it; null: it is empty. */
  size: number | null;
  /** The guest has locked its door. */
  locked: boolean;
  /** The guest has opened its tray: it finds no medium until the tray is closed, by itself or with another image. */
  open: boolean;
  /** Of an image that comes over the network in pieces. */
  stream?: DriveStream;
  /** What the guest asked of the medium that the machine started with: requests, and bytes. */
  io?: Readonly<{ reads: number; writes: number; flushes: number; bytesRead: number; bytesWritten: number }>;
}

/** How a disk is kept. */
export interface KeepOptions {
  /** Called now and then with the bytes that are stored, and how many it will be. */
  progress?(done: number, total: number): void;
  /** Ends it. */
  signal?: AbortSignal;
}

/** Where an enabled virtqueue stands, as QEMU's `info virtio-queue-status`. */
export interface QueueState {
  /** `virtio-blk`, and the number among its queues. */
  device: string;
  queue: number;
  size: number;
  /** Requests that the driver offers and the device has not seen. */
  unseen: number;
  /** Requests that wait in the device. */
  inDevice: number;
  /** Next positions in the available and the used ring: what is done is modulo 2^16 in a split ring, with a wrap counter in bit 15 in a packed one. */
  available: number;
  used: number;
}

/** A port of a virtio-serial device (`-device virtconsole`, `-device virtserialport`) with a stream of its own. */
export interface VmPort {
  /** What the guest knows it by. */
  readonly name: string | null;
  /** A console, the guest's hvc0 …, or a port for data. */
  readonly console: boolean;
  /** What the configuration calls its other end (`chardev=`), for whoever connects that. */
  readonly chardev: string | null;
  readonly stream: SerialStream;
}

/**
 * The clipboard that a guest with spice-vdagent shares: `-device virtserialport,chardev=vdagent,name=com.redhat.spice.0`. What the guest copies comes as the event
 * `clipboard`. Texts have 16 MiB at most.
 */
export interface VmClipboard {
  /** The guest's agent runs and takes part. */
  readonly ready: boolean;
  /** The clipboard holds this text from now on, until the guest copies something; kept for an agent that is still to come. */
  write(text: string): void;
}

/** A shared folder as it is now: what the guest wrote is in it. Bytes of names that are no UTF-8 are lone surrogates in paths, U+DC80 to U+DCFF. */
export interface VmFolder {
  readonly tag: string;
  /** Bytes that still have room, of 512 MiB. */
  readonly room: number;
  /** Paths of its files. */
  list(): string[];
  /** A copy of a file; null: there is none. */
  read(path: string): Uint8Array | null;
  /**
   * What the guest has changed since this was called last, or since the start, in an order in which it can be done elsewhere. A file that is being written is
   * there as it is now, and once more when it has changed again. Symbolic links are left out.
   */
  changes(): FolderChange[];
  /**
   * Puts a file there while the machine runs, with the folders on its way: a guest that looks sees it. A file that is there gets these bytes instead of its own. It is no change
   * of the guest's. Also into folders that the guest may only read.
   * @param path names with slashes between; none of them `.` or `..`
   * @throws VmError too-large if there is no room: 512 MiB in all; bad-config for a path that cannot be, or is a folder's
   */
  write(path: string, bytes: Uint8Array): void;
  /** Makes a folder, with those on its way; one that is there stays as it is. @throws VmError as write() */
  mkdir(path: string): void;
}

/** A guest's change of a shared folder; paths begin with a slash. */
export type FolderChange =
  | { kind: 'removed'; path: string }
  | { kind: 'folder'; path: string }
  | {
      kind: 'file';
      path: string;
      /** Bytes of the whole file: a copy that is longer is to be cut off there, but last, so that it never lacks what it had. */
      size: number;
      /** Not the file that had this path at the last look: `parts` is all of it. Else a copy of that one is brought up to date by writing `parts` into it. */
      isNew: boolean;
      /** What has been written, ascending. */
      parts: readonly { offset: number; bytes: Uint8Array }[];
      executable: boolean;
    };

/** A memory balloon (`-device virtio-balloon`). */
export interface VmBalloon {
  /** MiB that the guest is asked to give away, and what it has given. */
  target: number;
  readonly actual: number;
  /** MiB that the guest reported as free since it started its driver: with `free-page-reporting=on`. */
  readonly reported: number;
  /** What the guest said last of its memory, by QEMU's names: bytes, and numbers of faults. */
  readonly stats: Readonly<Record<string, number>>;
  /** Asks for new ones. */
  refresh(): void;
}

/** A virtual machine. Every method rejects or throws a VmError; none blocks the page. */
export interface Vm {
  readonly config: Readonly<VmConfig>;
  readonly state: VmState;
  readonly serial: SerialStream;
  readonly input: VmInput;
  /** Drives of the machine; none before it has loaded, and as they were at its end once it has ended. */
  readonly drives: readonly DriveState[];
  /**
   * Puts another image into a drive with exchangeable media, or takes it out (null), as a person would who opens the drive by force.
   * @throws VmError bad-config, not-found, bad-image
   */
  changeMedium(drive: string, image: ImageSource | null): Promise<void>;
  /**
   * Presses the eject button of a drive. False: the guest has locked its door, so the medium stays, and the guest is told what is wanted.
   * @throws VmError bad-config
   */
  eject(drive: string): Promise<boolean>;
  /**
   * Makes a virtio disk another size, in bytes, and tells the guest: as QEMU's `block_resize`. What a smaller one cuts off is lost.
   * @throws VmError bad-config
   */
  resizeDrive(drive: string, size: number): Promise<void>;
  /**
   * Has the browser store a disk whose writes were in memory so far, while the guest goes on: with what was written already, and all that is from now on. Where the
   * image has an address only what differs from it is stored, else a copy of it too. Cancelled or failed, the machine goes on as before, and nothing is stored.
   * It may also be called, or go on, when the machine has ended: until it is destroyed.
   * @param name of the stored disk, which no other has (`persist=`, docs/block.md)
   * @throws VmError bad-config, not-found, unsupported
   */
  keepDrive(drive: string, name: string, options?: KeepOptions): Promise<{ id: string; name: string }>;
  /** Ports of its virtio-serial device, but for one that shares `serial` (`chardev=stdio`). */
  readonly ports: readonly VmPort[];
  /** Null: no port leads to a SPICE agent. */
  readonly clipboard: VmClipboard | null;
  /** Tells the guest how large the terminal behind its virtio consoles is, in characters. */
  resizeConsole(columns: number, rows: number): void;
  /** Shared folders; none before it has loaded. */
  readonly folders: readonly VmFolder[];
  /** Virtqueues of its devices that a driver has enabled. */
  readonly queues: readonly QueueState[];
  /** Null: it has none, or has not loaded. */
  readonly balloon: VmBalloon | null;
  /** Null: the machine has no graphics card. */
  readonly screen: (VmScreen & ScreenConsoles) | null;
  /** Null: the machine has no speaker, or no sound (`audiodev`). */
  readonly speaker: VmSpeaker | null;
  on<K extends keyof VmEvents>(event: K, listener: (detail: VmEvents[K]) => void): Unsubscribe;
  /** Loads images and starts the vCPU. Resolves when the first instruction is about to run. */
  start(): Promise<void>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Resets the machine as its reset button does; the images stay loaded. */
  reset(): Promise<void>;
  /**
   * Stores what its disks hold back in memory, as a guest's flush does: for a page that may be closed any moment.
   * @returns the drives that could not
   */
  flushDrives(): Promise<{ drive: string; message: string }[]>;
  /** Pulls the plug: stops the vCPU; the outcome is `stopped`. */
  powerOff(): Promise<void>;
  /** Resolves when the guest ends, with its outcome. */
  readonly ended: Promise<{ outcome: VmOutcome; code: number }>;
  report(): VmReport;
  /** About how much of its RAM the guest has written to, bytes, from a sample of its pages; null before it has loaded. Costs a millisecond. */
  memoryUse(): { used: number; total: number } | null;
  /**
   * Carries out a command of the monitor, spelled as in QEMU's (`info registers`, `x /4xw 0x80000000`), and gives its answer as text. docs/monitor.md.
   * @throws VmError bad-config if the machine does not run
   */
  monitor(command: string): Promise<string>;
  /** With `recordReads`: what was read so far from images (not from what the guest wrote over them). */
  bootRecording(): BootRecording;
  /** Ends the worker, settles every pending wait and frees the memory. The object is unusable afterwards. */
  destroy(): Promise<void>;
}
