/** Dialogs of the page: modal, closed by Escape, a click beside them or their button. */
import { h } from '../element/dom.ts';

export interface Dialog {
  element: HTMLDialogElement;
  /** Where its content goes. */
  body: HTMLElement;
  close(): void;
  /** Resolves when it has been closed. */
  closed: Promise<void>;
  /** While true, neither Escape nor a click beside it closes the dialog: something is going on in it. */
  busy: boolean;
}

let count = 0;

/** Opens a dialog with an empty body. */
export function openDialog(title: string): Dialog {
  count++;
  const id = `dialog-${count}`;
  const heading = h('h2', { id }, title);
  const closing = h('button', { type: 'button', class: 'close', 'aria-label': 'Close' }, '×');
  const body = h('div', { class: 'dialog-body' });
  const element = h(
    'dialog',
    { class: 'dialog', 'aria-labelledby': id },
    h('div', { class: 'dialog-frame' }, h('header', {}, heading, closing), body),
  );
  const { promise, resolve } = Promise.withResolvers<void>();
  const dialog: Dialog = { element, body, close: () => element.close(), closed: promise, busy: false };
  closing.addEventListener('click', () => !dialog.busy && element.close());
  element.addEventListener('cancel', (event) => dialog.busy && event.preventDefault());
  element.addEventListener('click', ({ target }) => {
    if (target === element && !dialog.busy) element.close();
  });
  element.addEventListener('close', () => {
    element.remove();
    resolve();
  });
  document.body.append(element);
  element.showModal();
  return dialog;
}

export interface Question {
  title: string;
  text: string;
  /** What the button says that does it. */
  action: string;
}

/** Asks before something that cannot be undone. @returns whether to do it */
export async function confirmed({ title, text, action }: Question): Promise<boolean> {
  const dialog = openDialog(title);
  let yes = false;
  const go = h('button', { type: 'button', class: 'danger' }, action);
  const cancel = h('button', { type: 'button', class: 'quiet', autofocus: true }, 'Cancel');
  go.addEventListener('click', () => {
    yes = true;
    dialog.close();
  });
  cancel.addEventListener('click', () => dialog.close());
  dialog.body.append(h('p', {}, text), h('div', { class: 'dialog-actions' }, cancel, go));
  cancel.focus();
  await dialog.closed;
  return yes;
}
