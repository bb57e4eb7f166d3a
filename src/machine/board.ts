import type { GuestClock, TimerFactory, WallClock } from '../core/clock.ts';
import type { PowerControl } from '../core/irq.ts';
import type { Log } from '../core/log.ts';
import type { SerialBackend } from '../hw/char/ns16550a.ts';
import type { PageRun, Scanout, ScreenCursor } from '../core/scanout.ts';
import type { Device, MmioRegion } from '../hw/device.ts';
import type { SlotGuestMemory } from '../memory/guest-memory.ts';
import type { SlotRequest } from '../memory/slots.ts';
import type { VmMemory } from '../memory/vm-memory.ts';
import type { BlockNode, BlockResult, Eventually } from '../block/block-node.ts';
import type { DriveState, PointerInput, TouchInput } from '../core/vm-api.ts';
import type { VirtioBalloon } from '../hw/virtio/virtio-balloon.ts';
import type { Ps2Keyboard } from '../hw/input/ps2-keyboard.ts';
import type { DevicePlan, VirtioTransport } from './devices.ts';
import type { DriveInterface } from './disk-image.ts';
import type { Drive } from './drives.ts';
import type { SharedFolder } from './folders.ts';
import type { VirtioSerial } from './virtio-devices.ts';
import type { BootImages } from './boot/riscv-boot.ts';
import type { BootOptions } from './firmware/boot-options.ts';
import type { SmbiosOverrides } from './firmware/smbios-options.ts';

/** A kind of machine: what can be known of it without building one. */
export interface BoardModel {
  /** Versioned name, `virt-1.0`, and the names that mean it too. */
  names: readonly string[];
  memoryMin: number;
  memoryDefault: number;
  /** MiB. */
  memoryMax: number;
  smpMax: number;
  /**
   * Processors (-cpu) by architecture, the default one first, with what the core's reset takes for them: on RISC-V the hart's number, on x86 the
   * MODEL_* of assembly/guest/x86/cpu.ts.
   */
  processors: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Kinds of drives that it can have. */
  drives: readonly DriveInterface[];
  /** The firmware that `-bios default` means. */
  firmware: {
    name: string;
    /** It runs before a kernel (-kernel) too. If not, it runs when there is no kernel, or when it is asked for by name. */
    withKernel: boolean;
    /** Files beside it that the board uses where they are there, by name. */
    roms: readonly string[];
  };
  /** Transports of virtio devices, the one for devices that name none first. */
  virtio: readonly VirtioTransport[];
  /** It has a place for a graphics card (-vga). */
  graphics: boolean;
  /** It has a PC speaker. */
  speaker: boolean;
  /**
   * Memory slots.
   * @param romBytes sizes of the firmware, or of the flash memory that holds it (unit 0 first)
   * @param vga the graphics card
   */
  slots(ramBytes: number, romBytes?: readonly number[], vga?: VgaKind): SlotRequest[];
  /** Builds the board's devices, fills in the memory map. Throws no VmError but those of the images. */
  build(env: BoardEnv): Board;
}

export interface FirmwareOptions {
  boot: BootOptions;
  /** `-smbios` */
  smbios?: SmbiosOverrides;
  /** Firmware shows itself on the serial port; undefined: if there is no screen. */
  nographic?: boolean;
}

/** `-vga` */
export type VgaKind = 'std' | 'virtio' | 'none';

/** What a board is built with. */
export interface BoardEnv {
  vm: VmMemory;
  memory: SlotGuestMemory;
  clock: GuestClock;
  /** The time of day: what files are dated with. */
  wallClock: WallClock;
  /** What the machine's real-time clock reads. */
  rtc: WallClock;
  timers: TimerFactory;
  log: Log;
  power: PowerControl;
  serial: SerialBackend;
  /** Ends of the virtio-serial ports that do not share `serial`, in the order of their numbers; absent: there are none. */
  ports?: readonly (SerialBackend & { opened?(open: boolean): void })[];
  /** The keyboard's lamps. */
  leds(lit: number): void;
  /** As in QEMU's program names: `riscv64`. */
  arch: string;
  ramBytes: number;
  images: BootImages;
  drives: readonly Drive[];
  /** What -device and if=virtio ask for; absent: nothing. */
  devices?: readonly DevicePlan[];
  /** Shared folders, by their tags. */
  folders?: readonly SharedFolder[];
  /** Runs a task when the page's other work had its turn; absent: devices do everything at once, for runs that are to be repeatable. */
  later?(task: () => void): void;
  vga: VgaKind;
  /** The monitor's own size, pixels. */
  monitor?: { width: number; height: number };
  /** A device has something new to draw, which no vCPU wrote. */
  screenChanged?(): void;
  commandLine: string;
  /** What the user says to firmware; absent: nothing. */
  firmware?: FirmwareOptions;
  /** Fills with random bytes, or with fixed ones if the run is to be repeatable. */
  random(bytes: Uint8Array): void;
}

/** Keyboard and mouse of a board. */
export interface BoardInput {
  keyboard: Pick<Ps2Keyboard, 'key' | 'releaseAll' | 'idle'>;
  pointer(event: PointerInput): void;
  readonly absolute: boolean;
  /** The fingers on a touch screen; absent where there is none. */
  touch?(fingers: readonly TouchInput[]): void;
  readonly multitouch?: boolean;
}

/** A drive of a board whose medium can be looked at and, where `change` is there, exchanged. */
export interface BoardDrive {
  readonly name: string;
  readonly media: DriveState['media'];
  readonly size: number | null;
  readonly locked: boolean;
  /** The guest opened its tray; absent: it has none. */
  readonly open?: boolean;
  change?(node: BlockNode | null): void;
  /** Makes the disk another size, in bytes, and tells the guest. Absent where no guest could be told. */
  resize?(size: number): Eventually<BlockResult>;
  /** The button was pressed; false: the door is locked. Absent where `change(null)` is all there is to it. */
  eject?(): boolean;
}

/** One of a board's screens, for the host. */
export interface BoardDisplay {
  /** The name of its device, with a number where that has several. */
  readonly name: string;
  /** What changed in its memory since it was asked last. */
  readonly dirty: { take(): PageRun[] };
  /** The vCPUs keep that log, and have to hand it over first. */
  readonly logged: boolean;
  /** What is shown at this moment. */
  scanout(): Scanout;
  /** A pointer over the picture, which the device draws by itself. */
  cursor?(): ScreenCursor | null;
  /** The host wishes another size, in pixels: absent where no guest hears of it. */
  resize?(width: number, height: number): void;
}

/** A built board. */
export interface Board {
  /** Its screens, in the order in which QEMU has its consoles. */
  readonly displays: readonly BoardDisplay[];
  readonly devices: readonly Device[];
  /** Register blocks by device number. */
  readonly regions: readonly MmioRegion[];
  /** Doorbells by number. */
  readonly doorbells: readonly { device: Device; offset: number; value: number }[];
  readonly resetPc: number;
  readonly input?: BoardInput;
  readonly drives?: readonly BoardDrive[];
  readonly balloon?: VirtioBalloon | null;
  readonly virtioSerial?: VirtioSerial | null;
  /** Resets the devices and loads ROM, firmware, kernel, initrd and device tree. The vCPUs must be stopped. */
  reset(): void | Promise<void>;
  /** The serial backend has bytes for the guest. */
  serialReady(): void;
}
