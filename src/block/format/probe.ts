/** Which format an image has, by its first bytes. */
import { viewOf } from './qcow2/header.ts';

/** Formats that are opened, in QEMU's spelling. */
export const FORMATS = ['raw', 'qcow2', 'vmdk', 'vdi', 'vpc'] as const;
export type FormatName = (typeof FORMATS)[number];

export const PROBE_BYTES = 512;

/** Formats of other programs that would be taken for raw images by mistake. */
const FOREIGN: readonly (readonly [magic: string, name: string])[] = [
  ['vhdxfile', 'VHDX'],
  ['QED\0', 'QED'],
  ['LUKS\xba\xbe', 'LUKS'],
  ['Bochs Virtual HD Image', 'Bochs'],
  ['\x1f\x8b', 'gzip'],
  ['\xfd7zXZ', 'xz'],
  ['\x28\xb5\x2f\xfd', 'Zstandard'],
  ['PK\x03\x04', 'zip'],
];

const startsWith = (bytes: Uint8Array, text: string): boolean => {
  for (let i = 0; i < text.length; i++) if (bytes[i] !== text.charCodeAt(i)) return false;
  return true;
};

/** The format that the first 512 bytes show; null: they show none, so that the image is raw unless its end says otherwise. */
export function formatOf(head: Uint8Array): FormatName | null {
  if (startsWith(head, 'QFI\xfb')) return 'qcow2';
  if (startsWith(head, 'KDMV') || startsWith(head, 'COWD') || startsWith(head, '# Disk DescriptorFile'))
    return 'vmdk';
  if (startsWith(head, 'conectix')) return 'vpc';
  if (head.length >= 68 && viewOf(head).getUint32(64, true) === 0xbeda107f) return 'vdi';
  return null;
}

/** The name of a format that is known, but not opened; null: it is none. */
export function foreignFormat(head: Uint8Array): string | null {
  return FOREIGN.find(([magic]) => startsWith(head, magic))?.[1] ?? null;
}
