/** The page: its address decides between the list of machines and one machine. */
import './app.css';
import { h } from '../element/dom.ts';
import { configFromText } from '../element/options.ts';
import { type Address, formatAddress, parseAddress } from './address.ts';
import { type Catalog, loadCatalog } from './catalog.ts';
import { fileKind, HEADER_SIZE, kernelArch, runsWithoutFirmware } from './file-kind.ts';
import { listView, notice } from './list-view.ts';
import { differingOptions, type PickedFiles, resolveMachine } from './machine.ts';
import { machineView, topBar } from './machine-view.ts';

const imagesUrl = new URL('images/', document.baseURI).href;
const root = document.querySelector<HTMLElement>('#app')!;

let catalog: Catalog = { kind: 'missing' };
let files: PickedFiles = {};

function entries() {
  return catalog.kind === 'found' ? catalog.entries : [];
}

function showProblem(title: string, text: string): void {
  document.title = `${title} · Snowglobe`;
  const link = h('a', { href: './' }, 'All machines');
  root.replaceChildren(h('main', { class: 'list' }, topBar(title, goHome), notice(title, text, link)));
}

/** Draws what the address says. Replacing a machine's page destroys the machine. */
function render(): void {
  let address: Address | null;
  try {
    address = parseAddress(location.search);
  } catch (error) {
    showProblem('The address cannot be used', (error as Error).message);
    return;
  }
  if (!address && !files.kernel && !files.bios) {
    document.title = 'Snowglobe';
    root.replaceChildren(
      listView(catalog, { open: (name) => go({ machine: name, options: {} }), pick: takeFiles }),
    );
    return;
  }
  const wanted = address ?? { options: {} };
  const firmware = catalog.kind === 'found' ? catalog.firmware : {};
  const machine = resolveMachine(wanted, files, entries(), firmware);
  if (!machine) {
    const name = wanted.machine!;
    const hint =
      catalog.kind === 'found'
        ? 'It is not in the list.'
        : 'The list of machines is not there: run “npm start” to build them.';
    showProblem('No such machine', `There is no machine called “${name}” here. ${hint}`);
    return;
  }
  document.title = `${machine.title} · Snowglobe`;
  root.replaceChildren(
    machineView(machine, imagesUrl, {
      back: goHome,
      apply(texts, picked) {
        const changed = configFromText(
          (option) => texts[option.param as keyof typeof texts] ?? null,
          (option) => option.flag ?? option.attribute,
        );
        files = { ...files, ...picked };
        const options = { ...wanted.options, ...changed };
        if (texts.icount?.trim() === '') delete options.icount;
        void goWithFiles({
          ...wanted,
          options: differingOptions(
            options,
            entries().find(({ name }) => name === wanted.machine),
          ),
        });
      },
    }),
  );
}

function go(address: Address | null): void {
  const url = address ? formatAddress(address) : './';
  history.pushState(null, '', url);
  render();
  scrollTo(0, 0);
}

function goHome(): void {
  files = {};
  go(null);
}

/** Goes to a machine that may hold a picked kernel, which decides what kind of machine it is and whether firmware runs before it. */
async function goWithFiles(address: Address): Promise<void> {
  const { kernel, bios } = files;
  if (kernel) {
    const header = new Uint8Array(await kernel.slice(0, HEADER_SIZE).arrayBuffer());
    const arch = kernelArch(header);
    const entry = entries().find(({ name }) => name === address.machine);
    if (arch && arch !== (address.options.arch ?? entry?.arch)) {
      // Nothing of another architecture's machine fits. The serial console is the only one that a PC has.
      go({ options: { arch, append: 'console=ttyS0' } });
      return;
    }
    if (!bios && address.options.bios === undefined && runsWithoutFirmware(header)) {
      go({ ...address, options: { ...address.options, bios: 'none' } });
      return;
    }
  }
  go(address);
}

/** Boots files of the user's: the machine at hand gets them, or a new one is made around them. */
function takeFiles(list: Iterable<File>): void {
  const picked: PickedFiles = {};
  for (const file of list) picked[fileKind(file.name)] = file;
  if (Object.keys(picked).length === 0) return;
  files = { ...files, ...picked };
  let here: Address | null = null;
  try {
    here = parseAddress(location.search);
  } catch {
    // An address that cannot be read has no machine to keep.
  }
  void goWithFiles(here ?? { options: { arch: 'riscv64' } });
}

function acceptDrops(): void {
  const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
  let depth = 0;
  const mark = (change: number) => {
    depth = Math.max(0, depth + change);
    document.body.classList.toggle('dropping', depth > 0);
  };
  addEventListener('dragenter', (event) => hasFiles(event) && mark(1));
  addEventListener('dragleave', (event) => hasFiles(event) && mark(-1));
  addEventListener('dragover', (event) => hasFiles(event) && event.preventDefault());
  addEventListener('drop', (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    mark(-depth);
    takeFiles(event.dataTransfer!.files);
  });
}

addEventListener('popstate', () => {
  files = {};
  render();
});
acceptDrops();

/** Reads the list, again after a while as long as machines are on their way. A list that is gone by then leaves the one that is shown. */
async function refreshCatalog(): Promise<void> {
  const loaded = await loadCatalog(`${imagesUrl}index.json`);
  if (loaded.kind !== 'found') return;
  const isNew = JSON.stringify(loaded) !== JSON.stringify(catalog);
  catalog = loaded;
  if (isNew && document.querySelector('main.list .cards')) render();
  watchCatalog();
}

function watchCatalog(): void {
  if (catalog.kind === 'found' && catalog.coming.length > 0) setTimeout(refreshCatalog, 3000);
}

catalog = await loadCatalog(`${imagesUrl}index.json`);
render();
watchCatalog();
