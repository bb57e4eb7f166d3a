import type { RunnerDrive } from '../core/runner-api.ts';
import type { DeviceConfig } from '../core/vm-api.ts';

/** One step of what the command line asks of a run. */
export type ScriptStep = { expect: RegExp } | { send: Uint8Array } | MediumStep | MonitorStep;
/** Another image for a drive, a path; null: its eject button is pressed. */
export interface MediumStep {
  drive: string;
  file: string | null;
}
/** A command for the machine's monitor. */
export interface MonitorStep {
  monitor: string;
}
export type Script = ScriptStep[];

/** The host's end of a port: the terminal, the SPICE agent's, nowhere, or a file that gets what the guest says. */
export type CliChardev =
  | { kind: 'stdio' }
  | { kind: 'vdagent' }
  | { kind: 'null' }
  | { kind: 'file'; path: string };

/** What one `snowglobe` command asks for. Images are paths. */
export interface CliOptions {
  arch: string;
  machine: string;
  /** Model of the processor. */
  cpu?: string;
  /** MiB */
  memory?: number;
  /** A path, or `none`, or `default`. */
  bios?: string;
  kernel?: string;
  initrd?: string;
  /** Disks, CD-ROMs and floppies, in the order in which they were given. */
  drives: CliDrive[];
  /** Limits of `-object throttle-group`, by name. */
  throttleGroups: Record<string, Record<string, number>>;
  /** `-chardev`, by their IDs. */
  chardevs: Record<string, CliChardev>;
  /** Folders that the guest can mount. */
  folders?: { tag: string; path: string; readOnly?: boolean }[];
  /** Folders of `-fsdev`, by their IDs. */
  fsdevs?: Record<string, { path: string; readOnly?: boolean }>;
  /** Devices by the names of their drivers. */
  devices?: DeviceConfig[];
  append?: string;
  /** As in QEMU: `order=dc,menu=on`. */
  boot?: string;
  /** Files are paths. */
  fwCfg?: { name: string; string?: string; file?: string }[];
  /** As in QEMU: `type=1,serial=S`. */
  smbios?: string[];
  nographic?: boolean;
  vga?: 'std' | 'virtio' | 'none';
  xres?: number;
  yres?: number;
  audiodev?: 'none';
  /** 2^N ns of virtual time for each instruction. */
  icount?: number;
  rtc?: string;
  tier?: 'auto' | 'interp' | 'jit' | 'check';
  noReboot: boolean;
  /** Where the guest's first serial port goes. */
  serial: 'stdio' | 'null';
  /** … and this file, which gets what the port says, where it is not standard output. */
  serialFile?: string;
  /** What --expect and --send said, in order. */
  script: Script;
  /** Seconds from the start of the command. */
  timeout?: number;
  /** The debug port's lines go to stderr. */
  debugcon?: boolean;
  /** Which port that is: `debugcon` is 0xe9, the default, `firmware` 0x402. */
  debugPort?: 'debugcon' | 'firmware';
  screenshot?: string;
  json?: string;
  recordBoot?: string;
  headed: boolean;
}

/** A drive, and which option asked for it. */
export type CliDrive = RunnerDrive & { option: string };

/** Thrown by an option's handler to answer `-M help` and its like; parseCommand turns it into a ParsedCommand. */
export class ListRequest extends Error {}
