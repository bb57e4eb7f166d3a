/** Devices that options ask for by name (-device), and those that drives bring along (if=virtio). */
import { VmError } from '../core/errors.ts';
import type { VmConfig } from '../core/vm-api.ts';
import type { BoardModel } from './board.ts';
import type { DrivePlan } from './drives.ts';

export type VirtioTransport = 'mmio' | 'pci';

/** A device, checked. */
export interface DevicePlan {
  /** Without its transport: `virtio-blk`. */
  type: DeviceType;
  transport: VirtioTransport;
  /** Name of the drive (DrivePlan) that is in it; null: its type has none. */
  drive: string | null;
  properties: Readonly<Record<string, string>>;
}

interface DeviceKind {
  /** Properties beside those of its transport, with what a value looks like. */
  properties: Readonly<Record<string, RegExp>>;
  drive?: boolean;
}

const NUMBER = /^\d+$/;
const ANY = /^.*$/;
const SWITCH = /^(on|off|true|false)$/;

const KINDS = {
  'virtio-blk': {
    properties: {
      drive: ANY,
      serial: /^.{0,20}$/,
      'num-queues': /^([1-9]|1[0-6])$/,
      'queue-size': NUMBER,
      bootindex: NUMBER,
    },
    drive: true,
  },
  'virtio-rng': { properties: {} },
  'virtio-balloon': { properties: { 'free-page-reporting': SWITCH, 'deflate-on-oom': SWITCH } },
} as const satisfies Record<string, DeviceKind>;

export type DeviceType = keyof typeof KINDS;

/** Properties of all devices. */
const COMMON: Readonly<Record<string, RegExp>> = { packed: SWITCH };

/** Properties of a place. */
const PLACES: Readonly<Record<VirtioTransport, Readonly<Record<string, RegExp>>>> = {
  mmio: { bus: /^virtio-mmio-bus\.[0-7]$/ },
  pci: {
    bus: /^(pci|pcie)\.0$/,
    addr: /^(0x)?[0-9a-f]{1,2}(\.[0-7])?$/,
    'disable-legacy': ANY,
    'disable-modern': /^(off|false)$/,
  },
};

const bad = (message: string): VmError => new VmError('bad-config', message);

/** A driver's name in its parts: `virtio-blk-pci`, `virtio-blk-device`, and `virtio-blk`, which leaves the transport to the board. */
function parseDriver(driver: string): { type: DeviceType; transport: VirtioTransport | null } | null {
  const match = /^(virtio-.+?)(-device|-pci|-pci-non-transitional)?$/.exec(driver);
  if (!match || !Object.hasOwn(KINDS, match[1])) return null;
  const transport = match[2] === undefined ? null : match[2] === '-device' ? 'mmio' : 'pci';
  return { type: match[1] as DeviceType, transport };
}

/**
 * Checks the devices of a configuration, and adds one for each drive that is one by itself.
 * @throws VmError bad-config
 */
export function planDevices(
  config: VmConfig,
  drives: readonly DrivePlan[],
  board: Pick<BoardModel, 'virtio' | 'names'>,
): DevicePlan[] {
  const [usual] = board.virtio;
  const used = new Set<string>();
  const plans = (config.devices ?? []).map(({ driver, properties = {} }): DevicePlan => {
    const option = `-device ${driver}`;
    const found = parseDriver(driver);
    if (!found)
      throw bad(
        `${option} is not built yet; there is ${Object.keys(KINDS).join(', ')}, each with -device or -pci behind it, or nothing.`,
      );
    const { type } = found;
    const transport = found.transport ?? usual;
    if (!board.virtio.includes(transport)) throw bad(`${option}: ${board.names[0]} has no place for it.`);
    const kind: DeviceKind = KINDS[type];
    const known = { ...kind.properties, ...COMMON, ...PLACES[transport] };
    for (const [key, value] of Object.entries(properties)) {
      if (key === 'id') continue;
      if (!Object.hasOwn(known, key))
        throw bad(`${option}: there is no property "${key}"; there is ${Object.keys(known).join(', ')}.`);
      if (!known[key].test(value)) throw bad(`${option}: ${key}=${value} is not possible.`);
    }
    if (!kind.drive) return { type, transport, drive: null, properties };
    const id = properties['drive'];
    const drive = drives.find((one) => one.interface === 'virtio' && id !== undefined && one.id === id);
    if (!drive) throw bad(`${option}: give a drive: -drive if=none,id=NAME,file=FILE and drive=NAME here.`);
    if (used.has(drive.name)) throw bad(`${option}: the drive ${id} is in another device already.`);
    used.add(drive.name);
    return { type, transport, drive: drive.name, properties };
  });
  for (const drive of drives) {
    if (drive.interface === 'virtio' && drive.id === null)
      plans.push({ type: 'virtio-blk', transport: usual, drive: drive.name, properties: {} });
  }
  return plans;
}

/** Whether a property of a device is on; absent: it is not. */
export const isOn = ({ properties }: DevicePlan, key: string): boolean =>
  /^(on|true)$/.test(properties[key] ?? '');
