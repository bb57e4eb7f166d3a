/** Options that have a line of text for each of their values: SMBIOS tables and files of fw_cfg. */
import type { CliOptions } from '../../command/cli-options.ts';
import { setFwCfg } from '../../command/machine-options.ts';
import { escapeCommas } from '../../command/option-values.ts';
import type { FwCfgEntry, ImageSource, VmConfig } from '../../core/vm-api.ts';
import { imageName } from '../../element/options.ts';

type Lines = Pick<VmConfig, 'smbios' | 'fwCfg'>;

/** @param shorten how an address is shown */
const fileText = (file: ImageSource, shorten: (address: string) => string): string =>
  typeof file === 'string' ? shorten(file) : imageName(file);

/** @param shorten how an address is shown */
export function linesOf(key: keyof Lines, config: Lines, shorten: (address: string) => string): string {
  if (key === 'smbios') return (config.smbios ?? []).join('\n');
  return (config.fwCfg ?? [])
    .map(({ name, string, file }) =>
      [
        `name=${escapeCommas(name)}`,
        string === undefined
          ? `file=${escapeCommas(fileText(file ?? '', shorten))}`
          : `string=${escapeCommas(string)}`,
      ].join(','),
    )
    .join('\n');
}

/**
 * @param held entries whose files a line may name by what `linesOf` shows of them
 * @throws UsageError
 */
export function parseLines(
  key: keyof Lines,
  text: string,
  held: readonly FwCfgEntry[],
  shorten: (address: string) => string,
): Lines {
  const lines = text
    .split('\n')
    .map((line) => line.trimStart())
    .filter((line) => line !== '');
  if (lines.length === 0) return { [key]: undefined };
  if (key === 'smbios') return { smbios: lines };
  const options = {} as CliOptions;
  for (const line of lines) setFwCfg(options, line);
  const entries = options.fwCfg!;
  // Files may be called alike: an entry keeps its own, and one that is renamed has what is left.
  const found = new Map<(typeof entries)[number], ImageSource>();
  const find = (accept: (candidate: FwCfgEntry, name: string) => boolean): void => {
    const taken = new Set(found.values());
    for (const entry of entries) {
      if (entry.file === undefined || found.has(entry)) continue;
      const file = held.find(
        (candidate) =>
          candidate.file !== undefined &&
          !taken.has(candidate.file) &&
          fileText(candidate.file, shorten) === entry.file &&
          accept(candidate, entry.name),
      )?.file;
      if (file === undefined) continue;
      found.set(entry, file);
      taken.add(file);
    }
  };
  find(({ name }, wanted) => name === wanted);
  find(() => true);
  return {
    fwCfg: entries.map((entry) => {
      const { name, string, file = '' } = entry;
      if (string !== undefined) return { name, string };
      const again = held.find((candidate) => candidate.file && fileText(candidate.file, shorten) === file);
      return { name, file: found.get(entry) ?? again?.file ?? file };
    }),
  };
}
