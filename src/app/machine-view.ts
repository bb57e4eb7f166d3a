/** The page of one machine: its console, and below it its options and statistics. */
import { h, markup } from '../element/dom.ts';
import { VmConsole } from '../element/index.ts';
import { disclosures } from './disclosures.ts';
import { keepableDrives } from './disks/kept-config.ts';
import { latePanel } from './late-panel.ts';
import { keysPanel } from './keys-panel.ts';
import { isPlainClick } from './list-view.ts';
import { logo } from './logo.ts';
import { bootConfig, type Machine } from './machine.ts';
import type { OptionsActions } from './options/form.ts';

export interface MachineActions extends OptionsActions {
  back(): void;
  /** Keeps the machine with its disk from now on; absent: it has none that could be. @param tasks where the progress is shown */
  keep?(tasks: HTMLElement): Promise<void>;
}

export interface MachineView {
  element: HTMLElement;
  console: VmConsole;
  /** The machine goes on as another one: it has the same parts, but other names and another place. */
  becomes(machine: Machine, actions: MachineActions): void;
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
function optionsPanel(first: Machine, imagesUrl: string, actions: OptionsActions) {
  const element = h('div', {});
  let asked = false;
  const fill = ({ config, kept }: Machine, actions: OptionsActions): void => {
    asked = true;
    const tell = (text: string) => element.replaceChildren(h('p', { class: 'problem', role: 'alert' }, text));
    import('./options/form.ts')
      .then(
        ({ optionsForm }) => element.replaceChildren(optionsForm(config, imagesUrl, actions, kept)),
        () => {
          asked = false;
          tell('The form could not be loaded. Check your connection, and open it again.');
        },
      )
      .catch((error: Error) => tell(`The form cannot show this machine: ${error.message}`));
  };
  let show = (): void => fill(first, actions);
  return {
    element,
    toggled: () => void (asked || show()),
    /** A form that is filled in already is filled in anew. */
    becomes(machine: Machine, actions: OptionsActions): void {
      show = () => fill(machine, actions);
      if (asked) show();
    },
  };
}

/** The same work for all who ask while it goes on: two buttons offer it. */
function once(keep: NonNullable<MachineActions['keep']>): NonNullable<MachineActions['keep']> {
  let going: Promise<void> | null = null;
  return (tasks) => {
    going ??= keep(tasks).finally(() => {
      going = null;
    });
    return going;
  };
}

export function machineView(machine: Machine, imagesUrl: string, actions: MachineActions): MachineView {
  const element = new VmConsole();
  element.setAttribute('label', machine.title);
  element.setAttribute('autostart', '');
  element.setAttribute('follow-size', '');
  if (machine.firmware) element.setAttribute('firmware', machine.firmware);
  if (machine.terminal) element.setAttribute('terminal-size', machine.terminal);
  element.config = bootConfig(machine);
  if (machine.view) element.view = machine.view;
  // The page was opened to type into this machine.
  const focus = () => element.focus();
  element.addEventListener('vm-state', function onRunning(event) {
    if (event.detail !== 'running') return;
    element.removeEventListener('vm-state', onRunning);
    if (document.activeElement === document.body) focus();
  });
  const vm = () => element.vm;
  const numbers = latePanel(async () => {
    const { statisticsPanel } = await import('./statistics-panel.ts');
    return statisticsPanel(() => element.report, vm);
  });
  const monitor = latePanel(async () => ({
    element: (await import('./monitor-panel.ts')).monitorPanel(vm),
  }));
  const keepingOf = ({ kept, keptDisks = 1 }: Machine, { keep }: MachineActions) => ({
    kept: kept ?? null,
    disks: keptDisks === 1 ? 'the disk' : `${keptDisks} disks`,
    ...(keep && { keep: once(keep) }),
  });
  let keeping = keepingOf(machine, actions);
  const options = optionsPanel(machine, imagesUrl, actions);
  const drives = latePanel(async () => (await import('./drives-panel.ts')).drivesPanel(vm, keeping));
  const ended = latePanel(async () => (await import('./ended-line.ts')).endedLine(vm, keeping));
  element.addEventListener('vm-exit', () => ended.want(({ draw }) => draw()));
  element.addEventListener('vm-state', () => ended.ifWanted(({ draw }) => draw()));
  // Boards other than a PC have no keyboard, and drives only where they are asked for.
  const pc = machine.config.arch !== 'riscv64';
  const hasDrives = pc || keepableDrives(machine.config).length > 0;
  const main = h(
    'main',
    { class: 'machine' },
    topBar(machine.title, actions.back),
    ended.element,
    element,
    disclosures([
      { label: 'Options', panel: options.element, toggled: options.toggled },
      ...(hasDrives
        ? [
            {
              label: 'Drives',
              panel: drives.element,
              toggled: (open: boolean) => drives.want((panel) => panel.toggled(open)),
            },
          ]
        : []),
      ...(pc ? [{ label: 'Keys', panel: keysPanel(() => element.vm) }] : []),
      { label: 'Monitor', panel: monitor.element, toggled: () => monitor.want(() => {}) },
      {
        label: 'Statistics',
        panel: numbers.element,
        toggled: (open: boolean) => numbers.want((panel) => panel.follow(open)),
      },
    ]),
  );
  return {
    element: main,
    console: element,
    becomes(next, actions) {
      main.firstElementChild?.replaceWith(topBar(next.title, actions.back));
      // What starts next is the machine that is kept.
      element.config = bootConfig(next);
      element.setAttribute('label', next.title);
      options.becomes(next, actions);
      keeping = keepingOf(next, actions);
      drives.ifWanted((panel) => panel.keeps(keeping));
      ended.ifWanted((line) => line.keeps(keeping));
    },
  };
}
