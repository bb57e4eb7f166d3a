import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Vm } from '../core/vm-api.ts';
import { MachineInput } from './machine-input.ts';
import { SharedClipboard } from './shared-clipboard.ts';
import type { Stage } from './stage.ts';

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('window', { setTimeout });
  vi.stubGlobal('WheelEvent', class {});
  vi.stubGlobal('navigator', { platform: 'Linux x86_64' });
  return () => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  };
});

/** A machine whose agent is there, and the keys that it gets. */
function machine() {
  const keys: string[] = [];
  let copied: (event: { text: string }) => void = () => {};
  const vm = {
    clipboard: { ready: true, write: (text: string) => keys.push(`“${text}”`) },
    input: {
      key: (code: string, down: boolean) => keys.push(`${down ? '+' : '-'}${code}`),
      releaseKeys() {},
    },
    on: (_: string, listener: typeof copied) => {
      copied = listener;
    },
  };
  const copies = async (text: string): Promise<void> => {
    copied({ text });
    await vi.advanceTimersByTimeAsync(0);
  };
  return { vm: vm as unknown as Vm, keys, copies };
}

/** An element in a window of its own. */
function element() {
  const written: string[] = [];
  const shown: string[] = [];
  const state = { vm: null as Vm | null, isActive: true, refuses: false };
  let press = (): void => {};
  const navigator = {
    get userActivation() {
      return { isActive: state.isActive };
    },
    clipboard: {
      writeText: async (text: string) => {
        if (state.refuses) throw new Error('NotAllowedError');
        written.push(text);
      },
    },
  };
  const stage: Pick<Stage, 'element' | 'showBanner'> = {
    element: { ownerDocument: { defaultView: { navigator } } } as unknown as HTMLDivElement,
    showBanner: (_, text, action) => {
      shown.push(text);
      press = action?.run ?? (() => {});
    },
  };
  const clipboard = new SharedClipboard(() => state.vm, stage);
  const input = new MachineInput(() => state.vm, { leave() {}, paste() {} }, clipboard);
  const attach = (vm: Vm | null): void => {
    state.vm = vm;
    clipboard.attach(vm);
  };
  const takes = async (): Promise<void> => {
    press();
    await vi.advanceTimersByTimeAsync(0);
  };
  const key = (code: string, down = true, ctrlKey = false): boolean =>
    input.key(code, down, { ctrlKey, timeStamp: 0 } as KeyboardEvent);
  return { state, written, shown, clipboard, attach, takes, key };
}

describe('what the guest copies', () => {
  const OFFER = 'The guest has copied a text.';

  it('is copied in the window that is looked at, once a person has taken it from this machine', async () => {
    const { state, written, shown, attach, takes } = element();
    const { vm, copies } = machine();
    attach(vm);
    await copies('one');
    expect([written, shown]).toEqual([[], [OFFER]]);
    await takes();
    expect(written).toEqual(['one']);
    await copies('two');
    expect([written, shown]).toEqual([['one', 'two'], [OFFER]]);
    // Nobody has touched anything for a while.
    state.isActive = false;
    await copies('three');
    expect([written, shown]).toEqual([
      ['one', 'two'],
      [OFFER, OFFER],
    ]);
    // Another machine has to be allowed to, too.
    state.isActive = true;
    const next = machine();
    attach(next.vm);
    await next.copies('four');
    expect(written).toEqual(['one', 'two']);
    expect(shown).toHaveLength(3);
  });

  it('is said not to be taken where the browser refuses it', async () => {
    const { state, written, shown, attach, takes } = element();
    const { vm, copies } = machine();
    attach(vm);
    state.refuses = true;
    await copies('one');
    await takes();
    expect(written).toEqual([]);
    expect(shown).toEqual([OFFER, 'The browser does not let the page write to the clipboard.']);
    await copies('two');
    expect(shown.at(-1)).toBe(OFFER);
  });
});

describe('the key that pastes', () => {
  it('reaches the guest after the text', async () => {
    const { clipboard, attach, key } = element();
    const { vm, keys } = machine();
    attach(vm);
    expect(key('KeyV', true, true)).toBe(false);
    key('KeyX');
    clipboard.pasted('text');
    await vi.advanceTimersByTimeAsync(1000);
    expect(keys).toEqual(['“text”', '+KeyV', '+KeyX']);
  });

  it('is none of the machine’s that is started meanwhile, whose keys are its own', async () => {
    const { attach, key } = element();
    const old = machine();
    attach(old.vm);
    key('KeyV', true, true);
    attach(null);
    const { vm, keys } = machine();
    attach(vm);
    key('KeyX');
    await vi.advanceTimersByTimeAsync(1000);
    expect(keys).toEqual(['+KeyX']);
    expect(old.keys).toEqual([]);
  });
});
