/** What the toolbar's menu offers: how the machine is shown, and what hands without its keyboard cannot do. */
import type { Vm } from '../core/vm-api.ts';
import { followingOf, touchModeOf } from './attributes.ts';
import { windowOf } from './dom.ts';
import { CHORDS } from './key-chords.ts';
import { TOUCH_MODES } from './machine-input.ts';
import type { MenuGroup, MenuItem } from './menu.ts';
import { canStayOnTop } from './pop-out.ts';
import { SCALINGS, VIEWS } from './screen-switch.ts';
import type { VmConsole } from './vm-console.ts';

const VIEW_LABELS = { screen: 'Screen', serial: 'Serial console', both: 'Side by side' } as const;
const SCALING_LABELS = { smooth: 'Smooth', fit: 'Sharp', integer: 'Whole pixels' } as const;
const TOUCH_LABELS = { auto: 'As the guest can', screen: 'Touch screen', trackpad: 'Trackpad' } as const;
const ZOOMS = [null, 1, 2, 3] as const;

/** A choice whose items set an attribute; the one that is the default takes it away. */
const choice = <T extends string>(
  values: readonly T[],
  labels: Readonly<Record<T, string>>,
  now: T,
  choose: (value: T) => void,
): MenuItem[] =>
  values.map((value) => ({ label: labels[value], checked: value === now, choose: () => choose(value) }));

function screenGroups(element: VmConsole, vm: Vm): MenuGroup[] {
  const { screen } = element;
  if (!screen || !vm.screen) return [];
  const outputs = vm.screen.consoles;
  const set = (name: string) => (value: string) => element.setAttribute(name, value);
  const groups: MenuGroup[] = [
    {
      label: 'View',
      kind: 'radio',
      items: choice(VIEWS, VIEW_LABELS, element.view, (view) => {
        element.view = view;
        element.focus();
      }),
    },
  ];
  if (outputs.length > 1)
    groups.push({
      label: 'Screen',
      kind: 'radio',
      items: outputs.map((name, number) => ({
        label: `${number + 1}: ${name}`,
        checked: number === element.console,
        choose: () => {
          element.console = number;
        },
      })),
    });
  if (element.view === 'serial') return groups;
  groups.push(
    {
      label: 'Scaling',
      kind: 'radio',
      items: choice(SCALINGS, SCALING_LABELS, screen.scaling, set('scaling')),
    },
    {
      label: 'Zoom',
      kind: 'radio',
      items: ZOOMS.map((zoom) => ({
        label: zoom === null ? 'Fit' : `${zoom * 100} %`,
        checked: zoom === screen.zoom,
        choose: () =>
          zoom === null ? element.removeAttribute('zoom') : element.setAttribute('zoom', String(zoom)),
      })),
    },
  );
  if (matchMedia('(any-pointer: coarse)').matches)
    groups.push({
      label: 'Fingers',
      kind: 'radio',
      items: choice(TOUCH_MODES, TOUCH_LABELS, touchModeOf(element), set('touch')),
    });
  return groups;
}

/** What is on or off by itself. */
function switches(element: VmConsole, act: { keys: boolean; toggleKeys(): void }): MenuItem[] {
  const { screen, vm } = element;
  const following = followingOf(element.getAttribute('follow-size'));
  const shown = screen && vm?.screen && element.view !== 'serial' ? screen : null;
  const dense = shown && following !== null && windowOf(shown.element).devicePixelRatio > 1;
  return [
    ...(shown
      ? [
          {
            label: 'The guest follows the element’s size',
            checked: following !== null,
            choose: () => void element.toggleAttribute('follow-size'),
          },
        ]
      : []),
    ...(dense
      ? [
          {
            label: 'It gets all the display’s pixels',
            checked: following === 'device',
            choose: () => element.setAttribute('follow-size', following === 'device' ? '' : 'device'),
          },
        ]
      : []),
    ...(element.readOnly
      ? []
      : [{ label: 'Keys below the picture', checked: act.keys, choose: act.toggleKeys }]),
    {
      label: 'Screen readers read the terminal',
      checked: element.hasAttribute('screen-reader'),
      choose: () => {
        element.toggleAttribute('screen-reader');
        element.focus();
      },
    },
  ];
}

/** @param act what the menu does beside setting attributes and properties of the element */
export function menuGroups(
  element: VmConsole,
  act: { keys: boolean; toggleKeys(): void; popOut(kind: 'window' | 'on-top'): void },
): MenuGroup[] {
  const { vm } = element;
  const windows: MenuItem[] = element.poppedOut
    ? [{ label: 'Bring it back into the page', choose: () => element.popIn() }]
    : [
        { label: 'Window of its own', choose: () => act.popOut('window') },
        ...(canStayOnTop() ? [{ label: 'Small window on top', choose: () => act.popOut('on-top') }] : []),
      ];
  return [
    ...(vm ? screenGroups(element, vm) : []),
    { label: 'Options', kind: 'check', items: switches(element, act) },
    ...(vm?.screen && element.view !== 'serial' && !element.readOnly
      ? [
          {
            label: 'Press',
            kind: 'keys' as const,
            items: CHORDS.map(([label, codes]) => ({
              label,
              choose: () => {
                vm.input.press(codes);
                element.focus();
              },
            })),
          },
        ]
      : []),
    { label: 'Window', kind: 'action', items: windows },
  ];
}
