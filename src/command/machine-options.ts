/** Options that say what machine it is: board, CPU, memory, time, debug port, and what firmware finds. */
import { ARCHITECTURES, type Architecture } from './architectures.ts';
import { type CliOptions, ListRequest } from './cli-options.ts';
import { checkKeys, parseInteger, parseKeyValues, parseMemorySize } from './option-values.ts';
import { UsageError } from './usage-error.ts';

function architectureOf(option: string, options: CliOptions): Architecture {
  const architecture = ARCHITECTURES[options.arch];
  if (architecture) return architecture;
  throw new UsageError(`${option} means nothing before the guest's architecture: that comes first`);
}

export function setMachine(options: CliOptions, text: string): void {
  const { boards, machineProperties } = architectureOf('-machine', options);
  const alias = boards[boards.length - 1];
  if (/^(help|\?)$/.test(text))
    throw new ListRequest(`Machines: ${boards[0]}, ${alias} (alias of ${boards[0]}, the default)\n`);
  const values = parseKeyValues('-machine', text, 'type');
  const board = values.get('type') ?? alias;
  if (!boards.includes(board))
    throw new UsageError(`-machine ${board} is unknown; there is ${boards.join(' and ')}`);
  checkKeys('-machine', values, { type: 'any', ...machineProperties });
  options.machine = board;
}

export function setCpu(options: CliOptions, text: string): void {
  const { cpus, cpuProperties } = architectureOf('-cpu', options);
  if (/^(help|\?)$/.test(text)) throw new ListRequest(`CPUs: ${cpus.join(', ')}\n`);
  const values = parseKeyValues('-cpu', text, 'model');
  checkKeys('-cpu', values, { model: cpus, ...cpuProperties });
  options.cpu = values.get('model') ?? cpus[0];
}

export function setMemory(options: CliOptions, text: string): void {
  const values = parseKeyValues('-m', text, 'size');
  checkKeys('-m', values, { size: 'any' });
  options.memory = parseMemorySize('-m', values.get('size') ?? '');
}

export function setSmp(_options: CliOptions, text: string): void {
  const values = parseKeyValues('-smp', text, 'cpus');
  for (const [key, value] of values) {
    if (!['cpus', 'maxcpus', 'sockets', 'clusters', 'dies', 'cores', 'threads'].includes(key)) {
      throw new UsageError(`-smp ${text}: "${key}" is unknown`);
    }
    if (parseInteger('-smp', value, 1, 512) !== 1) {
      throw new UsageError(`-smp ${text}: several vCPUs are not built yet; use -smp 1 or leave it out`);
    }
  }
}

export function setIcount(options: CliOptions, text: string): void {
  const values = parseKeyValues('-icount', text, 'shift');
  checkKeys('-icount', values, { shift: 'any', align: ['off'], sleep: ['on'] });
  const shift = values.get('shift');
  if (shift === undefined) throw new UsageError(`-icount ${text}: give the shift: -icount shift=N`);
  if (shift === 'auto')
    throw new UsageError('-icount shift=auto is not built yet; give a number: -icount shift=1');
  options.icount = parseInteger('-icount shift', shift, 0, 10);
}

/** Debug ports there are, and the source of their lines. */
const DEBUG_PORTS: Readonly<Record<number, CliOptions['debugPort']>> = { 233: 'debugcon', 1026: 'firmware' };

export function setDebugcon(options: CliOptions, text: string): void {
  if (text !== 'stdio')
    throw new UsageError(`-debugcon ${text} is not built yet; use -debugcon stdio, which prints to stderr`);
  options.debugcon = true;
}

export function setGlobal(options: CliOptions, text: string): void {
  const size = /^VGA[.]([xy]res)=(\d+)$/.exec(text);
  if (size) {
    options[size[1] as 'xres' | 'yres'] = Number(size[2]);
    return;
  }
  const value = /^isa-debugcon[.]iobase=(.*)$/.exec(text)?.[1];
  const source = value === undefined ? undefined : DEBUG_PORTS[Number(value)];
  if (source === undefined) {
    throw new UsageError(
      `-global ${text} is not built yet; there is -global isa-debugcon.iobase=0x402, and 0xe9, the default, and -global VGA.xres=PIXELS and VGA.yres`,
    );
  }
  options.debugPort = source;
}

export function setFwCfg(options: CliOptions, text: string): void {
  const values = parseKeyValues('-fw_cfg', text, 'name');
  checkKeys('-fw_cfg', values, { name: 'any', file: 'any', string: 'any' });
  const [name, file, string] = ['name', 'file', 'string'].map((key) => values.get(key));
  if (!name || (file === undefined) === (string === undefined))
    throw new UsageError(`-fw_cfg ${text}: give a name and either file=FILE or string=TEXT`);
  options.fwCfg ??= [];
  options.fwCfg.push({ name, ...(file !== undefined && { file }), ...(string !== undefined && { string }) });
}
