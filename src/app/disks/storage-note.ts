/** How much room the browser gives, and a way to ask it not to clear what is kept. */
import { h } from '../../element/dom.ts';
import { formatBytes } from '../../element/format.ts';
import { keepData, room } from './library.ts';

/** Above this share of its room the browser may soon refuse writes. */
const NEARLY_FULL = 0.8;

export async function storageNote(): Promise<HTMLElement> {
  const found = await room().catch(() => null);
  if (!found) return h('p', { class: 'storage' }, 'The browser does not say how much room there is.');
  const { used, quota, persisted } = found;
  const said = h('span', { role: 'status' });
  const meter = h('meter', {
    min: 0,
    max: 1,
    high: NEARLY_FULL,
    low: 0,
    optimum: 0,
    value: quota > 0 ? Math.min(used / quota, 1) : 0,
    'aria-label': 'Storage of this site that is in use',
  });
  const text = h('span', {}, `${formatBytes(used)} of ${formatBytes(quota)} in use by this site.`);
  const line = h('div', { class: 'storage' }, meter, text);
  const kept = 'The browser has promised not to clear it by itself.';
  if (persisted) said.textContent = kept;
  else {
    const ask = h('button', { type: 'button', class: 'quiet' }, 'Ask the browser to keep it');
    ask.title =
      'Browsers may clear the data of sites that were not visited for long, unless they have agreed to keep it.';
    ask.addEventListener('click', async () => {
      const agreed = await keepData();
      if (agreed) ask.remove();
      said.textContent = agreed
        ? kept
        : 'The browser did not agree. It does so more readily for pages that are bookmarked or visited often; export what matters to you.';
    });
    line.append(ask);
  }
  line.append(said);
  return line;
}
