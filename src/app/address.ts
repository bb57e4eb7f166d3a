/** The page's address: `?machine=NAME` with options spelled as QEMU's, such as `&m=512&append=quiet`; `?mine=ID` for a machine that this browser keeps. */
import { VmError } from '../core/errors.ts';
import { MEDIA, type VmConfig } from '../core/vm-api.ts';
import { configFromText, textOfOption, VM_OPTIONS } from '../element/options.ts';

/** Options that make a machine by themselves. */
const STARTERS = ['arch', 'kernel', 'bios', ...MEDIA] as const;

/** What the address asks for: the list, or a machine. */
export interface Address {
  /** Name of a machine of the list; absent for one made of options alone. */
  machine?: string;
  /** Id of a machine that this browser keeps. */
  mine?: string;
  /** Options that differ from the machine's own. */
  options: Partial<VmConfig>;
}

/** What the page itself has in an address. */
const PAGE_PARAMS = ['machine', 'mine'] as const;
/** What search engines, mail programs and the like add to addresses. */
const STRANGERS = /^(utm_.*|fbclid|gclid|msclkid|mc_.*|ref|source|share)$/;

/** What somebody may have meant who wrote `name`: as long as it, or nearly, with at most two letters that differ. */
function meant(name: string, known: Iterable<string>): string | null {
  for (const one of known) {
    if (one.length < 4 || Math.abs(one.length - name.length) > 1) continue;
    const left = [...name.toLowerCase()];
    const missing = [...one].filter((letter) => {
      const at = left.indexOf(letter);
      if (at >= 0) left.splice(at, 1);
      return at < 0;
    });
    if (missing.length + left.length <= 2) return one;
  }
  return null;
}

/** What is wrong with one option each, in the order of the options; unknown ones last. */
export class AddressError extends VmError {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super('bad-config', problems.join('\n'));
    this.problems = problems;
  }
}

/**
 * Reads the query part of an address; null means the list of machines. Anyone can write an address: it names no disk that
 * this browser keeps. Those come with the machine that the person made (`withDisks`).
 * @param kept it is one that this browser keeps for a machine of the person's: older versions of the page named disks in them
 * @throws AddressError that names every option that is wrong
 */
export function parseAddress(search: string, kept = false): Address | null {
  const params = new URLSearchParams(search);
  const problems: string[] = [];
  const options: Partial<VmConfig> = {};
  for (const option of VM_OPTIONS) {
    try {
      const one = configFromText(
        (other) => (other === option ? params.get(option.param) : null),
        ({ param }) => `Option “${param}” in the address`,
      );
      Object.assign(options, one);
    } catch (error) {
      if (!(error instanceof VmError)) throw error;
      problems.push(error.message);
    }
    if (params.getAll(option.param).length > 1)
      problems.push(`Option “${option.param}” is in the address more than once.`);
  }
  if (!kept && options.drives?.some(({ persist }) => persist !== undefined)) {
    problems.push(
      'Option “drive” in the address: an address opens no disk that this browser keeps (persist=). Make a machine that keeps its disk, on the list of machines.',
    );
  }
  const machine = params.get('machine')?.trim() || undefined;
  const mine = params.get('mine')?.trim() || undefined;
  const known = new Set<string>([...PAGE_PARAMS, ...VM_OPTIONS.map(({ param }) => param)]);
  if (!mine && !machine && !STARTERS.some((key) => params.get(key)?.trim())) {
    // Whatever else others have added to the address of the list does no harm.
    const options = [...params.keys()].filter((name) => known.has(name) || meant(name, known));
    if (options.length === 0) return null;
    for (const name of options) {
      const other = known.has(name) ? null : meant(name, known);
      if (other !== null) problems.push(`There is no option “${name}”: perhaps “${other}” was meant.`);
    }
    if (problems.length === 0)
      problems.push(
        'The address names no machine: it needs a “machine” of the list, an “arch”, or something to start, such as a “kernel” or “hda”.',
      );
    throw new AddressError(problems);
  }
  for (const name of new Set(params.keys())) {
    if (!known.has(name) && !STRANGERS.test(name))
      problems.push(
        `There is no option “${name}”${meant(name, known) ? `: perhaps “${meant(name, known)}” was meant` : ''}. There are ${VM_OPTIONS.map(({ param }) => param).join(', ')}.`,
      );
  }
  if (problems.length > 0) throw new AddressError(problems);
  if (mine) return { mine, options };
  return machine ? { machine, options } : { options };
}

/** Writes an address; files from the user's disk have none and are left out. */
export function formatAddress({ machine, mine, options }: Address): string {
  const params = new URLSearchParams();
  if (mine) params.set('mine', mine);
  else if (machine) params.set('machine', machine);
  for (const option of VM_OPTIONS) {
    const text = textOfOption(option, options);
    if (text !== null) params.set(option.param, text);
  }
  // Slashes, colons and the like may stand in a query as they are, and are easier to read so.
  return `?${params.toString().replace(/%(2F|3A|2C|3D)/g, (code) => decodeURIComponent(code))}`;
}
