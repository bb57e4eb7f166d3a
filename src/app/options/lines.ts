/** Options that have a line of text for each of their values: SMBIOS tables and files of fw_cfg. */
import type { CliOptions } from '../../command/cli-options.ts';
import { setFwCfg } from '../../command/machine-options.ts';
import { escapeCommas } from '../../command/option-values.ts';
import type { FwCfgEntry, ImageSource, VmConfig } from '../../core/vm-api.ts';

type Lines = Pick<VmConfig, 'smbios' | 'fwCfg'>;

/** @param nameOf what is shown of a file: no two are called alike */
export function linesOf(key: keyof Lines, config: Lines, nameOf: (file: ImageSource) => string): string {
  if (key === 'smbios') return (config.smbios ?? []).join('\n');
  return (config.fwCfg ?? [])
    .map(({ name, string, file }) =>
      [
        `name=${escapeCommas(name)}`,
        string === undefined ? `file=${escapeCommas(nameOf(file ?? ''))}` : `string=${escapeCommas(string)}`,
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
  nameOf: (file: ImageSource) => string,
): Lines {
  const lines = text
    .split('\n')
    .map((line) => line.trimStart())
    .filter((line) => line !== '');
  if (lines.length === 0) return { [key]: undefined };
  if (key === 'smbios') return { smbios: lines };
  const options = {} as CliOptions;
  for (const line of lines) setFwCfg(options, line);
  return {
    fwCfg: options.fwCfg!.map(({ name, string, file = '' }) => {
      if (string !== undefined) return { name, string };
      const found = held.find((candidate) => candidate.file && nameOf(candidate.file) === file);
      return { name, file: found?.file ?? file };
    }),
  };
}
