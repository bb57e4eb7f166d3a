/** What an element shows of its machine's states and events: panels over the picture, lines above it. */
import type { DriveFailure, VmEvents, VmOutcome, VmReport, VmState } from '../core/vm-api.ts';
import type { Failure } from './failure.ts';
import { NetworkLine } from './network-line.ts';
import { endPanel, failurePanel, ioErrorText, ProgressPanel, panicText, startPanel } from './panels.ts';
import type { Stage } from './stage.ts';

/** What the panels' buttons do. */
export interface PanelActions {
  start(): void;
  /** The panel that had the keyboard is gone. */
  focus(): void;
  cancel(): void;
  copy(failure: Failure): Promise<void>;
}

export class StatePanels {
  readonly network = new NetworkLine();
  readonly #stage: Stage;
  readonly #by: PanelActions;
  #progress: ProgressPanel | null = null;
  /** A drive's failure has paused the machine. */
  #stopped = false;

  constructor(stage: Stage, by: PanelActions) {
    this.#stage = stage;
    this.#by = by;
  }

  /** A new machine: nothing is left of the one before. */
  clear(): void {
    this.#stage.closeBanners();
    this.network.clear();
    this.#progress = null;
    this.#stopped = false;
  }

  /** Draws a state. Panels of the end and of failures come from their own events, which carry the reason. */
  show(state: VmState, label: string): void {
    if (state === 'created') {
      this.#stage.cover(startPanel(label, () => this.#by.start()));
    } else if (state === 'loading') {
      if (this.#progress) return;
      this.#progress = new ProgressPanel(label, () => this.#by.cancel());
      this.#stage.cover(this.#progress.element, true);
    } else if (state === 'running') {
      if (this.#stopped) this.#stage.closeBanners();
      this.#stopped = false;
      this.#progress = null;
      if (this.#stage.cover(null)) this.#by.focus();
    }
  }

  progress(progress: VmEvents['progress']): void {
    this.#progress?.show(progress);
  }

  exit(end: { outcome: VmOutcome; code: number }, report: VmReport | null): void {
    this.network.clear();
    this.#stage.cover(null);
    this.#stage.footer.replaceChildren(endPanel(end, report, () => this.#by.start()));
  }

  panic({ message }: VmEvents['panic']): void {
    this.#stage.showBanner('panic', panicText(message));
  }

  ioError(failed: DriveFailure): void {
    const stopped = failed.action === 'stop';
    // Requests fail in numbers: one line says it.
    if (!this.#stopped) this.#stage.showBanner(stopped ? 'panic' : 'hint', ioErrorText(failed));
    this.#stopped ||= stopped;
  }

  failure(failure: Failure): void {
    this.network.clear();
    const panel = failurePanel(failure, {
      onRetry: () => this.#by.start(),
      onCopy: () => this.#by.copy(failure),
    });
    this.#stage.cover(panel, true);
  }
}
