/** The machine's screen, for machines that have one, and the choice between it and the serial console. */
import { VmError } from '../core/errors.ts';
import type { Scaling, ScreenInput, ScreenPanel } from './screen-panel.ts';
import type { Stage } from './stage.ts';
import type { Toolbar, View } from './toolbar.ts';

/** In the order in which the button goes through them. */
const SCALING_NAMES: readonly Scaling[] = ['smooth', 'fit', 'integer'];

export class ScreenSwitch {
  readonly #stage: Stage;
  readonly #toolbar: Toolbar;
  #panel: ScreenPanel | null = null;
  #input: ScreenInput | null;
  /** What the user chose to look at; null: what the machine is likely to use. */
  #chosen: View | null = null;
  #view: View = 'serial';

  /** @param input where keys and pointer go while the screen has the focus */
  constructor(stage: Stage, toolbar: Toolbar, input: ScreenInput | null) {
    this.#stage = stage;
    this.#toolbar = toolbar;
    this.#input = input;
  }

  /** The screen's part of the element, or null if the machine has none. */
  get panel(): ScreenPanel | null {
    return this.#panel;
  }

  /** What is looked at. */
  get view(): View {
    return this.#view;
  }

  get input(): ScreenInput | null {
    return this.#input;
  }

  set input(input: ScreenInput | null) {
    this.#input = input;
    if (this.#panel) this.#panel.input = input;
  }

  /**
   * Loads what draws the screen, unless it is there; does nothing when the owner left the document meanwhile.
   * @param owner its attributes `scaling` and `follow-size` say how a new screen is scaled, and whether the guest follows its size
   * @throws VmError
   */
  async load(owner: Element): Promise<void> {
    if (this.#panel) return;
    const { ScreenPanel } = await import('./screen-panel.ts').catch((cause) => {
      throw new VmError('not-found', 'A part of this page could not be loaded. Check your connection.', {
        cause,
      });
    });
    if (!owner.isConnected) return;
    this.#panel = new ScreenPanel();
    this.scale(owner.getAttribute('scaling'));
    this.#panel.follow = owner.hasAttribute('follow-size');
    this.#panel.input = this.#input;
    this.#stage.addScreen(this.#panel.element);
  }

  drop(): void {
    this.#panel?.dispose();
    this.#panel = null;
  }

  /** The user's choice. It lasts over restarts, and waits for a machine that has a screen. */
  choose(view: View): void {
    this.#chosen = view;
    if (this.#panel) this.#show(view);
  }

  /** @param likely what to look at unless the user chose; null: the machine has no screen */
  showLikely(likely: View | null): void {
    this.#show(likely && (this.#chosen ?? likely));
  }

  /** @param name a way of scaling; anything else changes nothing */
  scale(name: string | null): void {
    const scaling = SCALING_NAMES.find((known) => known === name);
    if (!this.#panel || !scaling) return;
    this.#panel.scaling = scaling;
    this.#toolbar.showScaling(scaling);
  }

  /** Goes to the next way of scaling. */
  nextScaling(): void {
    if (!this.#panel) return;
    const now = SCALING_NAMES.indexOf(this.#panel.scaling);
    this.scale(SCALING_NAMES[(now + 1) % SCALING_NAMES.length]);
  }

  /** @param view null: the machine has no screen */
  #show(view: View | null): void {
    this.#view = view ?? 'serial';
    this.#stage.element.dataset.view = this.#view;
    this.#toolbar.showView(view);
    if (this.#panel) this.#toolbar.showScaling(this.#panel.scaling);
  }
}
