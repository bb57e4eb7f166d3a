import { h } from '../element/dom.ts';

/** A part of a machine's page whose code is loaded when it is first wanted. */
export interface LatePanel<P> {
  /** Where it is, or will be. */
  element: HTMLElement;
  /** Does something with it when it is there. */
  want(what: (panel: P) => void): void;
  /** Does something with it if it was wanted before. */
  ifWanted(what: (panel: P) => void): void;
}

/** @param load makes it, with an element of its own; tried again if it fails */
export function latePanel<P extends { element: HTMLElement }>(load: () => Promise<P>): LatePanel<P> {
  const element = h('div', {});
  let loading: Promise<P> | null = null;
  const want = (what: (panel: P) => void): void => {
    loading ??= load().then((panel) => {
      element.replaceChildren(panel.element);
      // It was asked for while there was nothing to show.
      element.scrollIntoView({ block: 'nearest' });
      return panel;
    });
    loading.then(what, () => {
      loading = null;
      const text = 'This part of the page could not be loaded. Check your connection, and open it again.';
      element.replaceChildren(h('p', { class: 'problem', role: 'alert' }, text));
    });
  };
  return { element, want, ifWanted: (what) => loading && want(what) };
}
