/** `-smbios`: what the structures of SMBIOS say of the machine. Spelled as in QEMU: `type=1,serial=S,uuid=U`, a comma in a value doubled. */
import { VmError } from '../../core/errors.ts';

/** Texts by key, for types 0 (firmware), 1 (system), 2 (board) and 3 (chassis), and the texts of type 11. A type that is absent was not named. */
export interface SmbiosOverrides {
  types: ReadonlyMap<number, ReadonlyMap<string, string>>;
  oem: readonly string[];
}

export const NO_SMBIOS_OVERRIDES: SmbiosOverrides = { types: new Map(), oem: [] };

const KEYS: Readonly<Record<number, readonly string[]>> = {
  0: ['vendor', 'version', 'date', 'release', 'uefi'],
  1: ['manufacturer', 'product', 'version', 'serial', 'uuid', 'sku', 'family'],
  2: ['manufacturer', 'product', 'version', 'serial', 'asset', 'location'],
  3: ['manufacturer', 'version', 'serial', 'asset', 'sku'],
  11: ['value'],
};
const OEM_TYPE = 11;
/** Number and length of the texts: the entry point counts the bytes of all structures with 16 bits. */
const OEM_MAX = 64;
const TEXT_MAX = 255;

const FORMATS: Readonly<Record<string, readonly [pattern: RegExp, says: string]>> = {
  release: [
    /^(\d|\d\d|1\d\d|2[0-4]\d|25[0-5])\.(\d|\d\d|1\d\d|2[0-4]\d|25[0-5])$/,
    'two numbers up to 255, such as 1.16',
  ],
  uefi: [/^(on|off)$/, 'on or off'],
  uuid: [/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i, 'a UUID, such as 00112233-4455-6677-8899-aabbccddeeff'],
};

const bad = (message: string): VmError => new VmError('bad-config', message);

/** Keys and values between commas; two commas are one in a value. */
function pairs(text: string): [string, string][] {
  const parts = text.replaceAll(',,', '\0').split(',');
  return parts.map((part) => {
    const at = part.indexOf('=');
    if (at < 0) throw bad(`-smbios: "${part}" needs a value: ${part}=VALUE.`);
    return [part.slice(0, at), part.slice(at + 1).replaceAll('\0', ',')];
  });
}

function check(key: string, value: string): void {
  // A zero ends a string in the structures.
  if (value.length > TEXT_MAX || value.includes('\0'))
    throw bad(`-smbios: ${key} is no text of at most ${TEXT_MAX} characters.`);
  const format = Object.hasOwn(FORMATS, key) ? FORMATS[key] : undefined;
  if (format && !format[0].test(value)) throw bad(`-smbios: ${key}=${value} must be ${format[1]}.`);
}

/**
 * Reads what was given, one text for each option; of a key that is given twice the last counts.
 * @throws VmError bad-config
 */
export function parseSmbiosOptions(texts: readonly string[]): SmbiosOverrides {
  const types = new Map<number, Map<string, string>>();
  const oem: string[] = [];
  for (const text of texts) {
    if (text.includes('\0')) throw bad('-smbios: a text must not contain a zero byte.');
    const given = pairs(text);
    const type = given.find(([key]) => key === 'type')?.[1] ?? '';
    const keys = Object.hasOwn(KEYS, type) ? KEYS[Number(type)] : undefined;
    if (!keys)
      throw bad(
        `-smbios ${text}: name a type that can be told, such as type=1: ${Object.keys(KEYS).join(', ')}.`,
      );
    const told = types.get(Number(type)) ?? new Map<string, string>();
    types.set(Number(type), told);
    for (const [key, value] of given) {
      if (key === 'type') continue;
      if (!keys.includes(key))
        throw bad(`-smbios: type ${type} has no "${key}". There are ${keys.join(', ')}.`);
      check(key, value);
      if (Number(type) === OEM_TYPE) oem.push(value);
      else told.set(key, value);
    }
  }
  types.delete(OEM_TYPE);
  if (oem.length > OEM_MAX) throw bad(`-smbios: there is room for ${OEM_MAX} texts of type ${OEM_TYPE}.`);
  return { types, oem };
}
