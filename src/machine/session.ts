/**
 * One running machine: its memory, clock, devices, exit server and vCPU worker, wired up. Made by vm.ts once the images
 * are there; thrown away as a whole.
 */
import type { BlockNode, BlockResult } from '../block/block-node.ts';
import { hostTimeMs, type WallClock } from '../core/clock.ts';
import { type DiskCounts, ErrorPolicyNode, type FailedRequest } from '../block/filter/error-policy-node.ts';
import { VmError } from '../core/errors.ts';
import type { PowerControl } from '../core/irq.ts';
import type { Log } from '../core/log.ts';
import { SharedTimers } from '../memory/device-timers.ts';
import { SlotGuestMemory } from '../memory/guest-memory.ts';
import {
  COMM_COUNTERS,
  COUNTER_BACKED_OFF,
  COUNTER_CHECKED,
  COMM_EXIT_PENDING,
  COMM_RING_HEAD,
  COMM_RING_TAIL,
  COMM_RUN_STATE,
  COUNTER_COMPILE_NS,
  COUNTER_COUNT,
  COUNTER_DOORBELL,
  COUNTER_EXCEPTION,
  COUNTER_EXIT_MMIO_READ,
  COUNTER_EXIT_MMIO_WRITE,
  COUNTER_FLUSH,
  COUNTER_FLUSH_JUMPS,
  COUNTER_FLUSH_PAGE,
  COUNTER_FLUSH_SPACE,
  COUNTER_HALT,
  COUNTER_INSTRUCTIONS,
  COUNTER_INTERRUPT,
  COUNTER_INVALIDATE,
  COUNTER_JIT_INSTRUCTIONS,
  COUNTER_LOCAL,
  COUNTER_LOOKUP,
  COUNTER_NO_DESCRIPTOR,
  COUNTER_POSTED,
  COUNTER_QUEUE_FULL,
  COUNTER_REFUSED_BRANCH,
  COUNTER_REFUSED_INSNS,
  COUNTER_REFUSED_MODULE,
  COUNTER_REFUSED_UNCACHED,
  COUNTER_REGION_BYTES,
  COUNTER_REGION_ENTER,
  COUNTER_REGION_EVICTED,
  COUNTER_REGION_HELPERS,
  COUNTER_REGION_INSNS,
  COUNTER_REGION_KILLED,
  COUNTER_REGION_REFUSED,
  COUNTER_REGION_REMAPPED,
  COUNTER_REGIONS,
  COUNTER_SHADOW,
  COUNTER_SLEEP_NS,
  COUNTER_SLOW_ACCESS,
  COUNTER_TLB_FILL,
  COUNTER_TRANSLATED,
  COUNTER_WAITING_INSNS,
  REQUEST_PAUSE,
  REQUEST_STOP,
  RUN_STATE_PAUSED,
} from '../memory/layout.gen.ts';
import { SharedClock } from '../memory/shared-clock.ts';
import { VmMemory } from '../memory/vm-memory.ts';
import type { Board } from './board.ts';
import type { BootImages } from './boot/riscv-boot.ts';
import type { ResolvedConfig } from './config.ts';
import type { Drive } from './drives.ts';
import type { SharedFolder } from './folders.ts';
import { displaySlots } from './display-devices.ts';
import { DisplayHub } from './display-hub.ts';
import { flashSizes } from './pc-flash.ts';
import { ExitServer } from './exit-server.ts';
import { RequestsInFlight } from './requests-in-flight.ts';
import { rtcClock } from './rtc-options.ts';
import type { SerialPort } from './serial-port.ts';
import type { MachineSpeaker } from './speaker.ts';
import { STALL_LOOK_MS, StallWatch } from './stall-watch.ts';
import type { VcpuHost } from './vcpu-host.ts';

const MIB = 1048576;
/** Time of day at which a repeatable (-icount) machine starts: 2026-01-01T00:00:00Z, in ns. */
const FIXED_START = 1_767_225_600_000_000_000n;
/** The vCPU notifies its run state; looking again by the clock covers the one notify that a state passed in a hurry. */
const STATE_POLL_MS = 20;
/** How long a vCPU may take to leave its loop before its worker is terminated all the same, ms. */
const IDLE_LIMIT_MS = 100;

const STALLED =
  "The vCPU's worker gives no sign of life: the browser has ended it, perhaps for want of memory. Start the machine again.";

export interface SessionOptions {
  config: ResolvedConfig;
  icount: number | null;
  images: BootImages;
  drives: readonly Drive[];
  folders: readonly SharedFolder[];
  commandLine: string;
  nographic?: boolean | undefined;
  log: Log;
  power: PowerControl;
  serial: SerialPort;
  ports: readonly SerialPort[];
  leds(lit: number): void;
  vcpu: VcpuHost;
  /** There is something new to draw. */
  screenChanged(): void;
  speaker: MachineSpeaker | null;
  /** Whether somebody else closes a drive's disk, which is not done with when the machine has ended. */
  staysOpen(drive: string): boolean;
  /** A drive's medium failed a request. */
  ioError(drive: string, failed: FailedRequest): void;
  /** An assertion of ours failed while a guest access was handled, or a vCPU died without a word. */
  failed(error: unknown): void;
}

/** What the vCPUs counted, by name; see the COUNTER_* of layout.ts. */
export type Counters = Record<keyof typeof COUNTERS, number>;

const COUNTERS = {
  instructions: COUNTER_INSTRUCTIONS,
  jitInstructions: COUNTER_JIT_INSTRUCTIONS,
  sleepNs: COUNTER_SLEEP_NS,
  mmioRead: COUNTER_EXIT_MMIO_READ,
  mmioWrite: COUNTER_EXIT_MMIO_WRITE,
  posted: COUNTER_POSTED,
  doorbell: COUNTER_DOORBELL,
  shadow: COUNTER_SHADOW,
  local: COUNTER_LOCAL,
  halt: COUNTER_HALT,
  regions: COUNTER_REGIONS,
  regionBytes: COUNTER_REGION_BYTES,
  regionsEvicted: COUNTER_REGION_EVICTED,
  compileNs: COUNTER_COMPILE_NS,
  regionInstructions: COUNTER_REGION_INSNS,
  regionsKilled: COUNTER_REGION_KILLED,
  regionsRefused: COUNTER_REGION_REFUSED,
  checked: COUNTER_CHECKED,
  regionEntries: COUNTER_REGION_ENTER,
  lookups: COUNTER_LOOKUP,
  translated: COUNTER_TRANSLATED,
  tlbFills: COUNTER_TLB_FILL,
  tlbFlushes: COUNTER_FLUSH,
  spaceFlushes: COUNTER_FLUSH_SPACE,
  pageFlushes: COUNTER_FLUSH_PAGE,
  jumpFlushes: COUNTER_FLUSH_JUMPS,
  exceptions: COUNTER_EXCEPTION,
  interrupts: COUNTER_INTERRUPT,
  invalidations: COUNTER_INVALIDATE,
  branchInside: COUNTER_REFUSED_BRANCH,
  uncachedPage: COUNTER_REFUSED_UNCACHED,
  engineRefused: COUNTER_REFUSED_MODULE,
  queueFull: COUNTER_QUEUE_FULL,
  noDescriptor: COUNTER_NO_DESCRIPTOR,
  rewritten: COUNTER_BACKED_OFF,
  remapped: COUNTER_REGION_REMAPPED,
  refusedInstructions: COUNTER_REFUSED_INSNS,
  waitingInstructions: COUNTER_WAITING_INSNS,
  slowAccesses: COUNTER_SLOW_ACCESS,
  helperCalls: COUNTER_REGION_HELPERS,
} as const;

const COUNTER_NAMES = Object.keys(COUNTERS) as (keyof typeof COUNTERS)[];

export class Session {
  readonly memory: VmMemory;
  readonly clock: SharedClock;
  readonly wallClock: WallClock;
  readonly board: Board;
  readonly server: ExitServer;
  /** Null: no graphics. */
  readonly displayHub: DisplayHub | null;
  private readonly processor: number;
  readonly vcpu: VcpuHost;
  private readonly drives: readonly (Drive & { node: ErrorPolicyNode | null })[];
  /** Under -icount. */
  private readonly requests: RequestsInFlight | null;
  private readonly speaker: MachineSpeaker | null;
  private readonly staysOpen: (drive: string) => boolean;
  private readonly log: Log;
  private readonly timers: SharedTimers;
  private readonly failed: (error: unknown) => void;
  private stateWait: Promise<unknown> = Promise.resolve();
  private watchTimer: ReturnType<typeof setInterval> | undefined;
  private closed = false;
  private closingDrives: Promise<unknown>[] | null = null;
  private readonly taskChannel = new MessageChannel();
  private readonly tasks: (() => void)[] = [];
  /** Counts up to the last reset. */
  private before = noCounters();

  /** @throws VmError out-of-memory, unsupported, or what the images deserve */
  constructor(options: SessionOptions) {
    const { config, icount, images, serial } = options;
    const ramBytes = config.memory * MIB;
    const romBytes = images.firmware ? [images.firmware.length] : flashSizes(options.drives);
    this.vcpu = options.vcpu;
    this.processor = config.processor;
    this.failed = options.failed;
    this.taskChannel.port1.onmessage = () => this.runTask();
    this.requests = icount === null ? null : new RequestsInFlight();
    this.drives = options.drives.map((drive) => {
      const node = this.watched(drive.node);
      const told = (failed: FailedRequest): void => options.ioError(drive.name, failed);
      // Outside of what is counted: a request that waits for the machine to go on must not keep it from standing still.
      return { ...drive, node: node && new ErrorPolicyNode(node, drive.errors, told) };
    });
    this.speaker = options.speaker;
    this.staysOpen = options.staysOpen;
    this.log = options.log;
    this.memory = new VmMemory({
      vcpus: config.smp,
      slots: [...config.board.slots(ramBytes, romBytes, config.vga), ...displaySlots(config.devices)],
      icount,
    });
    this.clock = new SharedClock(this.memory);
    this.wallClock = wallClockOf(icount, this.clock);
    this.speaker?.connect(this);
    this.timers = new SharedTimers(this.memory);
    this.board = config.board.build({
      vm: this.memory,
      memory: new SlotGuestMemory(this.memory),
      clock: this.clock,
      wallClock: this.wallClock,
      rtc: rtcClock(config.rtc, this.wallClock, this.clock),
      timers: this.timers,
      log: options.log,
      power: options.power,
      serial,
      ports: options.ports,
      leds: options.leds,
      arch: config.arch,
      ramBytes,
      images,
      drives: this.drives,
      devices: config.devices,
      folders: options.folders,
      ...(icount === null && { later: (task: () => void) => this.later(task) }),
      vga: config.vga,
      monitor: config.monitor,
      screenChanged: options.screenChanged,
      commandLine: options.commandLine,
      firmware: {
        boot: config.boot,
        smbios: config.smbios,
        ...(options.nographic !== undefined && { nographic: options.nographic }),
      },
      random:
        icount === null ? (bytes) => crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>) : fixedBytes,
    });
    const [display] = this.board.displays;
    this.displayHub = display ? new DisplayHub(this.memory, display, options.screenChanged) : null;
    this.server = new ExitServer(this.memory, this.timers, {
      regions: this.board.regions,
      doorbellCount: this.board.doorbells.length,
      doorbell: (number) => {
        const { device, offset, value } = this.board.doorbells[number];
        device.doorbell?.(offset, value);
      },
      ...(this.requests && { settled: () => this.requests!.settled() }),
      turnEnd: () => {
        serial.flush();
        for (const port of options.ports) port.flush();
        this.displayHub?.look();
        options.speaker?.look();
      },
      failed: options.failed,
    });
  }

  /** As a macrotask: painting and input come first. */
  private later(task: () => void): void {
    this.tasks.push(task);
    this.taskChannel.port2.postMessage(null);
  }

  private runTask(): void {
    const task = this.tasks.shift();
    if (this.closed || !task) return;
    try {
      task();
    } catch (error) {
      this.failed(error);
    }
  }

  /** Starts the clock, the service of the vCPUs and the watch over them. */
  start(): void {
    this.clock.start();
    this.server.start();
    const watch = new StallWatch(this.memory);
    this.watchTimer = setInterval(() => {
      if (watch.look()) this.failed(new VmError('worker-died', STALLED));
    }, STALL_LOOK_MS);
  }

  /** Puts machine and vCPU into their reset state; the vCPU is stopped before and after. RAM keeps what is not loaded anew. */
  async reset(): Promise<void> {
    // First of all: a stop that is asked for from here on is a new one.
    this.memory.withdrawAll(REQUEST_STOP);
    this.server.forget();
    this.before = this.counters();
    for (let i = 0; i < this.memory.vcpus; i++) {
      const area = this.memory.vcpu(i);
      this.memory.store(area + COMM_RING_HEAD, this.memory.load(area + COMM_RING_TAIL));
      this.memory.store(area + COMM_EXIT_PENDING, 0);
      for (let i = 0; i < COUNTER_COUNT; i++)
        Atomics.store(this.memory.i64, (area + COMM_COUNTERS) / 8 + i, 0n);
    }
    this.clock.reset();
    for (const { node } of this.drives) node?.drop();
    this.speaker?.silence();
    await this.board.reset();
    await this.vcpu.reset({ pc: BigInt(this.board.resetPc), processor: this.processor });
  }

  requestStop(): void {
    this.memory.requestAll(REQUEST_STOP);
    this.memory.withdrawAll(REQUEST_PAUSE);
  }

  requestPause(): void {
    this.memory.requestAll(REQUEST_PAUSE);
  }

  withdrawPause(): void {
    this.memory.withdrawAll(REQUEST_PAUSE);
  }

  /** Resolves once every vCPU has paused, or the session is closed. */
  async standstill(): Promise<void> {
    for (let i = 0; i < this.memory.vcpus; i++) {
      const word = (this.memory.vcpu(i) + COMM_RUN_STATE) >> 2;
      for (;;) {
        const state = Atomics.load(this.memory.i32, word);
        if (this.closed || state === RUN_STATE_PAUSED) break;
        const wait = Atomics.waitAsync(this.memory.i32, word, state, STATE_POLL_MS);
        if (wait.async) await (this.stateWait = wait.value);
      }
    }
  }

  /** Ends the service, settles every pending wait, then terminates the worker; only in this order is the memory freed. */
  async close(): Promise<void> {
    this.closed = true;
    this.taskChannel.port1.close();
    this.displayHub?.close();
    clearInterval(this.watchTimer);
    for (let i = 0; i < this.memory.vcpus; i++) {
      Atomics.notify(this.memory.i32, (this.memory.vcpu(i) + COMM_RUN_STATE) >> 2);
    }
    // A worker out of its loop is gone at once; Chromium lets one that is still in it run on for 2 s (measured).
    this.server.release();
    this.requestStop();
    await this.vcpu.idle(IDLE_LIMIT_MS);
    await Promise.all([this.server.dispose(), this.stateWait]);
    this.vcpu.terminate();
    await Promise.all(this.closeDrives());
  }

  /** Tries again the requests for which the machine was stopped. */
  retryRequests(): void {
    for (const { node } of this.drives) node?.retry();
  }

  /** Has all images store what they hold back. @returns the drives that could not */
  async flushDrives(): Promise<{ drive: string; message: string }[]> {
    // Past the policy: who asks here is told.
    const results = this.drives.map(({ name, node }) => ({ drive: name, result: node?.file.flush() }));
    const failed = await Promise.all(
      results.map(async ({ drive, result }) => {
        const done = await result;
        return done && !done.ok && done.error.kind !== 'read-only'
          ? [{ drive, message: done.error.message }]
          : [];
      }),
    );
    return failed.flat();
  }

  /** What the guest asked of a drive's first medium. */
  counts(drive: string): DiskCounts | null {
    const found = this.drives.find(({ name }) => name === drive)?.node;
    return found ? { ...found.counts } : null;
  }

  /** An image as a device of this machine may have it. */
  watched(node: BlockNode | null): BlockNode | null {
    return node && this.requests ? this.requests.watch(node) : node;
  }

  /** Closes all images, the first time. @returns what has to be waited for; failures are reported */
  closeDrives(): Promise<unknown>[] {
    this.closingDrives ??= this.drives.flatMap(({ name, node }) => {
      const report = (result: BlockResult): void => {
        if (!result.ok)
          this.log.warn('machine', `The image of ${name} was not closed: ${result.error.message}`);
      };
      if (this.staysOpen(name)) {
        node?.drop();
        return [];
      }
      const closed = node?.close();
      if (closed instanceof Promise) return closed.then(report);
      if (closed) report(closed);
      return [];
    });
    return this.closingDrives;
  }

  /** Counters of all vCPUs since the machine started, resets included: a vCPU's own start again at each. */
  counters(): Counters {
    const sums = { ...this.before };
    for (const name of COUNTER_NAMES) {
      for (let i = 0; i < this.memory.vcpus; i++) {
        sums[name] += Number(Atomics.load(this.memory.i64, (this.memory.vcpu(i) + COUNTERS[name]) / 8));
      }
    }
    return sums;
  }
}

const HOST_WALL_CLOCK: WallClock = { now: () => BigInt(Math.floor(hostTimeMs() * 1e3)) * 1000n };

/** The time of day; under -icount the same in every run. Without a guest's clock it is that of its start. */
export function wallClockOf(icount: number | null, clock?: SharedClock): WallClock {
  return icount === null ? HOST_WALL_CLOCK : { now: () => FIXED_START + (clock?.now() ?? 0n) };
}

/** All counters at 0. */
export function noCounters(): Counters {
  return Object.fromEntries(COUNTER_NAMES.map((name) => [name, 0])) as Counters;
}

/** The same bytes in every run. */
function fixedBytes(bytes: Uint8Array): void {
  for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 37 + 11) & 0xff;
}
