import type {
  BootRecording,
  DriveConfig,
  DriveFailure,
  FolderChange,
  FolderConfig,
  DriveState,
  ImageKey,
  KeyboardLayout,
  PointerInput,
  VmConfig,
  VmErrorCode,
  VmOutcome,
  VmReport,
  VmState,
} from './vm-api.ts';

/**
 * What the headless page (runner.html) and the program that drives it through Playwright say to each other.
 * Bytes travel as latin1 strings: one character a byte, which CDP carries without another encoding.
 */

/** A file of fw_cfg: a text, or a file's URL. */
export interface RunnerFwCfg {
  name: string;
  string?: string;
  file?: string;
}

/** A shared folder whose files are URLs. */
export type RunnerFolder = Omit<FolderConfig, 'files'> & { files: Readonly<Record<string, string>> };

/** A guest's configuration whose images are URLs that the page can fetch. */
export type RunnerConfig = Omit<VmConfig, ImageKey | 'drives' | 'fwCfg' | 'folders'> & {
  [key in ImageKey]?: string;
} & {
  drives?: readonly RunnerDrive[];
  /** Files are URLs, by path. */
  folders?: readonly RunnerFolder[];
  /** Files are URLs. */
  fwCfg?: readonly RunnerFwCfg[];
  /** URL of the default firmware. */
  firmware?: string;
};

/** A change of a shared folder; of a file a piece of what was written, the pieces of one after the other. Its bytes are `Data`, from `offset` on. */
export type FolderPiece<Data> =
  | Exclude<FolderChange, { kind: 'file' }>
  | (Omit<Extract<FolderChange, { kind: 'file' }>, 'parts'> & {
      offset: number;
      /** The first piece of this change; its last. */
      begins: boolean;
      ends: boolean;
    } & Data);

/** Its bytes are latin1. */
export type RunnerFolderChange = FolderPiece<{ data: string }>;

export interface RunnerFolderBatch {
  /** To be named by who asks for the next one: these changes are made. */
  number: number;
  changes: RunnerFolderChange[];
  /** There is more of what was found in the same look. */
  more: boolean;
}

/** A drive whose image is a URL. */
export type RunnerDrive = Omit<DriveConfig, 'file' | 'backing'> & { file?: string; backing?: string[] };

/** A failure as plain data: an Error loses its code on the way out of the page. */
export interface RunnerError {
  code: VmErrorCode;
  message: string;
}

export type RunnerResult<T = null> = { ok: true; value: T } | { ok: false; error: RunnerError };

/** What the page tells the driver, in the order in which it happened. `vm` is the number the driver gave. */
export type RunnerMessage =
  | {
      vm: number;
      type: 'serial';
      /** latin1 */
      data: string;
      /** ms since the vCPU's start */
      ms: number;
      /** Of a virtio-serial device, by its place in `ports`; absent: the machine's serial port. */
      port?: number;
    }
  | { vm: number; type: 'state'; state: VmState }
  | { vm: number; type: 'progress'; step: string; loaded: number; total?: number }
  /** A person should know. */
  | { vm: number; type: 'warning'; source: string; message: string }
  /** A line that the guest left at a debug port; `source` says at which. */
  | { vm: number; type: 'log'; source: string; message: string }
  | { vm: number; type: 'panic'; message: string; ms: number }
  | ({ vm: number; type: 'ioerror' } & DriveFailure)
  | { vm: number; type: 'error'; error: RunnerError }
  | { vm: number; type: 'exit'; outcome: VmOutcome; code: number };

/** What a person does to keyboard and pointer. */
export type RunnerInput =
  | { type: 'key'; code: string; down: boolean }
  | { type: 'press'; codes: readonly string[] }
  | { type: 'text'; text: string; layout: KeyboardLayout }
  | { type: 'pointer'; pointer: PointerInput };

/** What became of it: `missing` are keys and characters that this keyboard does not have; `done` is false if the guest stopped to read its keyboard. */
export interface RunnerInputResult {
  missing: string[];
  done: boolean;
}

/** A machine's screen at one moment, sizes in the guest's pixels. */
export interface RunnerScreenState {
  width: number;
  height: number;
  /** Null: it is off. */
  mode: 'text' | 'graphics' | null;
  /** The guest follows an absolute pointer. */
  absolute: boolean;
}

/** A port of a virtio-serial device. */
export interface RunnerPort {
  name: string | null;
  console: boolean;
  chardev: string | null;
}

export interface RunnerBootOptions {
  /** A terminal draws the serial port and a canvas the machine's screen, for people and for pictures of the page. */
  screen: boolean;
  /** Boot images stay in the page for its next machines: their URLs must name other bytes never. */
  keep?: boolean;
}

export type RunnerAction = 'pause' | 'resume' | 'reset' | 'powerOff' | 'destroy';

/** `window.snowglobeRunner`: the page's end. A page holds any number of machines, told apart by a number. */
export interface RunnerApi {
  /** Creates a machine and starts it. Gives its further ports. */
  boot(
    vm: number,
    config: RunnerConfig,
    options: RunnerBootOptions,
  ): Promise<RunnerResult<readonly RunnerPort[]>>;
  /** Queues latin1 bytes to the guest's serial port, or to another one. */
  send(vm: number, data: string, port?: number): Promise<RunnerResult>;
  input(vm: number, input: RunnerInput): Promise<RunnerResult<RunnerInputResult>>;
  /** Null: the machine has no screen. */
  screenState(vm: number): Promise<RunnerResult<RunnerScreenState | null>>;
  /** Paths of the files in a shared folder. */
  listFolder(vm: number, tag: string): Promise<RunnerResult<string[]>>;
  /** A file of a shared folder, latin1; null: there is none. */
  readFolder(vm: number, tag: string, path: string): Promise<RunnerResult<string | null>>;
  /** What the guest has changed in a shared folder since the batch `taken` (0: since the start), or some of it. The same batch comes until it is taken. */
  folderChanges(vm: number, tag: string, taken: number): Promise<RunnerResult<RunnerFolderBatch>>;
  act(vm: number, action: RunnerAction): Promise<RunnerResult>;
  drives(vm: number): Promise<RunnerResult<readonly DriveState[]>>;
  /** Puts the image at a URL into a drive, or takes out (null) what is in it. */
  changeMedium(vm: number, drive: string, url: string | null): Promise<RunnerResult>;
  resizeDrive(vm: number, drive: string, size: number): Promise<RunnerResult>;
  /** Presses a drive's button; false: its door is locked. */
  eject(vm: number, drive: string): Promise<RunnerResult<boolean>>;
  /** Carries out a command of the monitor. */
  monitor(vm: number, command: string): Promise<RunnerResult<string>>;
  report(vm: number): Promise<RunnerResult<VmReport>>;
  bootRecording(vm: number): Promise<RunnerResult<BootRecording>>;
  /** The characters on the machine's screen; empty unless it is in a text mode. */
  screenText(vm: number): Promise<RunnerResult<string>>;
  /** The machine's screen as a PNG file in base64; null: it has none, or never had a picture. */
  screenshot(vm: number): Promise<RunnerResult<string | null>>;
  /** Resolves once the terminals have drawn everything they were given. */
  drawn(): Promise<void>;
}

/** `window.snowglobePost`: the driver's end, exposed by Playwright. Resolves when the driver has taken the messages. */
export type RunnerPost = (messages: RunnerMessage[]) => Promise<void>;
