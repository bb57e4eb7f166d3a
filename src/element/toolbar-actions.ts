/** What the toolbar's buttons do. */
import { h } from './dom.ts';
import type { Scaling } from './screen-panel.ts';
import { SCALINGS } from './screen-switch.ts';
import type { ToolbarAction } from './toolbar.ts';
import type { VmConsole } from './vm-console.ts';

/** What the element does for a person's click only, and offers no page. */
export interface ByHand {
  start(): void;
  paste(): Promise<void>;
  menu(): void;
  /** What fills the screen. */
  host(): HTMLElement;
}

/** Does what a button says. @throws VmError as the element's own methods do, and what the browser refuses */
export async function performAction(action: ToolbarAction, element: VmConsole, by: ByHand): Promise<void> {
  switch (action) {
    case 'start':
      return by.start();
    case 'pause':
      return await element.pause();
    case 'resume':
      await element.resume();
      return element.focus();
    case 'reset':
      await element.reset();
      return element.focus();
    case 'power-off':
      return await element.powerOff();
    case 'paste':
      return await by.paste();
    case 'size':
      element.sendTerminalSize();
      return element.focus();
    case 'view':
      element.view = element.view === 'screen' ? 'serial' : 'screen';
      return element.focus();
    case 'scale':
      return element.setAttribute('scaling', nextScaling(element));
    case 'screenshot':
      return await saveScreenshot(element);
    case 'mute':
      // The click itself lets the page be heard.
      if (element.soundState !== 'blocked') element.muted = !element.muted;
      return;
    case 'fullscreen':
      return await fullScreen(element, by.host());
    case 'menu':
      return by.menu();
  }
}

function nextScaling({ screen }: VmConsole): Scaling {
  return SCALINGS[(SCALINGS.indexOf(screen?.scaling ?? SCALINGS[0]) + 1) % SCALINGS.length];
}

async function fullScreen(element: VmConsole, host: HTMLElement): Promise<void> {
  const page = host.ownerDocument;
  if (page.fullscreenElement) return await page.exitFullscreen();
  await host.requestFullscreen();
  element.focus();
}

async function saveScreenshot(element: VmConsole): Promise<void> {
  const url = URL.createObjectURL(await element.screenshot());
  const link = h('a', { href: url, download: 'screen.png' });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
