import { VmError } from '../core/errors.ts';
import { MEDIA, type VmConfig } from '../core/vm-api.ts';
import type { BoardModel, VgaKind } from './board.ts';
import { type DrivePlan, planDrives } from './drives.ts';
import { type DevicePlan, planDevices } from './devices.ts';
import { checkFolders } from './folders.ts';
import { type BootOptions, parseBootOptions } from './firmware/boot-options.ts';
import { parseRtcOptions, type RtcOptions } from './rtc-options.ts';
import { parseSmbiosOptions, type SmbiosOverrides } from './firmware/smbios-options.ts';
import { PC_1_0 } from './pc.ts';
import { VIRT_1_0 } from './virt.ts';

/** Boards by architecture, the default one first. */
const BOARDS: Readonly<Record<string, readonly BoardModel[]>> = {
  riscv64: [VIRT_1_0],
  i386: [PC_1_0],
  x86_64: [PC_1_0],
};

/** fw_cfg's directory has 56 bytes for a name and its final zero. */
const FW_CFG_NAME_MAX = 55;
/** `-icount shift=N` takes 0 to 10, as in QEMU. */
const ICOUNT_SHIFT_MAX = 10;

/** QEMU's monitor; and what an EDID can say, and the video memory show. */
const MONITOR = { width: 1280, height: 800 };
const MONITOR_MIN = 200;
const MONITOR_MAX = 4095;

/** MiB that the browser keeps of what was fetched. */
const CACHE_DEFAULT = 1024;

const TIERS: readonly ResolvedConfig['tier'][] = ['auto', 'interp', 'jit', 'check'];

const OPTIONS: ReadonlySet<string> = new Set<keyof VmConfig>([
  'arch',
  'machine',
  'memory',
  'cpu',
  'smp',
  'bios',
  'kernel',
  'initrd',
  ...MEDIA,
  'drives',
  'devices',
  'folders',
  'append',
  'boot',
  'fwCfg',
  'smbios',
  'nographic',
  'icount',
  'rtc',
  'noReboot',
  'vga',
  'xres',
  'yres',
  'audiodev',
  'cache',
  'recordReads',
  'tier',
]);

export interface ResolvedConfig {
  arch: string;
  board: BoardModel;
  /** MiB. */
  memory: number;
  smp: number;
  /** What the core's reset takes for the processor: see BoardModel.processors. */
  processor: number;
  vga: VgaKind;
  /** The machine's speaker is heard. */
  sound: boolean;
  /** The monitor's own size, pixels. */
  monitor: { width: number; height: number };
  tier: 'auto' | 'interp' | 'jit' | 'check';
  /** Bytes that the browser may keep of what was fetched. */
  cache: number;
  drives: readonly DrivePlan[];
  devices: readonly DevicePlan[];
  boot: BootOptions;
  rtc: RtcOptions;
  smbios: SmbiosOverrides;
}

/** The architectures there are machines for, each with the names of its boards. */
export function availableMachines(): { arch: string; machines: string[] }[] {
  return Object.entries(BOARDS).map(([arch, boards]) => ({ arch, machines: boards.flatMap((b) => b.names) }));
}

const oneOf = (names: readonly string[]): string => `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;

/** The graphics card: that of -vga, or one that is a device and the only card. @param devices gets the device that `-vga virtio` is */
function chooseVga(config: VmConfig, board: BoardModel, devices: DevicePlan[]): VgaKind {
  const bad = (message: string): VmError => new VmError('bad-config', message);
  const cards = devices.filter(({ type }) => type === 'virtio-vga').length;
  const vga = config.vga ?? (cards > 0 ? 'none' : board.graphics ? 'std' : 'none');
  if (vga !== 'std' && vga !== 'virtio' && vga !== 'none')
    throw bad(`There is no graphics card "${String(vga)}" (-vga): choose std, virtio or none.`);
  if ((vga !== 'none' || cards > 0) && !board.graphics)
    throw bad(
      `${board.names[0]} has no place for a graphics card (-vga): use -device virtio-gpu-pci or bochs-display.`,
    );
  if (cards > 1 || (cards > 0 && vga !== 'none'))
    throw bad('One graphics card with a VGA is all there can be: leave -vga or -device virtio-vga out.');
  if (vga === 'virtio') devices.push({ type: 'virtio-vga', transport: 'pci', drive: null, properties: {} });
  return cards > 0 ? 'virtio' : vga;
}

/** A PC's firmware has them from fw_cfg; a kernel alone is started without it. */
const hasSmbios = (config: VmConfig, board: BoardModel): boolean =>
  !board.firmware.withKernel &&
  config.bios !== 'none' &&
  (config.kernel === undefined || (config.bios !== undefined && config.bios !== 'default'));

/**
 * Checks a configuration and fills in the defaults.
 * @throws VmError bad-config, naming what is possible
 */
export function resolveConfig(config: VmConfig): ResolvedConfig {
  const bad = (message: string): VmError => new VmError('bad-config', message);
  for (const key of Object.keys(config)) {
    if (!OPTIONS.has(key)) throw bad(`Unknown option "${key}": there are ${[...OPTIONS].join(', ')}.`);
  }
  const boards = Object.hasOwn(BOARDS, config.arch) ? BOARDS[config.arch] : undefined;
  if (!boards) {
    throw bad(`There is no architecture "${config.arch}" yet: choose ${oneOf(Object.keys(BOARDS))}.`);
  }
  const name = config.machine ?? boards[0].names[0];
  const board = boards.find((b) => b.names.includes(name));
  if (!board) {
    const names = boards.flatMap((b) => b.names).join(' or ');
    throw bad(`There is no machine "${name}" for ${config.arch} (-M): choose ${names}.`);
  }
  const memory = config.memory ?? board.memoryDefault;
  if (!Number.isInteger(memory) || memory < board.memoryMin || memory > board.memoryMax) {
    throw bad(
      `${memory} MiB of RAM (-m) is not possible on ${board.names[0]}: choose a whole number from ${board.memoryMin} to ${board.memoryMax}.`,
    );
  }
  const smp = config.smp ?? 1;
  if (!Number.isInteger(smp) || smp < 1 || smp > board.smpMax) {
    throw bad(
      `${smp} vCPUs (-smp) are not built yet on ${board.names[0]}: choose ${board.smpMax === 1 ? '1' : `1 to ${board.smpMax}`}.`,
    );
  }
  if (config.initrd !== undefined && config.kernel === undefined) {
    throw bad('An initrd (-initrd) needs a kernel (-kernel): only the kernel knows what to do with it.');
  }
  if (config.append && config.kernel === undefined) {
    throw bad('A kernel command line (-append) needs a kernel (-kernel).');
  }
  if (config.append?.includes('\0'))
    throw bad('The kernel command line (-append) must not contain a zero byte.');
  const icount = config.icount;
  if (icount !== undefined && (!Number.isInteger(icount) || icount < 0 || icount > ICOUNT_SHIFT_MAX)) {
    throw bad(
      `-icount shift=${icount} is not possible: choose a whole number from 0 to ${ICOUNT_SHIFT_MAX}.`,
    );
  }
  for (const { name, string, file } of config.fwCfg ?? []) {
    if (!name || name.length > FW_CFG_NAME_MAX || (string === undefined) === (file === undefined)) {
      throw bad(
        `-fw_cfg "${name}": give a name of at most ${FW_CFG_NAME_MAX} characters, and either a text (string=) or a file (file=).`,
      );
    }
  }
  const tier = config.tier ?? 'auto';
  if (!TIERS.includes(tier)) throw bad(`There is no tier "${String(tier)}": choose ${TIERS.join(', ')}.`);
  const cache = config.cache ?? CACHE_DEFAULT;
  if (!(cache >= 0)) throw bad(`A cache of ${String(cache)} MiB is not possible: choose 0 or more.`);
  const processors = board.processors[config.arch] ?? {};
  const cpu = config.cpu ?? (Object.keys(processors)[0] as string);
  const processor = Object.hasOwn(processors, cpu) ? processors[cpu] : undefined;
  if (processor === undefined) {
    const names = Object.keys(processors);
    throw bad(
      `There is no processor "${cpu}" for ${config.arch} (-cpu): choose ${names.length > 1 ? oneOf(names) : names[0]}.`,
    );
  }
  const drives = planDrives(config, board.drives, board.names[0]);
  checkFolders(config.folders ?? []);
  const devices = planDevices(config, drives, board);
  if (!board.firmware.withKernel && config.bios === 'none' && config.kernel === undefined) {
    throw bad(`Without firmware (-bios none) ${board.names[0]} needs a kernel (-kernel) to start.`);
  }
  if (drives.some((drive) => drive.interface === 'pflash') && config.bios !== undefined) {
    throw bad(
      'Firmware comes from flash memory (if=pflash) or from a file (-bios), not from both: leave one out.',
    );
  }
  const boot = parseBootOptions(config.boot);
  const rtc = parseRtcOptions(config.rtc);
  const smbios = parseSmbiosOptions(config.smbios ?? []);
  if (config.smbios?.length && !hasSmbios(config, board)) {
    throw bad(
      'What -smbios tells is put into memory by the firmware of a PC, which does not run here: use -M pc, and with a kernel a file of firmware too (-bios FILE).',
    );
  }
  const vga = chooseVga(config, board, devices);
  const monitor = { width: config.xres ?? MONITOR.width, height: config.yres ?? MONITOR.height };
  for (const pixels of [monitor.width, monitor.height]) {
    if (!Number.isInteger(pixels) || pixels < MONITOR_MIN || pixels > MONITOR_MAX)
      throw bad(
        `A monitor of ${pixels} pixels (xres, yres) is not possible: choose ${MONITOR_MIN} to ${MONITOR_MAX}.`,
      );
  }
  const audiodev = config.audiodev ?? 'webaudio';
  if (audiodev !== 'webaudio' && audiodev !== 'none')
    throw bad(`There is no audio device "${String(audiodev)}" (-audiodev): choose webaudio or none.`);
  const sound = board.speaker && audiodev !== 'none';
  return {
    arch: config.arch,
    board,
    memory,
    smp,
    processor,
    vga,
    monitor,
    sound,
    tier,
    cache: cache * 1048576,
    drives,
    devices,
    boot,
    rtc,
    smbios,
  };
}
