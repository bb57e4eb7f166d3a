/** Builds elements without a framework. Strings become text nodes, so guest text can never become markup. */

export type Child = Node | string | null | undefined | false;

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, string | number | boolean | null | undefined | ((event: never) => void)>,
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === 'function') element.addEventListener(name.slice(2), value as EventListener);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  for (const child of children) if (child) element.append(child);
  return element;
}

/** An element that holds trusted markup of our own, such as an icon. */
export function markup<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, string>,
  html: string,
): HTMLElementTagNameMap[K] {
  const element = h(tag, attributes);
  element.innerHTML = html;
  return element;
}

/** The window that shows an element; it may be another one than the page's. */
export const windowOf = (node: Node): Window & typeof globalThis =>
  (node.ownerDocument?.defaultView ?? window) as Window & typeof globalThis;

/** Gives an element a text, unless it has it: what listens to changes is told of none. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
