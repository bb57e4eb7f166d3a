/** The page of one machine: its console, and below it its options and statistics. */
import { h, markup } from '../element/dom.ts';
import { VmConsole } from '../element/index.ts';
import { disclosures } from './disclosures.ts';
import { keepableDrives } from './disks/kept-config.ts';
import { drivesPanel } from './drives-panel.ts';
import { keysPanel } from './keys-panel.ts';
import { isPlainClick } from './list-view.ts';
import { logo } from './logo.ts';
import type { Machine } from './machine.ts';
import { monitorPanel } from './monitor-panel.ts';
import type { OptionsActions } from './options/form.ts';
import { statisticsPanel } from './statistics-panel.ts';

export interface MachineActions extends OptionsActions {
  back(): void;
  /** Starts the machine again with a disk that is kept; absent: it has none that could be. */
  keep?(): Promise<void>;
}

/** The bar above every page but the first. */
export function topBar(title: string, back: () => void): HTMLElement {
  const home = h('a', { class: 'home', href: './', 'aria-label': 'Snowglobe: all machines' });
  home.append(markup('span', {}, logo(26)), h('span', { class: 'word' }, 'Snowglobe'));
  home.addEventListener('click', (event) => {
    if (!isPlainClick(event)) return;
    event.preventDefault();
    back();
  });
  return h(
    'header',
    { class: 'bar' },
    home,
    h('span', { class: 'slash', 'aria-hidden': 'true' }, '/'),
    h('h1', {}, title),
  );
}

/** The form with its parser is loaded when it is first shown. */
function optionsPanel({ config, kept }: Machine, imagesUrl: string, actions: OptionsActions) {
  const element = h('div', {});
  let asked = false;
  return {
    element,
    toggled(): void {
      if (asked) return;
      asked = true;
      const tell = (text: string) =>
        element.replaceChildren(h('p', { class: 'problem', role: 'alert' }, text));
      import('./options/form.ts')
        .then(
          ({ optionsForm }) => element.replaceChildren(optionsForm(config, imagesUrl, actions, kept)),
          () => {
            asked = false;
            tell('The form could not be loaded. Check your connection, and open it again.');
          },
        )
        .catch((error: Error) => tell(`The form cannot show this machine: ${error.message}`));
    },
  };
}

export function machineView(machine: Machine, imagesUrl: string, actions: MachineActions): HTMLElement {
  const element = new VmConsole();
  element.setAttribute('label', machine.config.arch);
  element.setAttribute('autostart', '');
  element.setAttribute('follow-size', '');
  if (machine.firmware) element.setAttribute('firmware', machine.firmware);
  if (machine.terminal) element.setAttribute('terminal-size', machine.terminal);
  element.config = machine.config;
  if (machine.view) element.view = machine.view;
  // The page was opened to type into this machine.
  const focus = () => element.focus();
  element.addEventListener('vm-state', function onRunning(event) {
    if (event.detail !== 'running') return;
    element.removeEventListener('vm-state', onRunning);
    if (document.activeElement === document.body) focus();
  });
  const numbers = statisticsPanel(
    () => element.report,
    () => element.vm,
  );
  const { keep } = actions;
  const options = optionsPanel(machine, imagesUrl, actions);
  const drives = drivesPanel(() => element.vm, { kept: machine.kept ?? null, ...(keep && { keep }) });
  // Boards other than a PC have no keyboard, and drives only where they are asked for.
  const pc = machine.config.arch !== 'riscv64';
  const hasDrives = pc || keepableDrives(machine.config).length > 0;
  return h(
    'main',
    { class: 'machine' },
    topBar(machine.title, actions.back),
    element,
    disclosures([
      { label: 'Options', panel: options.element, toggled: options.toggled },
      ...(hasDrives ? [{ label: 'Drives', panel: drives.element, toggled: drives.toggled }] : []),
      ...(pc ? [{ label: 'Keys', panel: keysPanel(() => element.vm) }] : []),
      { label: 'Monitor', panel: monitorPanel(() => element.vm) },
      { label: 'Statistics', panel: numbers.element, toggled: numbers.follow },
    ]),
  );
}
