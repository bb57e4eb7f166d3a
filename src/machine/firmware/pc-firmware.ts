/** What a PC tells its firmware through fw_cfg: memory, tables, what to boot. */
import type { FwCfg } from '../../hw/firmware/fw-cfg.ts';
import { FW_CFG_BOOT_MENU, FW_CFG_NOGRAPHIC } from '../../hw/firmware/fw-cfg.ts';
import { pcAcpiTables } from '../acpi/pc-acpi.ts';
import { PC_PORTS } from '../pc-map.ts';
import { RSDP_FILE, TABLES_FILE, tableLoaderFiles } from '../acpi/table-loader.ts';
import type { BootOptions } from './boot-options.ts';
import { smbiosFiles } from './smbios.ts';
import type { SmbiosOverrides } from './smbios-options.ts';

const E820_RAM = 1;
const E820_ENTRY_BYTES = 20;
/** S0 and S5 only, of the six sleep states: bit 7 says that there is one; S3's and S4's types are 1 and 2 (QEMU 7.2, hw/i386/pc.c). */
const SYSTEM_STATES = [0x80, 0, 0, 0x01, 0x02, 0x80];

/** A file for firmware or the guest (`-fw_cfg`). */
export interface FwCfgFile {
  name: string;
  bytes: Uint8Array;
}

export interface PcFirmwareOptions {
  /** The board's versioned name. */
  board: string;
  ramBytes: number;
  vcpus: number;
  /** There is a VGA card. */
  vga: boolean;
  /** There is no screen: firmware shows itself on the serial port. */
  nographic: boolean;
  boot: BootOptions;
  smbios: SmbiosOverrides;
  /** Port at which the guest has put the power management registers. */
  pmBase(): number;
  /** OpenFirmware paths of what to boot before anything else, the first first. */
  bootOrder: readonly string[];
  /** Option ROMs that belong to no device, by file name. */
  optionRoms: readonly FwCfgFile[];
}

export function addPcFirmwareFiles(fwCfg: FwCfg, options: PcFirmwareOptions): void {
  const { ramBytes, vcpus, vga, boot, bootOrder } = options;
  fwCfg.addNumber(FW_CFG_NOGRAPHIC, options.nographic ? 1 : 0, 2);
  fwCfg.addNumber(FW_CFG_BOOT_MENU, boot.menu ? 1 : 0, 2);
  fwCfg.addFile('etc/e820', e820(ramBytes));
  fwCfg.addFile('etc/system-states', Uint8Array.from(SYSTEM_STATES));
  if (boot.splashTime !== undefined) fwCfg.addFile('etc/boot-menu-wait', word(boot.splashTime, 2));
  if (boot.rebootTimeout !== undefined) fwCfg.addFile('etc/boot-fail-wait', word(boot.rebootTimeout, 4));
  if (bootOrder.length > 0) fwCfg.addFile('bootorder', new TextEncoder().encode(`${bootOrder.join('\n')}\0`));
  for (const { name, bytes } of options.optionRoms) fwCfg.addFile(`genroms/${name}`, bytes);

  const acpi = tableLoaderFiles(pcAcpiTables(0, { vcpus, vga, pm: PC_PORTS.pm }));
  fwCfg.addFile(TABLES_FILE, acpi.tables, () => {
    const pm = options.pmBase();
    // OVMF has its power management registers elsewhere than SeaBIOS.
    return pm === PC_PORTS.pm ? acpi.tables : tableLoaderFiles(pcAcpiTables(0, { vcpus, vga, pm })).tables;
  });
  fwCfg.addFile(RSDP_FILE, acpi.rsdp);
  fwCfg.addFile('etc/table-loader', acpi.script);
  const smbios = smbiosFiles({ version: options.board, ramBytes, vcpus, overrides: options.smbios });
  fwCfg.addFile('etc/smbios/smbios-tables', smbios.tables);
  fwCfg.addFile('etc/smbios/smbios-anchor', smbios.anchor);
}

/** RAM alone: what firmware keeps for itself, it adds. */
function e820(ramBytes: number): Uint8Array {
  const bytes = new Uint8Array(E820_ENTRY_BYTES);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(8, BigInt(ramBytes), true);
  view.setUint32(16, E820_RAM, true);
  return bytes;
}

const word = (value: number, size: number): Uint8Array =>
  Uint8Array.from({ length: size }, (_, i) => (value >> (8 * i)) & 0xff);
