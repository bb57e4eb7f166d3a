/** The machine's screen, for machines that have one, beside or in the place of its serial console. */
import { refusePart } from './part-missing.ts';
import type { MachineInput } from './machine-input.ts';
import type { Scaling, ScreenInput, ScreenPanel } from './screen-panel.ts';
import { followingOf, parseZoom } from './attributes.ts';
import type { Stage } from './stage.ts';
import type { Toolbar } from './toolbar.ts';

/** What of the machine is shown: its screen, the terminal on its serial port, or both side by side. */
export type View = 'screen' | 'serial' | 'both';
export const VIEWS: readonly View[] = ['screen', 'serial', 'both'];

/** In the order in which the button goes through them. */
export const SCALINGS: readonly Scaling[] = ['smooth', 'fit', 'integer'];

export class ScreenSwitch {
  readonly #stage: Stage;
  readonly #toolbar: Toolbar;
  readonly #changed: (view: View) => void;
  #panel: ScreenPanel | null = null;
  #input: ScreenInput | null;
  /** What the user chose to look at; null: what the machine is likely to use. */
  #chosen: View | null = null;
  #view: View = 'serial';
  /** Which of two that are both shown had the focus last. */
  #last: 'screen' | 'serial' = 'screen';

  /**
   * @param input where keys and pointer go while the screen has the focus
   * @param changed something else is looked at
   */
  constructor(stage: Stage, toolbar: Toolbar, input: MachineInput, changed: (view: View) => void) {
    this.#stage = stage;
    this.#toolbar = toolbar;
    this.#input = input;
    this.#changed = changed;
    stage.element.addEventListener('focusin', ({ target }) => {
      const focused = target as Node;
      if (stage.host.contains(focused)) this.#last = 'serial';
      else if (this.#panel?.element.contains(focused)) this.#last = 'screen';
      else return;
      this.#mark();
    });
  }

  /** The screen's part of the element, or null if the machine has none. */
  get panel(): ScreenPanel | null {
    return this.#panel;
  }

  /** What is looked at. */
  get view(): View {
    return this.#view;
  }

  /** Which of the two keys, pasted texts and screen keyboards go to. */
  get target(): 'screen' | 'serial' {
    return this.#view === 'both' ? this.#last : this.#view;
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
   * @param owner its attributes say how a new screen is scaled, and whether the guest follows its size
   * @throws VmError
   */
  async load(owner: Element): Promise<void> {
    if (this.#panel) return;
    const { ScreenPanel } = await import('./screen-panel.ts').catch(refusePart);
    if (!owner.isConnected) return;
    this.#panel = new ScreenPanel();
    this.scale(owner.getAttribute('scaling'));
    this.zoom(owner.getAttribute('zoom'));
    this.follow(owner.getAttribute('follow-size'));
    this.#panel.input = this.#input;
    this.#stage.addScreen(this.#panel.element);
    this.#panel.moved();
  }

  drop(): void {
    this.#panel?.dispose();
    this.#panel = null;
  }

  /** The user's choice. It lasts over restarts, and waits for a machine that has a screen. Undefined changes nothing. */
  choose(view: View | undefined): void {
    if (!view) return;
    this.#chosen = view;
    if (this.#panel) this.#show(view);
  }

  /** @param likely what to look at unless the user chose; null: the machine has no screen */
  showLikely(likely: View | null): void {
    this.#show(likely && (this.#chosen ?? likely));
  }

  /** @param name a way of scaling; anything else changes nothing */
  scale(name: string | null): void {
    const scaling = SCALINGS.find((known) => known === name);
    if (!this.#panel || !scaling) return;
    this.#panel.scaling = scaling;
    this.#toolbar.showScaling(scaling);
  }

  /** @param text a factor, or anything else for a picture that fits */
  zoom(text: string | null): void {
    if (this.#panel) this.#panel.zoom = parseZoom(text);
  }

  /** @param text whose pixels the guest is asked for a picture of the place's size in; null: it is not asked */
  follow(text: string | null): void {
    if (this.#panel) this.#panel.follow = followingOf(text);
  }

  #mark(): void {
    this.#stage.element.dataset.target = this.target;
    if (this.#panel) this.#toolbar.showView(this.#view, this.target);
  }

  /** @param view null: the machine has no screen */
  #show(view: View | null): void {
    const before = this.#view;
    this.#view = view ?? 'serial';
    this.#stage.element.dataset.view = this.#view;
    this.#stage.element.dataset.target = this.target;
    this.#toolbar.showView(view, this.target);
    if (this.#panel) this.#toolbar.showScaling(this.#panel.scaling);
    if (this.#view !== before) this.#changed(this.#view);
  }
}
