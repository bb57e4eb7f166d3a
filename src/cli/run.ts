import { accessSync, constants, statSync, writeFileSync } from 'node:fs';
import { constants as osConstants } from 'node:os';
import { dirname, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { VmError } from '../core/errors.ts';
import type { VmReport } from '../core/vm-api.ts';
import { HostError, launchChromium } from './chromium.ts';
import type { CliOptions, MediumStep, MonitorStep } from '../command/cli-options.ts';
import { StdioConsole } from './console.ts';
import type { RunnerPort } from '../core/runner-api.ts';
import { ChardevFile } from './chardev-file.ts';
import { FolderSync } from './folder-sync.ts';
import { guestConfig } from './guest-config.ts';
import { checkImage } from './guest-files.ts';
import { EMPTY_REPORT, exitStatus, makeReport, type RunOutcome, type RunReport } from './report.ts';
import { type GuestConfig, type GuestVm, RunnerPage } from './runner-page.ts';
import { ScriptRunner } from './script.ts';
import { startSiteServer } from './site-server.ts';
import { UsageError } from '../command/usage-error.ts';

/** How a run came to its end, before the report is made of it. */
interface Ending {
  outcome: RunOutcome;
  exitCode?: number;
  error?: RunReport['error'];
  /** Overrides the exit status: 128 + signal. */
  signal?: number;
}

/** A panicking kernel still prints its trace after the line that gives it away. */
const PANIC_GRACE_MS = 1000;

/** How long a machine that a drive's failure has paused stays so. */
const TRY_AGAIN_MS = 5000;

/** A page that does not answer this long has no report to give. */
const REPORT_LIMIT_MS = 5000;
/** For closing images that are written to. */
const CLOSE_LIMIT_MS = 5000;

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Runs one guest as the options say. Returns the exit status; throws UsageError where nothing can be tried at all. */
export function run(options: CliOptions): Promise<number> {
  checkOutputs(options);
  const config = guestConfig(options);
  for (const step of options.script)
    if ('drive' in step && step.file !== null) checkImage('--change', step.file);
  return new GuestRun(options).run(config);
}

/** The report and the picture come last: find out first that they can be written. */
function checkOutputs({ json, screenshot, recordBoot }: CliOptions): void {
  for (const [option, path] of [
    ['--json', json],
    ['--screenshot', screenshot],
    ['--record-boot', recordBoot],
  ] as const) {
    if (path === undefined) continue;
    const folder = dirname(resolve(path));
    try {
      if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw new Error('it is a folder');
      accessSync(folder, constants.W_OK);
    } catch (error) {
      throw new UsageError(`${option} ${path}: cannot be written (${(error as Error).message})`);
    }
  }
}

class GuestRun {
  readonly #options: CliOptions;
  readonly #script: ScriptRunner;
  readonly #console: StdioConsole;
  readonly #ended: Promise<Ending>;
  readonly #cleanups: (() => Promise<unknown>)[] = [];
  #end!: (ending: Ending) => void;
  readonly #files = new Map<string, ChardevFile>();
  #serialFile: ChardevFile | undefined;
  #page: RunnerPage | undefined;
  #vm: GuestVm | undefined;
  /** Typed before there was a machine to type to. */
  #early: Uint8Array[] = [];

  constructor(options: CliOptions) {
    this.#options = options;
    this.#ended = new Promise((resolveEnding) => {
      this.#end = resolveEnding;
    });
    this.#script = new ScriptRunner(options.script, {
      send: (bytes) => this.#type(bytes),
      act: (step) => this.#act(step),
      done: () => this.#end({ outcome: 'expect' }),
    });
    this.#console = new StdioConsole({
      input: (bytes) => this.#type(bytes),
      quit: () => this.#end({ outcome: 'stopped' }),
    });
  }

  async run(config: GuestConfig): Promise<number> {
    this.#openFiles();
    this.#limitTime();
    this.#listenForSignals();
    // Whatever ends the run first decides; the browser may still be starting then.
    this.#start(config).catch((error) => this.#end(endingOf(error)));
    const ending = await this.#ended;
    this.#console.close();
    try {
      const report = await this.#report(ending);
      await this.#writeOutputs(report);
      const message = this.#explain(ending);
      // Register dumps and logs follow the first line; the report has them.
      if (message) process.stderr.write(`snowglobe: ${message.split('\n')[0]}\n`);
      return ending.signal === undefined
        ? exitStatus(report, this.#script.pending !== undefined)
        : 128 + ending.signal;
    } finally {
      for (const cleanup of this.#cleanups.reverse()) await cleanup().catch(() => {});
    }
  }

  async #start(config: GuestConfig): Promise<void> {
    const site = await startSiteServer();
    this.#cleanups.push(() => site.close());
    const browser = await launchChromium(this.#options.headed);
    this.#cleanups.push(() => browser.close());
    const page = await browser.newPage({ viewport: { width: 900, height: 480 } });
    this.#page = await RunnerPage.open(page, site);
    const vm = this.#page.createVm();
    this.#watch(vm);
    // However the run ends, images that are written to are closed as on a machine that is switched off.
    if (config.drives?.some(({ snapshot }) => snapshot === false)) {
      this.#cleanups.push(() =>
        Promise.race([vm.destroy(), wait(CLOSE_LIMIT_MS, undefined, { ref: false })]),
      );
    }
    if (this.#options.serial === 'stdio') this.#console.open();
    const ports = await vm.boot(config, {
      screen: this.#options.headed || this.#options.screenshot !== undefined,
    });
    this.#vm = vm;
    this.#shareFolders(vm);
    this.#connect(vm, ports);
    for (const bytes of this.#early.splice(0)) this.#type(bytes);
    this.#script.start();
  }

  /** What ports of virtio-serial devices say goes where their chardevs lead. */
  #connect(vm: GuestVm, ports: readonly RunnerPort[]): void {
    const files = ports.map(({ chardev }) => (chardev === null ? undefined : this.#files.get(chardev)));
    vm.on('port', ({ port, bytes }) => files[port]?.write(bytes));
  }

  /** Opens the files that ports say something to, before a browser starts for nothing. */
  #openFiles(): void {
    const { chardevs, serialFile } = this.#options;
    for (const [id, end] of Object.entries(chardevs))
      if (end.kind === 'file') this.#files.set(id, new ChardevFile(end.path));
    const same = Object.entries(chardevs).find(([, end]) => end.kind === 'file' && end.path === serialFile);
    if (serialFile !== undefined)
      this.#serialFile = same ? this.#files.get(same[0]) : new ChardevFile(serialFile);
    this.#cleanups.push(async () => {
      for (const file of new Set([...this.#files.values(), this.#serialFile])) file?.close();
    });
  }

  /** Puts what the guest writes into the host's folders, as it goes on and at the end. */
  #shareFolders(vm: GuestVm): void {
    const folders = (this.#options.folders ?? []).filter(({ readOnly }) => !readOnly);
    const sync = new FolderSync(vm, folders, (line) => process.stderr.write(`snowglobe: ${line}\n`));
    sync.start();
    this.#cleanups.push(() => sync.end());
  }

  #watch(vm: GuestVm): void {
    vm.on('serial', ({ bytes, ms }) => {
      if (this.#options.serial === 'stdio') this.#console.write(bytes);
      this.#serialFile?.write(bytes);
      this.#script.output(bytes, ms);
    });
    vm.on('warning', ({ source, message }) => {
      process.stderr.write(`snowglobe: ${source}: ${message}\n`);
    });
    const { debugcon, debugPort = 'debugcon' } = this.#options;
    vm.on('log', ({ source, message }) => {
      if (debugcon && source === debugPort) process.stderr.write(`${message}\n`);
    });
    vm.on('panic', ({ message }) => {
      const ending: Ending = { outcome: 'panic', error: { code: 'panic', message } };
      this.#later(PANIC_GRACE_MS, () => this.#end(ending));
    });
    let retrying = false;
    vm.on('ioerror', ({ drive, operation, action, message }) => {
      if (action !== 'stop') return;
      if (!retrying) {
        const what = `a ${operation} failed on ${drive}: ${message}`;
        process.stderr.write(
          `snowglobe: ${what}; the machine is paused, and tries again every few seconds\n`,
        );
      }
      retrying = true;
      this.#later(TRY_AGAIN_MS, () => void vm.resume().catch(() => {}));
    });
    vm.on('error', (error) => this.#end({ outcome: 'error', error }));
    vm.on('exit', ({ outcome, code }) => this.#end({ outcome, exitCode: code }));
  }

  #type(bytes: Uint8Array): void {
    if (this.#vm === undefined) this.#early.push(bytes);
    else this.#vm.send(bytes).catch((error) => this.#end(endingOf(error)));
  }

  /** Resolves only if it worked: a script does not go on without its medium. */
  async #act(step: MediumStep | MonitorStep): Promise<void> {
    try {
      if ('monitor' in step) {
        process.stderr.write(`${await this.#vm!.monitor(step.monitor)}\n`);
        return;
      }
      const { drive, file } = step;
      if (file !== null) await this.#vm!.changeMedium(drive, file);
      else if (!(await this.#vm!.eject(drive)))
        process.stderr.write(`snowglobe: the guest has locked ${drive}: its medium stays\n`);
    } catch (error) {
      this.#end(endingOf(error));
      await new Promise(() => {});
    }
  }

  #later(ms: number, work: () => void): void {
    const timer = setTimeout(work, ms);
    this.#cleanups.push(async () => clearTimeout(timer));
  }

  #limitTime(): void {
    const { timeout } = this.#options;
    if (timeout !== undefined) this.#later(timeout * 1000, () => this.#end({ outcome: 'timeout' }));
  }

  #listenForSignals(): void {
    for (const name of SIGNALS) {
      const listener = () => this.#end({ outcome: 'stopped', signal: osConstants.signals[name] });
      process.once(name, listener);
      this.#cleanups.push(async () => process.off(name, listener));
    }
  }

  async #report(ending: Ending): Promise<RunReport> {
    const asked = this.#vm?.report().catch(() => EMPTY_REPORT) ?? EMPTY_REPORT;
    const silence = new Promise<VmReport>((resolveSilence) =>
      this.#later(REPORT_LIMIT_MS, () => resolveSilence(EMPTY_REPORT)),
    );
    const { outcome, exitCode, error } = ending;
    return makeReport(await Promise.race([asked, silence]), {
      outcome,
      expectMs: this.#script.expectMs,
      exitCode,
      error,
    });
  }

  async #writeOutputs(report: RunReport): Promise<void> {
    const { json, screenshot, recordBoot } = this.#options;
    if (screenshot !== undefined && this.#page !== undefined && this.#vm !== undefined) {
      const picture = this.#options.nographic ? null : await this.#vm.screenshot();
      if (picture) writeFileSync(screenshot, picture);
      else {
        await this.#page.drawn();
        await this.#page.page.locator('.screen').screenshot({ path: screenshot });
      }
    }
    if (recordBoot !== undefined && this.#vm !== undefined)
      writeFileSync(recordBoot, `${JSON.stringify(await this.#vm.bootRecording())}\n`);
    if (json !== undefined) writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
  }

  /** One line for stderr, unless there is nothing to complain about. */
  #explain({ outcome, exitCode, error }: Ending): string | undefined {
    const { pending } = this.#script;
    const unmet = pending && `before --expect ${JSON.stringify(pending.source)} matched`;
    switch (outcome) {
      case 'error':
        return error?.message;
      case 'panic':
        return `the guest panicked${unmet ? ` ${unmet}` : ''}: ${error?.message ?? 'no reason given'}`;
      case 'timeout':
        return `time-out: ${this.#options.timeout} s were up ${unmet ?? 'and the guest still ran'}`;
      case 'poweroff':
        if (unmet) return `the guest powered off ${unmet}`;
        return exitCode ? `the guest powered off with failure code ${exitCode}` : undefined;
      case 'reset':
        return unmet && `the guest asked for a reset ${unmet}`;
      case 'stopped':
        return unmet && `stopped ${unmet}`;
      case 'expect':
        return undefined;
    }
  }
}

function endingOf(error: unknown): Ending {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof VmError) return { outcome: 'error', error: { code: error.code, message } };
  if (error instanceof HostError) return { outcome: 'error', error: { code: 'host', message } };
  if (error instanceof UsageError) return { outcome: 'error', error: { code: 'not-found', message } };
  // Playwright's messages go on with logs and stack traces of many lines.
  return {
    outcome: 'error',
    error: { code: 'host', message: `the browser failed: ${message.split('\n')[0]}` },
  };
}
