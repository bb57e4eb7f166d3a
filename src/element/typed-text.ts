import type { KeyboardLayout, Vm } from '../core/vm-api.ts';

const KEYBOARDS: readonly KeyboardLayout[] = ['us', 'uk', 'de', 'fr'];

/**
 * Types a text on the machine's keyboard.
 * @param named the guest's keyboard layout; any other word, or null, is `us`
 * @returns what to tell the user if the layout lacks some of the characters, or null
 */
export async function typeText(vm: Vm, text: string, named: string | null): Promise<string | null> {
  const layout = KEYBOARDS.find((one) => one === named) ?? 'us';
  const { missing } = await vm.input.type(text, layout);
  return missing.length > 0 ? `The keyboard layout “${layout}” has no key for: ${missing.join(' ')}` : null;
}
