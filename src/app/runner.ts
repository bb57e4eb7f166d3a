/**
 * The headless page: boots machines for a program that drives it through Playwright (src/cli/runner-page.ts). It has
 * no user interface; a terminal is loaded only when a screen is asked for. core/runner-api.ts is its contract.
 */
import { VmError } from '../core/errors.ts';
import type {
  RunnerAction,
  RunnerApi,
  RunnerConfig,
  RunnerError,
  RunnerMessage,
  RunnerPost,
  RunnerResult,
} from '../core/runner-api.ts';
import type { Vm } from '../core/vm-api.ts';
import { bootVm } from '../element/boot.ts';
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
}

const entries = new Map<number, Entry>();

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
  options: { screen: boolean },
): Promise<null> {
  if (entries.has(id)) throw new VmError('internal', `machine ${id} exists already`);
  const vm = bootVm({ nographic: true, ...config }, firmware, ({ level, source, message }) => {
    if (level === 'warn') void post({ vm: id, type: 'warning', source, message });
    else if (level === 'info') void post({ vm: id, type: 'log', source, message });
  });
  const entry: Entry = { vm };
  entries.set(id, entry);
  if (options.screen) {
    const { RunnerScreen } = await import('./runner-screen.ts');
    entry.screen = new RunnerScreen((data) => vm.serial.write(data));
  }
  vm.serial.onData((bytes) => {
    const taken = post({ vm: id, type: 'serial', data: toLatin1(bytes), ms: vm.report().guestMs });
    const drawn = entry.screen?.write(bytes);
    return drawn ? Promise.all([taken, drawn]).then(() => {}) : taken;
  });
  vm.on('state', (state) => void post({ vm: id, type: 'state', state }));
  vm.on('progress', (progress) => void post({ vm: id, type: 'progress', ...progress }));
  vm.on('panic', ({ message }) => void post({ vm: id, type: 'panic', message, ms: vm.report().guestMs }));
  vm.on('error', (error) => void post({ vm: id, type: 'error', error }));
  vm.on('exit', ({ outcome, code }) => void post({ vm: id, type: 'exit', outcome, code }));
  await vm.start();
  return null;
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
  send: (id, data) =>
    attempt(() => {
      find(id).vm.serial.write(fromLatin1(data));
      return null;
    }),
  act: (id, action) => attempt(() => act(id, action)),
  drives: (id) => attempt(() => find(id).vm.drives),
  changeMedium: (id, drive, url) =>
    attempt(async () => {
      await find(id).vm.changeMedium(drive, url);
      return null;
    }),
  eject: (id, drive) => attempt(() => find(id).vm.eject(drive)),
  report: (id) => attempt(() => find(id).vm.report()),
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
