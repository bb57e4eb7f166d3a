import { join } from 'node:path';
import type { Page } from 'playwright';
import { Emitter } from '../core/emitter.ts';
import { VmError } from '../core/errors.ts';
import type {
  RunnerAction,
  RunnerApi,
  RunnerBootOptions,
  RunnerConfig,
  RunnerDrive,
  RunnerError,
  RunnerFolderBatch,
  RunnerFwCfg,
  RunnerInput,
  RunnerInputResult,
  RunnerMessage,
  RunnerPort,
  RunnerResult,
  RunnerScreenState,
} from '../core/runner-api.ts';
import {
  type BootRecording,
  type DriveState,
  type ImageKey,
  MEDIA,
  type Unsubscribe,
  type VmConfig,
  type VmEvents,
  type VmReport,
} from '../core/vm-api.ts';
import { HostError } from './chromium.ts';
import { backingFiles } from './drive-files.ts';
import {
  biosFile,
  checkImage,
  checkWritable,
  firmwareFile,
  folderFiles,
  isAddress,
  isBiosWord,
} from './guest-files.ts';
import type { SiteServer } from './site-server.ts';

/** A guest's configuration as the command line and the fixture take it: images are paths of files on this host. */
export type GuestConfig = Omit<VmConfig, ImageKey | 'drives' | 'fwCfg' | 'folders'> & {
  /** Paths; `bios` also `none`, and `default` or absent for the board's firmware. */
  [key in ImageKey]?: string;
} & {
  drives?: readonly RunnerDrive[];
  fwCfg?: readonly RunnerFwCfg[];
  /** Shared folders by their paths. */
  folders?: readonly { tag: string; path: string; readOnly?: boolean }[];
};

const IMAGE_KEYS: readonly ImageKey[] = ['kernel', 'initrd', ...MEDIA];

export interface GuestEvents extends VmEvents {
  /** Bytes that the guest wrote to its serial port, in order. `ms` is the time since its vCPU's start. */
  serial: { bytes: Uint8Array; ms: number };
  /** The same of a port of a virtio-serial device, by its place in what `boot` gives. */
  port: { port: number; bytes: Uint8Array };
  /** Something of the machine that a person should know. */
  warning: { source: string; message: string };
  /** A line that the guest left at a debug port: `firmware` is port 0x402, `debugcon` port 0xe9. */
  log: { source: string; message: string };
}

declare const window: { snowglobeRunner: RunnerApi };

/** The headless page (src/app/runner.ts) in a Playwright page. It holds any number of machines. */
export class RunnerPage {
  readonly page: Page;
  readonly #site: SiteServer;
  readonly #vms = new Map<number, GuestVm>();
  #nextId = 1;
  #gone = false;

  private constructor(page: Page, site: SiteServer) {
    this.page = page;
    this.#site = site;
  }

  /** Opens the headless page of the built site. */
  static async open(page: Page, site: SiteServer): Promise<RunnerPage> {
    const runner = new RunnerPage(page, site);
    await page.exposeFunction('snowglobePost', (messages: RunnerMessage[]) => {
      for (const message of messages) runner.#vms.get(message.vm)?.take(message);
    });
    page.on('crash', () => runner.#fail("the browser's renderer crashed, perhaps for want of memory"));
    page.on('close', () => runner.#fail('the page was closed'));
    const response = await page.goto(`${site.url}/runner.html`);
    if (!response?.ok()) {
      throw new HostError(`the runner page answers ${response?.status()}; build it with: npm run build`);
    }
    if (!(await page.evaluate(() => window.snowglobeRunner !== undefined))) {
      throw new HostError('the runner page does not start; build it again with: npm run build -- --force');
    }
    return runner;
  }

  /** A machine that is not booted yet. */
  createVm(): GuestVm {
    const vm = new GuestVm(this.page, this.#site, this.#nextId++);
    this.#vms.set(vm.id, vm);
    if (this.#gone) vm.abandon();
    return vm;
  }

  /** Machines that were destroyed, as all have to be by now, are not known any more. */
  forgetVms(): void {
    this.#vms.clear();
  }

  /** Resolves when the page's terminals have drawn everything. */
  async drawn(): Promise<void> {
    await this.page.evaluate(() => window.snowglobeRunner.drawn());
  }

  /** The page is closed or has crashed. */
  get gone(): boolean {
    return this.#gone;
  }

  #fail(message: string): void {
    this.#gone = true;
    const error = { code: 'worker-died', message } as const;
    for (const vm of this.#vms.values()) {
      vm.abandon();
      vm.take({ vm: vm.id, type: 'error', error });
    }
  }
}

const toLatin1 = (data: Uint8Array | string): string => Buffer.from(data as Uint8Array).toString('latin1');

/** One machine in a RunnerPage. Methods reject with VmError. */
export class GuestVm {
  readonly id: number;
  readonly #page: Page;
  readonly #site: SiteServer;
  readonly #events = new Emitter<GuestEvents>((error) => {
    throw error;
  });
  /** Text is typed in the order of the calls. */
  #sending: Promise<void> = Promise.resolve();
  #booted = false;
  #destroyed = false;

  constructor(page: Page, site: SiteServer, id: number) {
    this.#page = page;
    this.#site = site;
    this.id = id;
  }

  on<K extends keyof GuestEvents>(event: K, listener: (detail: GuestEvents[K]) => void): Unsubscribe {
    return this.#events.on(event, listener);
  }

  /**
   * Loads the images and starts the vCPU; resolves when its first instruction is about to run. With `screen` the page
   * shows a terminal on the serial port and the machine's screen, with `keep` it holds the boot images for its next machines.
   * @returns the ports of its virtio-serial devices
   * @throws VmError with what is wrong with the configuration or an image
   */
  async boot(
    config: GuestConfig,
    { screen = false, keep = false }: Partial<RunnerBootOptions> = {},
  ): Promise<readonly RunnerPort[]> {
    const { bios, fwCfg, folders, ...rest } = config;
    const firmware = firmwareFile(config);
    const serve = (option: string, path: string) => this.#site.serveFile(checkImage(option, path));
    const served: RunnerConfig = {
      ...rest,
      ...(bios !== undefined && {
        bios: isBiosWord(bios) ? bios : serve('-bios', biosFile(config.arch, bios)),
      }),
      ...(fwCfg !== undefined && {
        fwCfg: fwCfg.map(({ file, ...entry }) => ({
          ...entry,
          ...(file !== undefined && { file: serve('-fw_cfg', file) }),
        })),
      }),
      ...(folders !== undefined && {
        folders: folders.map(({ path, ...folder }) => ({
          ...folder,
          files: Object.fromEntries(
            folderFiles(path).map((name) => [name, this.#site.serveFile(join(path, name))]),
          ),
        })),
      }),
      ...(firmware !== undefined && { firmware: serve('-bios default', firmware) }),
    };
    for (const key of IMAGE_KEYS) {
      const path = config[key];
      if (path !== undefined) served[key] = serve(`-${key}`, path);
    }
    if (config.drives)
      served.drives = await Promise.all(config.drives.map((drive) => this.#serveDrive(drive)));
    this.#booted = true;
    return this.#ask(
      this.#page.evaluate(
        ([id, runnerConfig, options]) => window.snowglobeRunner.boot(id, runnerConfig, options),
        [this.id, served, { screen, keep }] as const,
      ),
    );
  }

  async #serveDrive(drive: RunnerDrive): Promise<RunnerDrive> {
    if (drive.file === undefined || isAddress(drive.file)) return drive;
    const path = checkImage('-drive', drive.file);
    const writable = drive.snapshot === false && !drive.readOnly && !drive.preload && drive.media !== 'cdrom';
    if (writable) checkWritable('-drive', path);
    const file = writable ? this.#site.serveWritableFile(path) : this.#site.serveFile(path);
    const backing = drive.backing ?? (await backingFiles(path, drive.format));
    return {
      ...drive,
      file,
      backing: backing.map((below) => this.#site.serveFile(checkImage('-drive', below))),
    };
  }

  /** Types bytes, or a string as UTF-8, to the serial port or another one. Resolves when the machine has queued them. */
  send(data: Uint8Array | string, port?: number): Promise<void> {
    const text = toLatin1(data);
    const sent = this.#sending.then(async () => {
      await this.#ask(
        this.#page.evaluate(([id, bytes, to]) => window.snowglobeRunner.send(id, bytes, to), [
          this.id,
          text,
          port,
        ] as const),
      );
    });
    this.#sending = sent.catch(() => {});
    return sent;
  }

  pause(): Promise<void> {
    return this.#act('pause');
  }

  resume(): Promise<void> {
    return this.#act('resume');
  }

  /** The reset button. */
  reset(): Promise<void> {
    return this.#act('reset');
  }

  /** Pulls the plug: the outcome is `stopped`. */
  powerOff(): Promise<void> {
    return this.#act('powerOff');
  }

  drives(): Promise<readonly DriveState[]> {
    return this.#ask(this.#page.evaluate((id) => window.snowglobeRunner.drives(id), this.id));
  }

  /** Puts another image, a path, into a drive, or takes out (null) what is in it. */
  async changeMedium(drive: string, path: string | null): Promise<void> {
    const url = path === null ? null : this.#site.serveFile(checkImage(drive, path));
    await this.#ask(
      this.#page.evaluate(([id, name, file]) => window.snowglobeRunner.changeMedium(id, name, file), [
        this.id,
        drive,
        url,
      ] as const),
    );
  }

  /** Makes a virtio disk another size, in bytes. */
  async resizeDrive(drive: string, size: number): Promise<void> {
    await this.#ask(
      this.#page.evaluate(([id, name, bytes]) => window.snowglobeRunner.resizeDrive(id, name, bytes), [
        this.id,
        drive,
        size,
      ] as const),
    );
  }

  /** Presses a drive's eject button; false: the guest has locked its door. */
  eject(drive: string): Promise<boolean> {
    return this.#ask(
      this.#page.evaluate(([id, name]) => window.snowglobeRunner.eject(id, name), [this.id, drive] as const),
    );
  }

  /** Carries out a command of the monitor. @returns its answer */
  monitor(command: string): Promise<string> {
    return this.#ask(
      this.#page.evaluate(([id, line]) => window.snowglobeRunner.monitor(id, line), [
        this.id,
        command,
      ] as const),
    );
  }

  /** Uses keyboard and pointer. */
  input(what: RunnerInput): Promise<RunnerInputResult> {
    return this.#ask(
      this.#page.evaluate(([id, input]) => window.snowglobeRunner.input(id, input), [this.id, what] as const),
    );
  }

  /** Null: the machine has no screen. */
  screenState(): Promise<RunnerScreenState | null> {
    return this.#ask(this.#page.evaluate((id) => window.snowglobeRunner.screenState(id), this.id));
  }

  /** Paths of the files in a shared folder, as the guest has them now. */
  listFolder(tag: string): Promise<string[]> {
    return this.#ask(
      this.#page.evaluate(([id, name]) => window.snowglobeRunner.listFolder(id, name), [
        this.id,
        tag,
      ] as const),
    );
  }

  /** A file of a shared folder; null: there is none. */
  async readFolder(tag: string, path: string): Promise<Buffer | null> {
    const data = await this.#ask(
      this.#page.evaluate(([id, name, file]) => window.snowglobeRunner.readFolder(id, name, file), [
        this.id,
        tag,
        path,
      ] as const),
    );
    return data === null ? null : Buffer.from(data, 'latin1');
  }

  /** What the guest has changed in a shared folder since the batch `taken`, or some of it. */
  folderChanges(tag: string, taken: number): Promise<RunnerFolderBatch> {
    return this.#ask(
      this.#page.evaluate(([id, name, number]) => window.snowglobeRunner.folderChanges(id, name, number), [
        this.id,
        tag,
        taken,
      ] as const),
    );
  }

  /** The characters on the machine's screen; empty unless it is in a text mode. */
  screenText(): Promise<string> {
    return this.#ask(this.#page.evaluate((id) => window.snowglobeRunner.screenText(id), this.id));
  }

  /** The machine's screen as a PNG file, in the guest's own pixels; null: it has none, or it is off. */
  async screenshot(): Promise<Buffer | null> {
    const png = await this.#ask(this.#page.evaluate((id) => window.snowglobeRunner.screenshot(id), this.id));
    return png === null ? null : Buffer.from(png, 'base64');
  }

  bootRecording(): Promise<BootRecording> {
    return this.#ask(this.#page.evaluate((id) => window.snowglobeRunner.bootRecording(id), this.id));
  }

  report(): Promise<VmReport> {
    return this.#ask(this.#page.evaluate((id) => window.snowglobeRunner.report(id), this.id));
  }

  /** Ends the machine's worker and frees its memory. */
  async destroy(): Promise<void> {
    if (!this.#booted || this.#destroyed || this.#page.isClosed()) return;
    this.#destroyed = true;
    await this.#act('destroy');
  }

  /** The page is gone, and the machine with it. */
  abandon(): void {
    this.#destroyed = true;
  }

  /** What the page says of this machine. */
  take(message: RunnerMessage): void {
    switch (message.type) {
      case 'serial':
        if (message.port === undefined)
          this.#events.emit('serial', { bytes: Buffer.from(message.data, 'latin1'), ms: message.ms });
        else this.#events.emit('port', { port: message.port, bytes: Buffer.from(message.data, 'latin1') });
        break;
      case 'state':
        this.#events.emit('state', message.state);
        break;
      case 'progress':
        this.#events.emit('progress', message);
        break;
      case 'warning':
        this.#events.emit('warning', message);
        break;
      case 'log':
        this.#events.emit('log', message);
        break;
      case 'panic':
        this.#events.emit('panic', message);
        break;
      case 'ioerror':
        this.#events.emit('ioerror', message);
        break;
      case 'error':
        this.#events.emit('error', message.error);
        break;
      case 'exit':
        this.#events.emit('exit', message);
        break;
    }
  }

  async #act(action: RunnerAction): Promise<void> {
    await this.#ask(
      this.#page.evaluate(([id, what]) => window.snowglobeRunner.act(id, what), [this.id, action] as const),
    );
  }

  async #ask<T>(answer: Promise<RunnerResult<T>>): Promise<T> {
    const result = await answer;
    if (result.ok) return result.value;
    throw toVmError(result.error);
  }
}

export const toVmError = (error: RunnerError): VmError => new VmError(error.code, error.message);
