export const BOOT_MODES: { name: string; parameters: number[] }[];
export const PARAMETERS_AT: number;
