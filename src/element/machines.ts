/** The machines that an element has, one after the other. */
import { VmError } from '../core/errors.ts';
import type { Vm, VmReport, VmState } from '../core/vm-api.ts';
import { bootOptions, chooseConsole, likelyView, resolveImages } from './attributes.ts';
import type { ConsoleParts } from './console-parts.ts';
import type { Emit } from './events.ts';
import { refusePart } from './part-missing.ts';
import { describeFailure, type Failure, isolationProblem, missingFeature } from './failure.ts';
import { Session } from './session.ts';
import type { VmConsole } from './vm-console.ts';

export class Machines {
  readonly #owner: VmConsole;
  readonly #parts: ConsoleParts;
  readonly #emit: Emit;
  readonly #show: () => void;
  #session: Session | null = null;
  #started: Promise<void> | null = null;
  /** Settles when the machine before this one is gone. */
  #freed: Promise<unknown> = Promise.resolve();
  #failure: Failure | null = null;

  /**
   * @param owner its attributes and configuration say what is built
   * @param emit sends one of the element's events
   * @param show shows the state, which is another one
   */
  constructor(owner: VmConsole, parts: ConsoleParts, emit: Emit, show: () => void) {
    this.#owner = owner;
    this.#parts = parts;
    this.#emit = emit;
    this.#show = show;
  }

  /** There is one, or one is being made. */
  get any(): boolean {
    return this.#session !== null;
  }

  get state(): VmState {
    return this.#session?.state ?? 'created';
  }

  get report(): VmReport | null {
    return this.#session?.report() ?? null;
  }

  get failure(): Failure | null {
    return this.#failure;
  }

  get vm(): Vm | null {
    return this.#session?.vm ?? null;
  }

  /** The machine, for a method that needs one. @throws VmError bad-config */
  need(method: string): Vm {
    const { vm } = this;
    if (!vm) throw new VmError('bad-config', `${method}(): there is no machine; call start() first.`);
    return vm;
  }

  /** Builds a machine and starts it, unless there is one that goes on. @throws VmError */
  start(): Promise<void> {
    const { state } = this;
    if (this.#started && (state === 'loading' || state === 'running')) return this.#started;
    if (state === 'paused') return this.need('start').resume();
    this.#started = this.#startNew();
    return this.#started;
  }

  /** Ends the machine and frees its worker and memory. */
  async destroy(): Promise<void> {
    const session = this.#session;
    this.#session = null;
    this.#started = null;
    this.#failure = null;
    if (session) this.#freed = session.destroy();
    this.#parts.panels.clear();
    if (!this.#owner.isConnected) this.#parts.drop();
    this.#show();
    this.#parts.entered('created');
    if (session) this.#emit('vm-state', 'created');
    await this.#freed;
  }

  async #startNew(): Promise<void> {
    const { panels, terminal } = this.#parts;
    const old = this.#session;
    this.#failure = null;
    panels.clear();
    const session = new Session(
      {
        state: (state) => this.#session === session && this.#enter(state),
        progress: (progress) => {
          panels.progress(progress);
          this.#emit('vm-progress', progress);
        },
        exit: (end) => {
          terminal.view?.hideCursor();
          panels.exit(end, this.report);
          this.#emit('vm-exit', end);
        },
        panic: (panic) => {
          panels.panic(panic);
          this.#emit('vm-panic', panic);
        },
        reset: (reset) => this.#emit('vm-reset', reset),
        ioerror: (failed) => {
          panels.ioError(failed);
          this.#emit('vm-ioerror', failed);
        },
        stream: (stream) => {
          panels.network.update(stream);
          this.#emit('vm-stream', stream);
        },
        error: (error) => {
          this.#failure = describeFailure(error);
          panels.failure(this.#failure);
          this.#emit('vm-error', this.#failure);
        },
      },
      (vm) => this.#parts.attach(vm),
    );
    this.#session = session;
    if (old) this.#freed = old.destroy();
    await session.start(() => this.#build(session));
  }

  #enter(state: VmState): void {
    this.#show();
    this.#parts.entered(state);
    this.#emit('vm-state', state);
  }

  async #build(session: Session): Promise<Vm | null> {
    const missing = missingFeature(globalThis, await isolationProblem(globalThis));
    if (missing) throw missing;
    const { arch, ...config } = this.#owner.config;
    if (!arch) {
      throw new VmError(
        'bad-config',
        'No architecture is given. Set the attribute arch, for example arch="riscv64".',
      );
    }
    const { screen, terminal } = this.#parts;
    terminal.view?.reset();
    const [{ bootVm }] = await Promise.all([
      import('./boot.ts').catch(refusePart),
      terminal.load(),
      // Two machines' memories at once may be more than the browser grants.
      this.#freed,
    ]);
    if (this.#session !== session) return null;
    const { firmware, options } = bootOptions(this.#owner);
    const vm = bootVm(resolveImages({ ...config, arch }), firmware, options);
    if (vm.screen) await screen.load(this.#owner);
    else screen.drop();
    chooseConsole(this.#owner, vm);
    screen.showLikely(vm.screen ? likelyView(config) : null);
    return vm;
  }
}
