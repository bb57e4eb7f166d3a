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
  /** Of a `virtio-serial`, by their numbers. */
  ports?: readonly (PortPlan | null)[];
  /** Name of the drive (DrivePlan) that is in it; null: its type has none. */
  drive: string | null;
  properties: Readonly<Record<string, string>>;
}

/** A port of a `virtio-serial`. */
export interface PortPlan {
  console: boolean;
  name: string | null;
  /** It shares the machine's serial stream. */
  shared: boolean;
  /** What its other end is called: `chardev=`. */
  chardev: string | null;
}

interface DeviceKind {
  /** Properties beside those of its transport, with what a value looks like. */
  properties: Readonly<Record<string, RegExp>>;
  drive?: boolean;
  /** It is no virtio device, and lies on PCI. */
  pci?: boolean;
  /** It lies on no bus. */
  fixed?: boolean;
  /** It has a screen. */
  display?: boolean;
}

/** The chardev that is the machine's serial stream. */
export const SHARED_CHARDEV = 'stdio';

/** The chardev that is the host's end of the SPICE agent. */
export const AGENT_CHARDEV = 'vdagent';

const ANY = /^.*$/;
/** Of a monitor: 16 to 4095, which is what an EDID can say. */
const PIXELS = /^(1[6-9]|[2-9]\d|[1-9]\d\d|[1-3]\d\d\d|40[0-8]\d|409[0-5])$/;
const SWITCH = /^(on|off|true|false)$/;

const GPU_PROPERTIES = {
  xres: PIXELS,
  yres: PIXELS,
  max_outputs: /^([1-9]|1[0-6])$/,
  max_hostmem: /^\d{1,12}[kMG]?$/,
  edid: SWITCH,
  blob: SWITCH,
};

const KINDS = {
  'virtio-blk': {
    properties: {
      drive: ANY,
      serial: /^.{0,20}$/,
      'num-queues': /^([1-9]|1[0-6])$/,
      // As QEMU: a power of two from 4 to 1024.
      'queue-size': /^(4|8|16|32|64|128|256|512|1024)$/,
      bootindex: /^\d{1,9}$/,
    },
    drive: true,
  },
  'virtio-serial': { properties: { max_ports: /^([1-9]|[12]\d|3[01])$/ } },
  'virtio-9p': { properties: { mount_tag: ANY } },
  'virtio-gpu': { properties: GPU_PROPERTIES, display: true },
  'virtio-vga': { properties: GPU_PROPERTIES, display: true, pci: true },
  'bochs-display': { properties: { xres: PIXELS, yres: PIXELS }, display: true, pci: true },
  ramfb: { properties: {}, display: true, fixed: true },
  edu: { properties: { dma_mask: /^(0x[\da-f]{1,16}|\d{1,19})$/i }, pci: true },
  'virtio-keyboard': { properties: {} },
  'virtio-tablet': { properties: {} },
  'virtio-mouse': { properties: {} },
  'virtio-multitouch': { properties: {} },
  'virtio-rng': { properties: {} },
  'virtio-balloon': { properties: { 'free-page-reporting': SWITCH, 'deflate-on-oom': SWITCH } },
} as const satisfies Record<string, DeviceKind>;

export type DeviceType = keyof typeof KINDS;

/** Devices on the bus of a `virtio-serial`. */
const PORTS: Readonly<Record<string, boolean>> = { virtconsole: true, virtserialport: false };
const PORT_PROPERTIES: ReadonlySet<string> = new Set(['id', 'chardev', 'name', 'bus', 'nr']);
const PORTS_MAX = 31;

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
  const own: DeviceKind | null = Object.hasOwn(KINDS, driver) ? KINDS[driver as DeviceType] : null;
  if (own?.pci || own?.fixed) return { type: driver as DeviceType, transport: own.pci ? 'pci' : null };
  const match = /^(virtio-.+?)(-device|-pci|-pci-non-transitional)?$/.exec(driver);
  if (!match || !Object.hasOwn(KINDS, match[1])) return null;
  const transport = match[2] === undefined ? null : match[2] === '-device' ? 'mmio' : 'pci';
  return { type: match[1] as DeviceType, transport };
}

/** As in QEMU the first console is port 0, which no port for data is. */
function addPort(
  ports: (PortPlan | null)[],
  option: string,
  console: boolean,
  properties: Readonly<Record<string, string>>,
): void {
  for (const key of Object.keys(properties)) {
    if (!PORT_PROPERTIES.has(key))
      throw bad(`${option}: there is no property "${key}"; there is ${[...PORT_PROPERTIES].join(', ')}.`);
  }
  const port = {
    console,
    name: properties['name'] ?? null,
    shared: properties['chardev'] === SHARED_CHARDEV,
    chardev: properties['chardev'] ?? null,
  };
  if (port.chardev === AGENT_CHARDEV) {
    if (console) throw bad(`${option}: the SPICE agent is on a port for data: virtserialport.`);
    if (ports.some((other) => other?.chardev === AGENT_CHARDEV))
      throw bad(`${option}: one port for the SPICE agent is enough.`);
  }
  if (ports.length >= PORTS_MAX) throw bad(`${option}: there are ${PORTS_MAX} ports already.`);
  if (console && ports[0] === null) ports[0] = port;
  else if (console || ports.length > 0) ports.push(port);
  else ports.push(null, port);
}

/** Gives the ports to the one `virtio-serial`, which is there if a port is. */
function placePorts(
  plans: DevicePlan[],
  ports: readonly (PortPlan | null)[],
  usual: VirtioTransport | undefined,
): void {
  const buses = plans.filter(({ type }) => type === 'virtio-serial');
  if (buses.length > 1)
    throw bad('-device virtio-serial: one is enough: it has a port for each virtconsole and virtserialport.');
  if (ports.length > 0 && buses.length === 0 && usual)
    plans.push({ type: 'virtio-serial', transport: usual, drive: null, properties: {}, ports });
  for (const bus of buses) {
    const max = Number(bus.properties['max_ports'] ?? PORTS_MAX);
    if (ports.length > max)
      throw bad(`-device virtio-serial: max_ports=${max}, and there are ${ports.length} ports with port 0.`);
    // Ports that are not there now have their queues all the same.
    const spare = bus.properties['max_ports'] === undefined ? 0 : max - ports.length;
    bus.ports = [...ports, ...Array.from({ length: spare }, () => null)];
  }
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
  const ports: (PortPlan | null)[] = [];
  const plans = (config.devices ?? []).flatMap(({ driver, properties = {} }): DevicePlan[] => {
    const option = `-device ${driver}`;
    if (Object.hasOwn(PORTS, driver)) {
      addPort(ports, option, PORTS[driver], properties);
      return [];
    }
    const found = parseDriver(driver);
    if (!found)
      throw bad(
        `${option} is not built yet; there is ${Object.keys(KINDS).join(', ')}, each with -device or -pci behind it, or nothing, and ${Object.keys(PORTS).join(' and ')}.`,
      );
    const { type } = found;
    if (type === 'virtio-9p')
      throw bad(`${option}: say it as -virtfs local,path=FOLDER,mount_tag=TAG,security_model=none.`);
    const transport = found.transport ?? usual;
    if (!board.virtio.includes(transport)) throw bad(`${option}: ${board.names[0]} has no place for it.`);
    const kind: DeviceKind = KINDS[type];
    const places = kind.fixed ? {} : PLACES[transport];
    const known = { ...kind.properties, ...(kind.pci || kind.fixed ? {} : COMMON), ...places };
    for (const [key, value] of Object.entries(properties)) {
      if (key === 'id') continue;
      if (!Object.hasOwn(known, key))
        throw bad(`${option}: there is no property "${key}"; there is ${Object.keys(known).join(', ')}.`);
      if (!known[key].test(value)) throw bad(`${option}: ${key}=${value} is not possible.`);
    }
    if (!kind.drive) return [{ type, transport, drive: null, properties }];
    const id = properties['drive'];
    const drive = drives.find((one) => one.interface === 'virtio' && id !== undefined && one.id === id);
    if (!drive) throw bad(`${option}: give a drive: -drive if=none,id=NAME,file=FILE and drive=NAME here.`);
    if (used.has(drive.name)) throw bad(`${option}: the drive ${id} is in another device already.`);
    used.add(drive.name);
    return [{ type, transport, drive: drive.name, properties }];
  });
  placePorts(plans, ports, usual);
  // QEMU's "duplicate fw_cfg file name".
  if (plans.filter(({ type }) => type === 'ramfb').length > 1)
    throw bad('-device ramfb: one is enough: firmware has one file etc/ramfb for it.');
  const indices = plans.flatMap(({ properties }) => properties['bootindex'] ?? []);
  const twice = indices.find((index, at) => indices.indexOf(index) !== at);
  if (twice !== undefined) throw bad(`-device: bootindex=${twice} is given twice.`);
  for (const { tag } of config.folders ?? [])
    plans.push({ type: 'virtio-9p', transport: usual, drive: null, properties: { mount_tag: tag } });
  for (const drive of drives) {
    if (drive.interface === 'virtio' && drive.id === null)
      plans.push({ type: 'virtio-blk', transport: usual, drive: drive.name, properties: {} });
  }
  return plans;
}

/** Whether one of the devices has a screen. */
export const hasScreen = (plans: readonly DevicePlan[]): boolean =>
  plans.some(({ type }) => (KINDS[type] as DeviceKind).display ?? false);

/** Bytes, with QEMU's suffixes; the pattern of the property has been looked at. */
export function parseSize(text: string): number {
  const unit = { k: 2 ** 10, M: 2 ** 20, G: 2 ** 30 }[text.at(-1) as string];
  return unit ? Number(text.slice(0, -1)) * unit : Number(text);
}

/** Whether a property of a device is on; absent: it is not. */
export const isOn = ({ properties }: DevicePlan, key: string): boolean =>
  /^(on|true)$/.test(properties[key] ?? '');
