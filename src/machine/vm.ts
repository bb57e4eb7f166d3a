/** The public `Vm`: a machine's life from its configuration to its end. What runs meanwhile is a session (session.ts). */
import { Emitter } from '../core/emitter.ts';
import { VmError } from '../core/errors.ts';
import type { FailedRequest } from '../block/filter/error-policy-node.ts';
import { Log, type LogSink } from '../core/log.ts';
import type {
  BootRecording,
  DriveState,
  ImageSource,
  KeepOptions,
  QueueState,
  SerialStream,
  Unsubscribe,
  Vm,
  VmClipboard,
  VmBalloon,
  VmFolder,
  VmConfig,
  VmEvents,
  VmInput,
  VmOutcome,
  VmPort,
  VmReport,
  VmState,
} from '../core/vm-api.ts';
import { REQUEST_STOP, RESULT_RESET, RESULT_STOP } from '../memory/layout.gen.ts';
import { loadBootImages } from './boot/boot-images.ts';
import { type ResolvedConfig, resolveConfig } from './config.ts';
import { loadCore, warmUpOnce } from './core-module.ts';
import { DriveBay } from './drive-bay.ts';
import { closeDrives, openDrives } from './drives.ts';
import { asVmError, crashError, hangError } from './failures.ts';
import { hostFolder, loadFolders, type SharedFolder } from './folders.ts';
import { hostBalloon } from './host-balloon.ts';
import { MachineImages } from './machine-images.ts';
import { sampleMemory } from './memory-use.ts';
import { HostPorts } from './host-ports.ts';
import { InputPort } from './input-port.ts';
import { PanicWatch } from './panic-watch.ts';
import { hasScreen } from './devices.ts';
import { MachineScreen } from './screen.ts';
import { vmReport } from './report.ts';
import { SerialPort } from './serial-port.ts';
import { MachineSpeaker } from './speaker.ts';
import { noCounters, Session, wallClockOf } from './session.ts';
import { VcpuHost } from './vcpu-host.ts';

/** A vCPU that is asked to stop leaves its loop within about 5 ms; one that has not after this long is terminated. */
const STOP_TIMEOUT_MS = 2000;

/** What the page brings along: a machine knows no URLs. */
export interface VmAssets {
  /** The accelerator: compiled, the URL of its file, or such a URL for each architecture. */
  core: WebAssembly.Module | string | ((arch: string) => string);
  /** Makes a worker that runs src/worker/entry.ts. */
  createWorker: () => Worker;
  /** Absolute URL of the firmware for `bios: 'default'`; its other files lie beside it. */
  firmwareUrl?: string;
  /** Where log messages go; default: warnings to the console, the rest nowhere. */
  log?: LogSink;
}

/**
 * Creates a machine. Nothing is loaded or allocated before `start()`.
 * @throws VmError bad-config or not-isolated
 */
export function createVm(config: VmConfig, assets: VmAssets): Vm {
  return new MachineVm(config, assets);
}

interface StopRequest {
  kind: 'end' | 'reset';
  outcome: VmOutcome;
  code: number;
  /** Of a reset: the guest asked for it. */
  guest?: boolean;
}

class MachineVm implements Vm {
  readonly config: Readonly<VmConfig>;
  readonly ended: Promise<{ outcome: VmOutcome; code: number }>;
  readonly serial: SerialStream;
  readonly ports: readonly VmPort[];
  readonly clipboard: VmClipboard | null;
  private readonly hostPorts: HostPorts;
  private sharedFolders: readonly SharedFolder[] = [];
  readonly input: VmInput;
  readonly screen: MachineScreen | null;
  readonly speaker: MachineSpeaker | null;
  private readonly resolved: ResolvedConfig;
  private readonly assets: VmAssets;
  private readonly log: Log;
  private readonly images: MachineImages;
  private readonly driveBay: DriveBay;
  private readonly events = new Emitter<VmEvents>((error) => this.log.warn('listener', String(error)));
  private readonly port: SerialPort;
  private readonly inputPort: InputPort;
  private readonly panicWatch: PanicWatch;
  private readonly abort = new AbortController();
  private readonly settleEnded: (end: { outcome: VmOutcome; code: number }) => void;
  private current: VmState = 'created';
  private session: Session | null = null;
  /** A session that ended and still has images to close. */
  private closing: Promise<void> | undefined;
  private stopRequest: StopRequest | null = null;
  /** Who waits for the registers. */
  private readonly inspections: { resolve(registers: string): void; reject(error: VmError): void }[] = [];
  /** While someone waits for the vCPU to stand still, undigested output must not hold it back. */
  private urgent = 0;
  /** The host wants the machine paused; it is, once its state says so. */
  private pauseWanted = false;
  private end: { outcome: VmOutcome; code: number } | null = null;
  private panicked = false;
  private firstSerialMs: number | null = null;
  private lastReport: VmReport | null = null;

  constructor(config: VmConfig, assets: VmAssets) {
    if (globalThis.crossOriginIsolated === false) {
      throw new VmError(
        'not-isolated',
        'This page is not cross-origin isolated, so it gets no shared memory: serve it over https (or from localhost) with ' +
          'the headers "Cross-Origin-Opener-Policy: same-origin" and "Cross-Origin-Embedder-Policy: require-corp".',
      );
    }
    this.resolved = resolveConfig(config);
    const { vga, devices } = this.resolved;
    this.screen = vga === 'none' && !hasScreen(devices) ? null : new MachineScreen();
    this.speaker = this.resolved.sound ? new MachineSpeaker() : null;
    this.config = Object.freeze({ ...config });
    this.assets = assets;
    this.log = new Log(assets.log ?? warnOnly);
    let settle: (end: { outcome: VmOutcome; code: number }) => void = () => {};
    this.ended = new Promise((resolve) => {
      settle = resolve;
    });
    this.settleEnded = settle;
    this.images = new MachineImages({
      signal: this.abort.signal,
      cacheBytes: this.resolved.cache,
      recordReads: config.recordReads ?? false,
      log: this.log,
      stream: (drive, stream) => this.events.emit('stream', { drive, stream }),
      progress: (progress) => this.events.emit('progress', progress),
    });
    this.driveBay = new DriveBay(() => this.session, this.images, this.resolved.drives);
    this.panicWatch = new PanicWatch((message) => {
      this.panicked = true;
      this.events.emit('panic', { message });
    });
    this.port = new SerialPort({
      inputReady: () => this.session?.board.serialReady(),
      hold: () => this.holdIfFull(),
      release: () => this.releaseIfEmpty(),
      firstOutput: () => {
        this.firstSerialMs = this.session?.clock.hostElapsedMs() ?? null;
      },
      failed: (error) => this.log.warn('serial listener', String(error)),
    });
    this.port.onData((bytes) => this.panicWatch.feed(bytes));
    this.serial = this.port;
    this.hostPorts = new HostPorts(this.resolved.devices, {
      device: () => this.session?.board.virtioSerial,
      hold: () => this.holdIfFull(),
      release: () => this.releaseIfEmpty(),
      copied: (text) => this.events.emit('clipboard', { text }),
      log: this.log,
    });
    this.ports = this.hostPorts.streams;
    this.clipboard = this.hostPorts.clipboard;
    this.inputPort = new InputPort(() => this.session?.board.input);
    this.input = this.inputPort;
  }

  resizeConsole(columns: number, rows: number): void {
    this.session?.board.virtioSerial?.console.resize(columns, rows);
  }

  get state(): VmState {
    return this.current;
  }

  on<K extends keyof VmEvents>(event: K, listener: (detail: VmEvents[K]) => void): Unsubscribe {
    return this.events.on(event, listener);
  }

  async start(): Promise<void> {
    this.expectState('start', 'created');
    this.setState('loading');
    let session: Session;
    try {
      session = await this.load();
    } catch (error) {
      // A worker that died has ended the machine already, and is the reason.
      if (this.end && this.end.outcome !== 'error') {
        throw new VmError('bad-config', 'The machine was ended while it was loading.');
      }
      const failure = asVmError(error);
      this.fail(failure);
      throw failure;
    }
    session.start();
    this.setState('running');
    void this.runLoop(session);
  }

  async pause(): Promise<void> {
    if (this.current === 'paused') return;
    this.expectState('pause', 'running');
    const session = this.session!;
    this.pauseWanted = true;
    session.requestPause();
    await this.urgently(session, () => session.standstill());
    // The guest may have ended, or someone may have resumed it, while it came to a stop.
    if (this.current !== 'running' || !this.pauseWanted) return;
    session.server.drainAll();
    session.clock.stop();
    this.setState('paused');
  }

  async resume(): Promise<void> {
    this.expectState('resume', 'paused', 'running');
    const session = this.session!;
    this.pauseWanted = false;
    session.clock.start();
    session.withdrawPause();
    this.setState('running');
    session.retryRequests();
  }

  async flushDrives(): Promise<{ drive: string; message: string }[]> {
    return (await this.session?.flushDrives()) ?? [];
  }

  /** A drive's medium failed a request. */
  private ioError(drive: string, { operation, action, error }: FailedRequest): void {
    const { kind, message } = error;
    if (action === 'stop') {
      // One that ended meanwhile needs no pause.
      void this.pause().catch(() => {});
    }
    this.events.emit('ioerror', { drive, operation, action, nospace: kind === 'space', message });
  }

  async reset(): Promise<void> {
    this.expectState('reset', 'running', 'paused');
    this.requestStop({ kind: 'reset', outcome: 'reset', code: 0 });
  }

  async powerOff(): Promise<void> {
    if (this.end || this.current === 'destroyed') return;
    const session = this.session;
    if (!session || (this.current !== 'running' && this.current !== 'paused')) {
      this.abort.abort();
      this.finish('stopped', 0);
      return;
    }
    this.requestStop({ kind: 'end', outcome: this.panicked ? 'panic' : 'stopped', code: 0 });
    const timer = setTimeout(() => this.finish(this.panicked ? 'panic' : 'stopped', 0), STOP_TIMEOUT_MS);
    await this.urgently(session, () => this.ended);
    clearTimeout(timer);
  }

  get drives(): readonly DriveState[] {
    return this.driveBay.states();
  }

  changeMedium(drive: string, image: ImageSource | null): Promise<void> {
    return this.driveBay.change(drive, image);
  }

  resizeDrive(drive: string, size: number): Promise<void> {
    return this.driveBay.resize(drive, size);
  }

  keepDrive(drive: string, name: string, options: KeepOptions = {}): Promise<{ id: string; name: string }> {
    return this.driveBay.keep(drive, name, options);
  }

  eject(drive: string): Promise<boolean> {
    return this.driveBay.eject(drive);
  }

  get folders(): readonly VmFolder[] {
    return this.sharedFolders.map(hostFolder);
  }

  get queues(): readonly QueueState[] {
    return (this.session?.board.devices ?? []).flatMap((device) => device.queueStates?.() ?? []);
  }

  get balloon(): VmBalloon | null {
    const balloon = this.session?.board.balloon;
    return balloon ? hostBalloon(balloon) : null;
  }

  memoryUse(): { used: number; total: number } | null {
    return this.session && sampleMemory(this.session.memory);
  }

  report(): VmReport {
    return this.lastReport ?? this.makeReport();
  }

  bootRecording(): BootRecording {
    return this.images.recording();
  }

  async destroy(): Promise<void> {
    if (this.current === 'destroyed') return;
    this.lastReport ??= this.makeReport();
    this.abort.abort();
    const session = this.session;
    this.screen?.connect(null);
    this.speaker?.connect(null);
    this.session = null;
    this.end ??= { outcome: 'stopped', code: 0 };
    this.settleEnded(this.end);
    this.setState('destroyed');
    this.events.clear();
    this.port.dispose();
    this.hostPorts.dispose();
    this.inputPort.dispose();
    this.screen?.destroy();
    await session?.close();
    await this.closing;
    await this.images.close();
  }

  /** Everything up to the first instruction. */
  private async load(): Promise<Session> {
    const { assets, config, resolved } = this;
    const clock = wallClockOf(config.icount ?? null);
    const core = typeof assets.core === 'function' ? assets.core(resolved.arch) : assets.core;
    // Before the images: its script loads meanwhile, and the core gets warm.
    const vcpu = new VcpuHost(assets.createWorker, (error) => this.fail(error));
    const compiling = loadCore(core).then((module) => {
      warmUpOnce(module, resolved.arch, vcpu);
      return module;
    });
    // Awaited below, unless what comes before it fails.
    compiling.catch(() => {});
    let opening: ReturnType<typeof openDrives> | null = null;
    let session: Session | null = null;
    try {
      await this.images.open();
      opening = openDrives(resolved.drives, this.images.context);
      const [module, images, drives, folders] = await Promise.all([
        compiling,
        loadBootImages(config, resolved, {
          firmwareUrl: assets.firmwareUrl,
          log: this.log,
          onProgress: (progress) => this.events.emit('progress', progress),
          ...this.images.context,
        }),
        opening,
        loadFolders(config.folders ?? [], () => (this.session?.wallClock ?? clock).now(), this.abort.signal),
      ]);
      this.abort.signal.throwIfAborted();
      session = new Session({
        config: resolved,
        icount: config.icount ?? null,
        images,
        drives,
        folders,
        commandLine: config.append ?? '',
        nographic: config.nographic,
        log: this.log,
        power: {
          powerOff: (code) => this.requestStop({ kind: 'end', outcome: 'poweroff', code }),
          reset: () => this.requestStop(this.resetRequest()),
        },
        serial: this.port,
        ports: this.hostPorts.ends,
        leds: (lit) => this.inputPort.leds(lit),
        vcpu,
        screenChanged: () => this.screen?.changed(),
        speaker: this.speaker,
        staysOpen: (drive) => this.images.hold(drive),
        ioError: (drive, failed) => this.ioError(drive, failed),
        failed: (error) => this.fail(asVmError(error)),
      });
      await vcpu.init({
        memory: session.memory.memory,
        module,
        index: 0,
        arch: resolved.arch,
        tier: resolved.tier,
      });
      await session.reset();
      this.abort.signal.throwIfAborted();
      this.session = session;
      this.sharedFolders = folders;
      this.screen?.connect(session);
      return session;
    } catch (error) {
      if (session) await session.close();
      else {
        vcpu.terminate();
        await opening?.then(closeDrives, () => {});
      }
      throw error;
    }
  }

  /** Runs the vCPU until the guest or the host ends it; resets start it again. */
  private async runLoop(session: Session): Promise<void> {
    try {
      for (;;) {
        const result = await session.vcpu.run().catch(async (error) => {
          throw await crashError(session, error);
        });
        if (this.session !== session || this.end) return;
        session.server.drainAll();
        session.clock.stop();
        if (result === RESULT_RESET) await this.shutDown(session);
        else if (result !== RESULT_STOP) throw await hangError(session, result);
        await this.inspect(session);
        const request = this.stopRequest;
        if (request === null) continue;
        if (request.kind === 'end') {
          this.finish(request.outcome, request.code);
          return;
        }
        this.stopRequest = null;
        await session.reset();
        this.panicked = false;
        this.panicWatch.reset();
        if (this.current !== 'paused') session.clock.start();
        if (this.pauseWanted) session.requestPause();
        this.holdIfFull();
        this.events.emit('reset', { guest: request.guest ?? false });
      }
    } catch (error) {
      if (this.session === session) this.fail(asVmError(error));
    }
  }

  /** The processor shut down, as an x86 one does at a fault in the handler of a double fault: a PC resets itself then. */
  private async shutDown(session: Session): Promise<void> {
    // The first has a person know where; a guest that does nothing else must not flood the log.
    const registers = await session.vcpu.describe();
    if (this.log.guestErrors('vcpu') === 0) this.log.warn('vcpu', `shut down (triple fault)\n${registers}`);
    this.log.guestError('vcpu', 'shut down (triple fault)');
    this.requestStop(this.resetRequest());
  }

  /** What a reset that the guest asks for leads to. */
  private resetRequest(): StopRequest {
    return { kind: this.config.noReboot ? 'end' : 'reset', outcome: 'reset', code: 0, guest: true };
  }

  async monitor(command: string): Promise<string> {
    const { session } = this;
    if (!session || (this.current !== 'running' && this.current !== 'paused'))
      throw new VmError('bad-config', 'monitor(): the machine does not run.');
    const [{ runCommand }, { monitorTarget }] = await Promise.all([
      import('../monitor/monitor.ts'),
      import('./monitor-target.ts'),
    ]);
    const { arch } = this.config;
    const { memory } = this.resolved;
    const image = (drive: string) => this.driveBay.imageOf(drive);
    return runCommand(
      monitorTarget(this, { arch, memory }, session, () => this.describe(session), image),
      command,
    );
  }

  /** The vCPU's registers: it leaves its loop for them, and goes on. */
  private describe(session: Session): Promise<string> {
    return new Promise((resolve, reject) => {
      this.inspections.push({ resolve, reject });
      session.requestStop();
      session.server.release();
      void this.ended.then(() => reject(new VmError('bad-config', 'The machine has ended.')));
    });
  }

  /** Answers those who want to see the registers; the vCPU is out of its loop. */
  private async inspect(session: Session): Promise<void> {
    const waiting = this.inspections.splice(0);
    if (waiting.length === 0) return;
    const registers = await session.vcpu.describe();
    for (const { resolve } of waiting) resolve(registers);
    if (this.stopRequest !== null) return;
    session.memory.withdrawAll(REQUEST_STOP);
    if (this.current !== 'paused') session.clock.start();
    if (this.pauseWanted) session.requestPause();
  }

  private requestStop(request: StopRequest): void {
    // Pulling the plug overrides what the guest asked for; apart from that the first request counts.
    if (this.stopRequest === null || (request.kind === 'end' && this.stopRequest.kind === 'reset')) {
      this.stopRequest = request;
    }
    this.session?.requestStop();
    this.session?.server.release();
  }

  /** Lets the guest run on while `wait` is pending even if listeners have not digested its output. */
  private async urgently<T>(session: Session, wait: () => Promise<T>): Promise<T> {
    this.urgent++;
    session.server.release();
    try {
      return await wait();
    } finally {
      this.urgent--;
      this.holdIfFull();
    }
  }

  /** Some listener has too much output to digest, of whichever port. */
  private get full(): boolean {
    return this.port.holding || this.hostPorts.holding;
  }

  private holdIfFull(): void {
    if (this.full && this.urgent === 0) this.session?.server.hold();
  }

  private releaseIfEmpty(): void {
    if (!this.full) this.session?.server.release();
  }

  private finish(outcome: VmOutcome, code: number): void {
    if (this.end) return;
    const end = { outcome, code };
    this.end = end;
    const drives = this.session?.closeDrives() ?? [];
    this.wind('stopped');
    const tell = (): void => {
      this.events.emit('exit', end);
      this.settleEnded(end);
    };
    // Who is told that the machine has ended may end the page: images have what they hold back by then.
    if (drives.length === 0) tell();
    else void Promise.all(drives).then(tell);
  }

  private fail(error: VmError): void {
    if (this.end) return;
    this.end = { outcome: 'error', code: 1 };
    this.wind('error');
    this.events.emit('error', { code: error.code, message: error.message });
    this.events.emit('exit', this.end);
    this.settleEnded(this.end);
  }

  /** Takes the machine down, keeping only its report. */
  private wind(state: VmState): void {
    this.port.flush();
    this.session?.clock.stop();
    this.lastReport = this.makeReport();
    this.driveBay.machineEnds();
    const session = this.session;
    this.session = null;
    this.screen?.connect(null);
    this.speaker?.connect(null);
    this.closing = session?.close().catch((error: unknown) => this.log.warn('machine', String(error)));
    this.setState(state);
  }

  private makeReport(): VmReport {
    return vmReport(this.session?.counters() ?? noCounters(), {
      outcome: this.end?.outcome ?? 'running',
      guestMs: this.session?.clock.hostElapsedMs() ?? 0,
      firstSerialMs: this.firstSerialMs,
    });
  }

  private setState(state: VmState): void {
    if (this.current === state || this.current === 'destroyed') return;
    this.current = state;
    this.events.emit('state', state);
  }

  private expectState(action: string, ...states: VmState[]): void {
    if (states.includes(this.current)) return;
    throw new VmError(
      'bad-config',
      `${action}() is not possible while the machine is ${this.current}: it must be ${states.join(' or ')}.`,
    );
  }
}

function warnOnly(entry: { level: string; source: string; message: string }): void {
  if (entry.level === 'warn') console.warn(`${entry.source}: ${entry.message}`);
}
