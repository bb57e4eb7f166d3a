/** The clipboard: its text for the guest, and a failure's details for a report. */
import { keyboardLayout } from '../core/keyboard-layouts.ts';
import type { VmConfig } from '../core/vm-api.ts';
import { type Failure, failureDetails } from './failure.ts';
import type { Stage } from './stage.ts';
import type { TerminalView } from './terminal.ts';
import { windowOf } from './dom.ts';
import { type Typed, typeText } from './typed-text.ts';
import type { VmConsole } from './vm-console.ts';

/** Pastes into what is looked at: as keys into the screen, as text into the terminal. A guest that shares the clipboard finds the text there, too. */
export async function pasteFromClipboard(
  element: VmConsole,
  stage: Stage,
  target: 'screen' | 'serial',
  terminal: () => TerminalView | null,
  offer: (text: string) => void,
): Promise<void> {
  let text: string;
  try {
    text = await windowOf(stage.element).navigator.clipboard.readText();
  } catch {
    stage.showBanner(
      'hint',
      target === 'screen'
        ? 'The browser does not let the page read the clipboard.'
        : 'The browser does not let the page read the clipboard. Press Ctrl+Shift+V in the terminal instead.',
    );
    if (target !== 'screen') terminal()?.focus();
    return;
  }
  offer(text);
  if (target === 'screen' && element.vm) {
    element.screen?.focus();
    await typeIntoView(element, stage, target, text);
    return;
  }
  terminal()?.paste(text);
  terminal()?.focus();
}

/** Types as a person would: as keys into the screen, with what there is to say of it, or into the terminal. */
export async function typeIntoView(
  element: VmConsole,
  stage: Stage,
  target: 'screen' | 'serial',
  text: string,
  signal?: AbortSignal,
): Promise<Typed> {
  if (target !== 'screen' || !element.vm) {
    element.sendText(text.replace(/\r?\n/g, '\r'));
    return { missing: [], done: true };
  }
  const layout = keyboardLayout(element.getAttribute('keyboard'));
  const { typed, hint } = await typeText(element.vm, text, layout, (line) => stage.showTyping(line), signal);
  if (hint) stage.showBanner('hint', hint);
  return typed;
}

/** Copies what a report of the failure needs. Rejects where there is no clipboard, or the browser refuses it. */
export function copyDetails(failure: Failure, element: VmConsole, stage: Stage): Promise<void> {
  const { clipboard } = windowOf(stage.element).navigator;
  let config: Partial<VmConfig> = {};
  try {
    config = element.config;
  } catch {
    // An attribute that cannot be read is what the failure is about, and its message names it.
  }
  const details = failureDetails(failure, {
    config,
    report: element.report,
    screen: element.screenshotText(),
    userAgent: navigator.userAgent,
  });
  return clipboard ? clipboard.writeText(details) : Promise.reject(new Error('no clipboard'));
}
