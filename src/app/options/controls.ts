/** A field of the form: its label, control, help, and the place where a mistake in it is told. */
import type { ImageSource } from '../../core/vm-api.ts';
import { h } from '../../element/dom.ts';

type Control = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

export interface Framed {
  element: HTMLElement;
  /** Says what is wrong with it; null: nothing. */
  problem(text: string | null): void;
}

let count = 0;

/** The place below a control where its mistake is told. @param help ids of what describes it besides */
export function mistakeOf(control: Control, help: readonly string[] = []): Framed {
  count++;
  const id = `mistake-${count}`;
  const element = h('small', { id, class: 'wrong', role: 'alert' });
  control.setAttribute('aria-describedby', [...help, id].join(' '));
  return {
    element,
    problem(text) {
      element.textContent = text ?? '';
      if (text === null) control.removeAttribute('aria-invalid');
      else control.setAttribute('aria-invalid', 'true');
    },
  };
}

/** The first control below `root` that a mistake is told of; null: there is none. */
export const firstMistake = (root: HTMLElement): HTMLElement | null =>
  root.querySelector<HTMLElement>('[aria-invalid="true"]');

/** Puts a control into its frame. @param around what is shown for the control; default: itself */
export function framed(
  label: string,
  help: string,
  control: Control,
  { around = control as HTMLElement, wide = false, flag = false } = {},
): Framed {
  count++;
  control.id = `option-${count}`;
  const helpId = `${control.id}-help`;
  const mistake = mistakeOf(control, [helpId]);
  const name = h('label', { for: control.id }, label);
  const element = h(
    'div',
    { class: `field${wide ? ' wide' : ''}${flag ? ' flag' : ''}` },
    ...(flag ? [around, name] : [name, around]),
    h('small', { id: helpId }, help),
    mistake.element,
  );
  return { element, problem: mistake.problem };
}

/** An image: its address, or a file of the person's. */
export interface ImageControl {
  input: HTMLInputElement;
  element: HTMLElement;
  show(source: ImageSource | undefined): void;
}

/**
 * @param label what the image is called
 * @param nameOf what is shown of an image
 * @param changed is told of another image: undefined for none
 */
export function imageControl(
  name: string,
  label: string,
  placeholder: string,
  nameOf: (source: ImageSource) => string,
  changed: (source: ImageSource | undefined) => void,
): ImageControl {
  const input = h('input', { name, placeholder, autocomplete: 'off', spellcheck: 'false' });
  const picker = h('input', {
    type: 'file',
    class: 'visually-hidden',
    tabindex: '-1',
    'aria-hidden': 'true',
  });
  const choose = h(
    'button',
    { type: 'button', class: 'choose', 'aria-label': `Choose a file: ${label}` },
    'Choose…',
  );
  choose.addEventListener('click', () => picker.click());
  input.addEventListener('input', () => changed(input.value.trim() || undefined));
  picker.addEventListener('change', () => {
    const file = picker.files?.[0];
    if (!file) return;
    input.value = nameOf(file);
    changed(file);
    // The same file may be chosen again.
    picker.value = '';
  });
  return {
    input,
    element: h('div', { class: 'file' }, input, choose, picker),
    show(source) {
      input.value = source === undefined ? '' : nameOf(source);
    },
  };
}
