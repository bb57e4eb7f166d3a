/**
 * The headless page: boots machines for a program that drives it through Playwright (src/cli/runner-page.ts). It has
 * no user interface; a terminal is loaded only when a screen is asked for. core/runner-api.ts is its contract.
 */
import { VmError } from '../core/errors.ts';
import type { LogSink } from '../core/log.ts';
import type {
  RunnerAction,
  RunnerApi,
  RunnerBootOptions,
  RunnerConfig,
  RunnerError,
  RunnerInput,
  RunnerInputResult,
  RunnerMessage,
  RunnerPort,
  RunnerPost,
  RunnerResult,
  RunnerScreenState,
} from '../core/runner-api.ts';
import type { SerialStream, Vm, VmConfig, VmFolder } from '../core/vm-api.ts';
import { bootVm } from '../element/boot.ts';
import { FolderOutbox } from './folder-outbox.ts';
import { KeptImages } from './kept-images.ts';
import type { RunnerScreen } from './runner-screen.ts';

declare global {
  interface Window {
    snowglobeRunner: RunnerApi;
    snowglobePost: RunnerPost;
  }
}

interface Entry {
  vm: Vm;
  screen?: RunnerScreen;
  /** Of its shared folders, by their tags. */
  outboxes: Map<string, FolderOutbox>;
}

const entries = new Map<number, Entry>();
const kept = new KeptImages();

/** fromCharCode takes its bytes as arguments, and too many overflow the stack. */
const CHUNK = 0x4000;

function toLatin1(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += CHUNK) {
    text += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  }
  return text;
}

const fromLatin1 = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));

function toError(error: unknown): RunnerError {
  if (error instanceof VmError) return { code: error.code, message: error.message };
  return { code: 'internal', message: error instanceof Error ? error.message : String(error) };
}

/** Messages that wait while the driver takes the batch before: a busy guest makes batches larger, not more of them. */
let outbox: RunnerMessage[] = [];
let posting: Promise<void> | null = null;

/** Lines of the guest's log can wait for others: firmware writes one each millisecond, and taking a batch costs the driver as much. */
const LOG_DELAY_MS = 50;
let logTimer: ReturnType<typeof setTimeout> | undefined;

async function drain(): Promise<void> {
  // What happens in the same task belongs to the same batch.
  await Promise.resolve();
  while (outbox.length > 0) {
    const batch = outbox;
    outbox = [];
    await window.snowglobePost(batch);
    if (outbox.every(({ type }) => type === 'log')) break;
  }
  posting = null;
  if (outbox.length > 0) logTimer ??= setTimeout(send, LOG_DELAY_MS);
}

/** Queues a message; resolves when the driver has taken it, for a line of the log at once. */
function post(message: RunnerMessage): Promise<void> {
  const last = outbox.at(-1);
  if (
    message.type === 'serial' &&
    last?.type === 'serial' &&
    last.vm === message.vm &&
    last.port === message.port &&
    last.ms === message.ms
  ) {
    last.data += message.data;
  } else {
    outbox.push(message);
  }
  if (message.type === 'log' && posting === null) {
    logTimer ??= setTimeout(send, LOG_DELAY_MS);
    return Promise.resolve();
  }
  return send();
}

/** Sends what is in the outbox, and whatever comes while the driver takes it. */
function send(): Promise<void> {
  clearTimeout(logTimer);
  logTimer = undefined;
  posting ??= drain();
  return posting;
}

function find(id: number): Entry {
  const entry = entries.get(id);
  if (!entry) throw new VmError('internal', `there is no machine ${id} in this page`);
  return entry;
}

/** Turns an outcome into data, since an Error that leaves the page is only text. */
async function attempt<T>(work: () => T | Promise<T>): Promise<RunnerResult<T>> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    return { ok: false, error: toError(error) };
  }
}

async function boot(
  id: number,
  { firmware, ...config }: RunnerConfig,
  options: RunnerBootOptions,
): Promise<readonly RunnerPort[]> {
  if (entries.has(id)) throw new VmError('internal', `machine ${id} exists already`);
  const images: Pick<VmConfig, 'bios' | 'kernel' | 'initrd'> = options.keep ? await kept.of(config) : {};
  // A page that lives as long as its machine keeps nothing for later.
  const log: LogSink = ({ level, source, message }) => {
    if (level === 'warn') void post({ vm: id, type: 'warning', source, message });
    else if (level === 'info') void post({ vm: id, type: 'log', source, message });
  };
  const vm = bootVm({ nographic: true, ...config, ...images }, firmware, { log });
  const entry: Entry = { vm, outboxes: new Map() };
  entries.set(id, entry);
  if (options.screen) {
    const { RunnerScreen } = await import('./runner-screen.ts');
    entry.screen = new RunnerScreen((data) => vm.serial.write(data));
    entry.screen.show(vm.screen);
  }
  vm.serial.onData((bytes) => {
    const taken = post({ vm: id, type: 'serial', data: toLatin1(bytes), ms: vm.report().guestMs });
    const drawn = entry.screen?.write(bytes);
    return drawn ? Promise.all([taken, drawn]).then(() => {}) : taken;
  });
  for (const [port, { stream }] of vm.ports.entries()) {
    stream.onData((bytes) =>
      post({ vm: id, type: 'serial', port, data: toLatin1(bytes), ms: vm.report().guestMs }),
    );
  }
  vm.on('state', (state) => void post({ vm: id, type: 'state', state }));
  vm.on('progress', (progress) => void post({ vm: id, type: 'progress', ...progress }));
  vm.on('panic', ({ message }) => void post({ vm: id, type: 'panic', message, ms: vm.report().guestMs }));
  vm.on('ioerror', (failed) => void post({ vm: id, type: 'ioerror', ...failed }));
  vm.on('error', (error) => void post({ vm: id, type: 'error', error }));
  vm.on('exit', ({ outcome, code }) => void post({ vm: id, type: 'exit', outcome, code }));
  await vm.start();
  return vm.ports.map(({ name, console, chardev }) => ({ name, console, chardev }));
}

function streamOf(id: number, port: number | undefined): SerialStream {
  const { vm } = find(id);
  if (port === undefined) return vm.serial;
  const found = vm.ports[port];
  if (!found) throw new VmError('bad-config', `The machine has no port ${port}.`);
  return found.stream;
}

async function input(id: number, what: RunnerInput): Promise<RunnerInputResult> {
  const keyboard = find(id).vm.input;
  const result: RunnerInputResult = { missing: [], done: true };
  switch (what.type) {
    case 'key':
      if (!keyboard.key(what.code, what.down)) result.missing.push(what.code);
      break;
    case 'press':
      for (const code of what.codes) if (!keyboard.key(code, true)) result.missing.push(code);
      for (const code of what.codes.toReversed()) keyboard.key(code, false);
      break;
    case 'text':
      return keyboard.type(what.text, what.layout);
    case 'pointer':
      keyboard.pointer(what.pointer);
      break;
  }
  return result;
}

function screenState(id: number): RunnerScreenState | null {
  const { screen, input } = find(id).vm;
  if (!screen) return null;
  const { width, height, kind } = screen.scanout();
  return { width, height, mode: kind === 'blank' ? null : kind, absolute: input.absolute };
}

function folder(id: number, tag: string): VmFolder {
  const { folders } = find(id).vm;
  const found = folders.find((candidate) => candidate.tag === tag);
  if (found) return found;
  const tags = folders.map((candidate) => candidate.tag).join(', ');
  throw new VmError('bad-config', `There is no folder ${tag}: the machine has ${tags || 'none'}.`);
}

async function act(id: number, action: RunnerAction): Promise<null> {
  // A machine that could not even be created leaves nothing to destroy.
  if (action === 'destroy' && !entries.has(id)) return null;
  const entry = find(id);
  await entry.vm[action]();
  if (action === 'destroy') {
    entry.screen?.dispose();
    entries.delete(id);
  }
  return null;
}

window.snowglobeRunner = {
  boot: (id, config, options) => attempt(() => boot(id, config, options)),
  send: (id, data, port) =>
    attempt(() => {
      streamOf(id, port).write(fromLatin1(data));
      return null;
    }),
  input: (id, what) => attempt(() => input(id, what)),
  screenState: (id) => attempt(() => screenState(id)),
  listFolder: (id, tag) => attempt(() => folder(id, tag).list()),
  readFolder: (id, tag, path) =>
    attempt(() => {
      const bytes = folder(id, tag).read(path);
      return bytes && toLatin1(bytes);
    }),
  folderChanges: (id, tag, taken) =>
    attempt(() => {
      const { outboxes } = find(id);
      const found = outboxes.get(tag) ?? new FolderOutbox(() => folder(id, tag).changes());
      outboxes.set(tag, found);
      const batch = found.next(taken);
      const changes = batch.changes.map((change) => {
        if (change.kind !== 'file') return change;
        const { bytes, ...rest } = change;
        return { ...rest, data: toLatin1(bytes) };
      });
      return { ...batch, changes };
    }),
  act: (id, action) => attempt(() => act(id, action)),
  drives: (id) => attempt(() => find(id).vm.drives),
  changeMedium: (id, drive, url) =>
    attempt(async () => {
      await find(id).vm.changeMedium(drive, url);
      return null;
    }),
  resizeDrive: (id, drive, size) =>
    attempt(async () => {
      await find(id).vm.resizeDrive(drive, size);
      return null;
    }),
  eject: (id, drive) => attempt(() => find(id).vm.eject(drive)),
  monitor: (id, command) => attempt(() => find(id).vm.monitor(command)),
  report: (id) => attempt(() => find(id).vm.report()),
  bootRecording: (id) => attempt(() => find(id).vm.bootRecording()),
  screenText: (id) => attempt(() => find(id).vm.screen?.text() ?? ''),
  screenshot: (id) =>
    attempt(async () => {
      const { screen } = find(id).vm;
      if (!screen || screen.scanout().kind === 'blank') return null;
      const { screenshotPng } = await import('../element/screen-panel.ts');
      const png = await (await screenshotPng(screen)).arrayBuffer();
      return btoa(toLatin1(new Uint8Array(png)));
    }),
  drawn: async () => {
    for (const { screen } of entries.values()) await screen?.drawn();
  },
};
