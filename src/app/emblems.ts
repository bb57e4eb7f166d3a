/** Small pictures of what a machine of the list is. */
import type { MachineGroup } from './catalog.ts';

const icon = (body: string): string =>
  `<svg viewBox="0 0 24 24" width="24" height="24" fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round">${body}</svg>`;

export const EMBLEMS: Record<MachineGroup, string> = {
  system: icon(
    '<rect x="3" y="4" width="18" height="12" rx="2"/><path d="M9 20h6M12 16v4"/><path d="M6.5 8l2 1.75-2 1.75M11 11.5h3"/>',
  ),
  linux: icon('<path d="M5 6.5l5.5 5.5L5 17.5M12.5 17.5H19"/>'),
  play: icon(
    '<path d="M7.5 7h9a4.5 4.5 0 0 1 4.4 5.4l-.7 3.3a2.3 2.3 0 0 1-4.1.9L14.5 15h-5l-1.6 1.6a2.3 2.3 0 0 1-4.1-.9l-.7-3.3A4.5 4.5 0 0 1 7.5 7z"/><path d="M8.5 9.5v3M7 11h3M15 10v.01M17 12v.01"/>',
  ),
  tool: icon(
    '<rect x="7" y="7" width="10" height="10" rx="1.5"/><path d="M10 3v4M14 3v4M10 17v4M14 17v4M3 10h4M3 14h4M17 10h4M17 14h4"/>',
  ),
  demo: icon(
    '<path d="M12 3.5l1.9 5.1 5.1 1.9-5.1 1.9L12 17.5l-1.9-5.1L5 10.5l5.1-1.9z"/><path d="M18.5 16.5v4M16.5 18.5h4"/>',
  ),
};
