import { describe, expect, it, vi } from 'vitest';
import { VmError } from '../core/errors.ts';
import type { Vm, VmEvents, VmReport } from '../core/vm-api.ts';
import { Session } from './session.ts';

const report = { outcome: 'running', guestMs: 5, instructions: 7, sleepMs: 0 } as VmReport;

/** A machine that does what the test tells it. */
function fakeVm(start: () => Promise<void> = async () => {}) {
  const listeners = new Map<string, (detail: never) => void>();
  const vm = {
    on: (event: string, listener: (detail: never) => void) => listeners.set(event, listener),
    start: vi.fn(start),
    destroy: vi.fn(async () => {}),
    report: () => report,
  } as unknown as Vm & { start: ReturnType<typeof vi.fn>; destroy: ReturnType<typeof vi.fn> };
  const emit = <K extends keyof VmEvents>(event: K, detail: VmEvents[K]) =>
    listeners.get(event)?.(detail as never);
  return { vm, emit };
}

function session() {
  const log: string[] = [];
  const attached: (Vm | null)[] = [];
  const it = new Session(
    {
      state: (state) => log.push(`state ${state}`),
      progress: ({ step }) => log.push(`progress ${step}`),
      exit: ({ outcome }) => log.push(`exit ${outcome}`),
      panic: ({ message }) => log.push(`panic ${message}`),
      reset: ({ guest }) => log.push(`reset ${guest}`),
      ioerror: ({ drive }) => log.push(`ioerror ${drive}`),
      stream: ({ drive }) => log.push(`stream ${drive}`),
      error: ({ code }) => log.push(`error ${code}`),
    },
    (vm) => attached.push(vm),
  );
  return { session: it, log, attached };
}

describe('Session', () => {
  it('tells the life of a machine from loading to power-off', async () => {
    const { vm, emit } = fakeVm();
    const { session: life, log, attached } = session();
    await life.start(async () => vm);
    emit('state', 'loading');
    emit('progress', { step: 'kernel', loaded: 1 });
    emit('state', 'running');
    emit('panic', { message: 'oops' });
    emit('reset', { guest: true });
    emit('state', 'stopped');
    emit('exit', { outcome: 'poweroff', code: 0 });
    expect(log).toEqual([
      'state loading',
      'progress kernel',
      'state running',
      'panic oops',
      'reset true',
      'state stopped',
      'exit poweroff',
    ]);
    expect(attached).toEqual([vm]);
    expect(life.state).toBe('stopped');
  });

  it('says once that a machine has failed, keeps its last report and frees it', async () => {
    const { vm, emit } = fakeVm();
    const { session: life, log } = session();
    await life.start(async () => vm);
    emit('state', 'running');
    emit('state', 'error');
    emit('error', { code: 'worker-died', message: 'gone' });
    emit('error', { code: 'internal', message: 'again' });
    emit('exit', { outcome: 'error', code: 1 });
    expect(log).toEqual(['state loading', 'state running', 'state error', 'error worker-died']);
    expect(life.report()).toBe(report);
    expect(vm.destroy).toHaveBeenCalledTimes(1);
  });

  it('turns a failure to build or to start into one error, and rejects with it', async () => {
    const building = session();
    await expect(
      building.session.start(async () => {
        throw new VmError('not-isolated', 'no');
      }),
    ).rejects.toMatchObject({ code: 'not-isolated' });
    expect(building.log).toEqual(['state loading', 'state error', 'error not-isolated']);

    const starting = session();
    const { vm, emit } = fakeVm(async () => {
      emit('error', { code: 'bad-image', message: 'cut short' });
      throw new VmError('bad-image', 'cut short');
    });
    await expect(starting.session.start(async () => vm)).rejects.toMatchObject({ code: 'bad-image' });
    expect(starting.log).toEqual(['state loading', 'state error', 'error bad-image']);
  });

  it('frees a machine that is finished after the session was given up, and never starts it', async () => {
    const { vm } = fakeVm();
    const { session: life, log } = session();
    let finish = (_: Vm) => {};
    const started = life.start(() => new Promise((resolve) => (finish = resolve)));
    await life.destroy();
    finish(vm);
    await started;
    expect(vm.start).not.toHaveBeenCalled();
    expect(vm.destroy).toHaveBeenCalledTimes(1);
    expect(log).toEqual(['state loading']);
  });

  it('is silent once destroyed, also when the interrupted start fails', async () => {
    let fail = (_: Error) => {};
    const { vm, emit } = fakeVm(() => new Promise((_, reject) => (fail = reject)));
    const { session: life, log, attached } = session();
    const started = life.start(async () => vm);
    await vi.waitFor(() => expect(vm.start).toHaveBeenCalled());
    await life.destroy();
    await life.destroy();
    emit('state', 'stopped');
    emit('exit', { outcome: 'stopped', code: 0 });
    fail(new Error('destroyed'));
    await started;
    expect(log).toEqual(['state loading']);
    expect(attached.at(-1)).toBeNull();
    expect(vm.destroy).toHaveBeenCalledTimes(1);
    expect(life.state).toBe('destroyed');
  });
});
