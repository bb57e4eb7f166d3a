/** The page: its address decides between the list of machines and one machine. */
import './app.css';
import './list.css';
import './machine.css';
import './disks/disks.css';
import { VmError } from '../core/errors.ts';
import { h } from '../element/dom.ts';
import { PART_MISSING } from '../element/part-missing.ts';
import { droppedFiles, type FileDrop, hasFiles, shareDrop } from '../element/file-drop.ts';
import { type Address, AddressError, formatAddress, parseAddress } from './address.ts';
import { type Catalog, loadCatalog } from './catalog.ts';
import { HEADER_SIZE, kernelArch, runsWithoutFirmware } from './file-kind.ts';
import { askKind, askPlace, type Incoming, type KnownUse, say, sayForeign, startable } from './incoming.ts';
import { unkeptDrives, withDisks, withoutDisks } from './disks/kept-config.ts';
import { changeMachine, findMachine, type KeptDisk, type KeptMachine } from './disks/kept-machines.ts';
import { storeProblem } from './disks/library.ts';
import { listView, notice } from './list-view.ts';
import { keepPage } from './offline.ts';
import { mayLeave, unkeptWrites } from './leaving.ts';
import { MEDIA, type Vm, type VmConfig, type VmFolder } from '../core/vm-api.ts';
import { CALENDAR, parseGalleryAddress } from './gallery/address.ts';
import type { GalleryPage } from './gallery/gallery-page.ts';
import {
  addressOf,
  type Machine,
  ownOptions,
  type PickedFiles,
  resolveMachine,
  SHARED_TAG,
} from './machine.ts';
import { type MachineActions, type MachineView, machineView, topBar } from './machine-view.ts';

const imagesUrl = new URL('images/', document.baseURI).href;
const root = document.querySelector<HTMLElement>('#app')!;

let catalog: Catalog = { kind: 'missing' };
let files: PickedFiles = {};

function entries() {
  return catalog.kind === 'found' ? catalog.entries : [];
}

function showProblem(title: string, ...texts: string[]): void {
  document.title = `${title} · Snowglobe`;
  const link = h('a', { href: './' }, 'All machines');
  root.replaceChildren(
    h(
      'main',
      { class: 'list' },
      topBar(title, () => void goHome()),
      notice(title, ...texts, link),
    ),
  );
}

/** Counts the pages that were shown: a page that has to wait for something is not shown over a later one. */
let shown = 0;
/** The address of the page that is shown. */
let shownAddress = location.href;

let gallery: GalleryPage | undefined;

/** The gallery's own part of the page, which comes when it is asked for. */
async function galleryPage(): Promise<GalleryPage> {
  const { GalleryPage } = await import('./gallery/gallery-page.ts');
  gallery ??= new GalleryPage(new URL('gallery/index.json', document.baseURI).href, {
    root,
    catalog: () => catalog,
    go(url) {
      history.pushState(null, '', url);
      void render();
    },
    goHome: () => void goHome(),
  });
  return gallery;
}

/** Draws what the address says. Replacing a machine's page destroys the machine. */
async function render(): Promise<void> {
  shown++;
  const turn = shown;
  shownAddress = location.href;
  const door = parseGalleryAddress(location.search);
  if (door) {
    const page = await galleryPage().catch(() => null);
    if (turn !== shown) return;
    if (page) await page.show(door);
    else showProblem('The gallery cannot be shown', PART_MISSING);
    return;
  }
  gallery?.leave();
  let address: Address | null;
  try {
    address = parseAddress(location.search);
  } catch (error) {
    const { message } = error as Error;
    showProblem(
      'The address cannot be used',
      ...(error instanceof AddressError ? error.problems : [message]),
    );
    return;
  }
  if (!address && Object.keys(files).length === 0) {
    showList();
    return;
  }
  const wanted = address ?? { options: {} };
  let kept: KeptMachine | null = null;
  if (wanted.mine) {
    try {
      kept = await findMachine(wanted.mine);
    } catch (error) {
      if (turn === shown) showProblem('The machine cannot be found', storeProblem(error as Error));
      return;
    }
    if (turn !== shown) return;
    if (!kept) {
      const text =
        'This browser keeps no machine with this address: it was deleted, or made in another browser.';
      showProblem('No such machine', text);
      return;
    }
    void changeMachine(kept.id, { used: Date.now() }).catch(() => {});
  }
  try {
    showMachine(wanted, kept);
  } catch (error) {
    if (!(error instanceof VmError)) throw error;
    showProblem(
      `“${kept?.name ?? 'The machine'}” cannot be started`,
      ...(error instanceof AddressError ? error.problems : [error.message]),
      'Its disk is there all the same: “Manage”, on the list of machines, exports it or gives it to another one.',
    );
  }
}

function showList(): void {
  document.title = 'Snowglobe';
  root.replaceChildren(
    listView(catalog, {
      open: (name) => go({ machine: name, options: {} }),
      pick: (list) => void takeFiles({ files: list.map((file) => ({ path: file.name, file })), folders: [] }),
      openKept: (id) => go({ mine: id, options: {} }),
      create: () => void createMachine(),
      openGallery: () => goTo(CALENDAR),
      async keep(entry) {
        const { keepListed } = await import('./disks/new-machine.ts');
        go({ mine: (await keepListed(entry)).id, options: {} });
      },
    }),
  );
}

/** The address that a kept machine is made of; of others their own. @throws VmError */
function baseAddress(wanted: Address, kept: KeptMachine | null): Address {
  const base = kept && parseAddress(kept.address, true);
  return base ? { ...base, options: { ...base.options, ...wanted.options } } : wanted;
}

/** A machine as the page shows it, and what can be done with it there. */
interface Shown {
  machine: Machine;
  actions: MachineActions;
}

/** @returns null: there is no such machine @throws VmError */
function machineAt(wanted: Address, kept: KeptMachine | null): Shown | null {
  const base = baseAddress(wanted, kept);
  const entry = entries().find(({ name }) => name === base.machine);
  const firmware = catalog.kind === 'found' ? catalog.firmware : {};
  const { deviceMemory } = navigator as Navigator & { deviceMemory?: number };
  const found = resolveMachine(base, files, entries(), firmware, deviceMemory);
  if (!found) return null;
  const machine: Machine = kept
    ? {
        ...found,
        title: kept.name,
        kept: kept.name,
        keptDisks: kept.disks.length,
        config: withDisks(found.config, kept.disks),
      }
    : found;
  const keepable = kept ? [] : unkeptDrives(machine.config);
  const own: Partial<VmConfig> = kept
    ? { ...ownOptions(entry), ...parseAddress(kept.address, true)?.options }
    : ownOptions(entry);
  const ownFirmware = entry?.firmware === firmware[entry?.arch ?? ''] ? undefined : entry?.firmware;
  const whereIs = (config: VmConfig) =>
    addressOf(kept ? withoutDisks(config, kept.disks, own) : config, wanted, own, ownFirmware);
  const actions: MachineActions = {
    back: () => void goHome(),
    ...(keepable.length > 0 && { keep: (tasks) => keepThis(base, machine, keepable, tasks) }),
    apply(config) {
      const found = whereIs(config);
      void mayLeave().then((leave) => {
        if (!leave) return;
        files = found.files;
        void goWithFiles(found.address);
      });
    },
    link: (config) => (kept ? null : new URL(formatAddress(whereIs(config).address), document.baseURI).href),
  };
  return { machine, actions };
}

/** The machine that is shown. */
let view: MachineView | null = null;

function showMachine(wanted: Address, kept: KeptMachine | null): void {
  const found = machineAt(wanted, kept);
  if (!found) {
    const hint =
      catalog.kind === 'found'
        ? 'It is not in the list.'
        : 'The list of machines is not there: run “npm start” to build them.';
    const { machine } = baseAddress(wanted, kept);
    showProblem('No such machine', `There is no machine called “${machine}” here. ${hint}`);
    return;
  }
  document.title = `${found.machine.title} · Snowglobe`;
  view = machineView(found.machine, imagesUrl, found.actions);
  root.replaceChildren(view.element);
}

/**
 * Makes a machine that is kept of the one that is shown: it goes on with disks that are stored, or, where it was not started, is started with some over the images in
 * `drives`.
 */
async function keepThis(
  base: Address,
  { title: name, config }: Machine,
  drives: readonly KeptDisk['drive'][],
  tasks: HTMLElement,
): Promise<void> {
  const { keepImages } = await import('./disks/new-machine.ts');
  const { keepRunning, keptAddress } = await import('./disks/keep-running.ts');
  const here = view;
  const turn = shown;
  const keepable = { name, base, config, drives, files };
  const going = await keepRunning(here?.console ?? null, keepable, tasks);
  const kept = going?.kept ?? (await keepImages(name, config, drives, keptAddress(keepable)));
  // Another page is shown meanwhile: this machine is on the list.
  if (turn !== shown) return;
  const { drives: _, ...rest } = files;
  for (const drive of drives) delete rest[drive as keyof typeof rest];
  files = rest;
  const address: Address = { mine: kept.id, options: {} };
  if (!going || !here) return go(address);
  const next = machineAt(address, kept);
  if (!next) return;
  history.replaceState(null, '', formatAddress(address));
  shownAddress = location.href;
  document.title = `${next.machine.title} · Snowglobe`;
  here.becomes(next.machine, next.actions);
  if (going.problem !== null) throw new Error(going.problem);
}

async function createMachine(): Promise<void> {
  const { newMachine } = await import('./disks/new-machine.ts');
  const made = await newMachine(entries());
  if (!made) return;
  files = made.files;
  go({ mine: made.machine.id, options: {} });
}

function go(address: Address | null): void {
  goTo(address ? formatAddress(address) : './');
}

function goTo(url: string): void {
  history.pushState(null, '', url);
  void render();
  scrollTo(0, 0);
}

async function goHome(): Promise<void> {
  if (!(await mayLeave())) return;
  files = {};
  go(null);
}

type Architecture = NonNullable<KnownUse['arch']>;

/** A new machine for files of an architecture. The serial console is the only one that a kernel for a PC surely has. */
const machineFor = (arch: Architecture, hasKernel: boolean): Address => ({
  options: { arch, ...(hasKernel && arch !== 'riscv64' && { append: 'console=ttyS0' }) },
});

/** Goes to a machine that may hold a picked kernel, which decides what kind of machine it is and whether firmware runs before it. */
async function goWithFiles(wanted: Address): Promise<void> {
  const { kernel, bios } = files;
  let address = wanted;
  if (kernel) {
    const header = new Uint8Array(await kernel.slice(0, HEADER_SIZE).arrayBuffer());
    const arch = kernelArch(header);
    const entry = entries().find(({ name }) => name === address.machine);
    // A machine that is kept has an address of its own, and its drop was compared with what runs.
    const has = address.options.arch ?? entry?.arch ?? (address.mine ? arch : 'riscv64');
    // Nothing of another architecture's machine fits.
    if (arch && arch !== has) address = machineFor(arch, true);
    if (!bios && address.options.bios === undefined && runsWithoutFirmware(header))
      address = { ...address, options: { ...address.options, bios: 'none' } };
  }
  go(address);
}

/** RAM of a machine that is made around a disk, MiB. */
const DISK_MACHINE_MEMORY = 512;

const isOn = ({ state }: Vm): boolean => state === 'running' || state === 'paused';

/** Takes files that were chosen or dropped. A machine that runs is not ended unasked. */
async function takeFiles(drop: FileDrop): Promise<void> {
  const incoming = await startable(drop);
  const running = document.querySelector('vm-console')?.vm;
  if (!running || !isOn(running)) {
    if (drop.folders.length > 0 || incoming.length === 0)
      say('Not to be started', 'A folder or many files are for a machine that runs: drop them on it.');
    else sayForeign(incoming);
    return startWith(incoming);
  }
  const isOwn = view?.console.vm === running;
  const place = await askPlace(drop, incoming, running, isOwn);
  if (!isOn(running) && (place?.how === 'insert' || place?.how === 'share'))
    return say('Too late', 'The machine has ended meanwhile. Start it again, and drop them once more.');
  if (place?.how === 'insert') return insert(running, place.drive, incoming[0].file);
  if (place?.how === 'share') return share(place.folder, drop);
  if (place?.how === 'start') return startWith(incoming);
  if (place?.how !== 'add') return;
  const inside = Object.fromEntries(drop.files.map(({ path, file }) => [path, file]));
  files = { ...files, folders: [{ tag: SHARED_TAG, files: inside }] };
  void render();
}

/** Puts files into a folder of a running machine. */
async function share(folder: VmFolder, drop: FileDrop): Promise<void> {
  try {
    say('In the shared folder', await shareDrop(folder, drop));
  } catch (error) {
    say('Not in the shared folder', (error as Error).message);
  }
}

/** Boots files of the person's: the machine at hand gets them, or a new one is made around them. */
async function startWith(incoming: readonly Incoming[]): Promise<void> {
  const picked: PickedFiles = {};
  let arch: Architecture | undefined;
  for (const { file, use } of incoming) {
    if ('foreign' in use) continue;
    const known = 'unknown' in use ? await askKind(file) : use;
    if (!known) return;
    picked[known.kind] = file;
    arch ??= known.arch;
  }
  if (Object.keys(picked).length === 0) return;
  let here: Address | null = null;
  try {
    here = parseAddress(location.search);
  } catch {
    // An address that cannot be read has no machine to keep.
  }
  const shown = document.querySelector('vm-console')?.config;
  const media = MEDIA.some((key) => picked[key]);
  if (!media) {
    const fits = here !== null && (!arch || !shown?.arch || shown.arch === arch);
    files = fits ? { ...files, ...picked } : picked;
    return goWithFiles(fits && here ? here : machineFor(arch ?? 'riscv64', picked.kernel !== undefined));
  }
  // A disk brings its own system: what ran here has no use for it, unless it waits for its disk. A machine that is kept has one.
  const hasDisk = here?.mine !== undefined && picked.hda !== undefined;
  const isPc = shown !== undefined && shown.kernel === undefined && !hasDisk && shown.arch !== 'riscv64';
  files = isPc ? { ...files, ...picked } : picked;
  await goWithFiles(isPc && here ? here : { options: { arch: 'x86_64', memory: DISK_MACHINE_MEMORY } });
}

/** Puts a medium into a drive of a running machine. */
async function insert(vm: Vm, drive: string, file: File): Promise<void> {
  try {
    if (vm.drives.find(({ name }) => name === drive)?.locked && !(await vm.eject(drive)))
      throw new Error(
        `The guest uses what is in ${drive} and has locked it. It was asked to let go: eject it in the guest, or by force in “Drives”, and drop the file again.`,
      );
    await vm.changeMedium(drive, file);
  } catch (error) {
    say(`“${file.name}” was not inserted`, (error as Error).message);
  }
}

function acceptDrops(): void {
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
    mark(-depth);
    // A console has taken it, and tells.
    if (event.defaultPrevented) return;
    event.preventDefault();
    droppedFiles(event.dataTransfer!).then(takeFiles, ({ message }: Error) => say('Not to be read', message));
  });
  addEventListener('vm-filedrop', (event) => {
    event.preventDefault();
    void takeFiles((event as CustomEvent<FileDrop>).detail);
  });
}

addEventListener('popstate', async () => {
  const here = shownAddress;
  if (!(await mayLeave())) {
    history.pushState(null, '', here);
    return;
  }
  files = {};
  void render();
});
addEventListener('beforeunload', (event) => {
  if (unkeptWrites() > 0) event.preventDefault();
});
acceptDrops();

/** Reads the list, again after a while as long as machines are on their way. A list that is gone by then leaves the one that is shown. */
async function refreshCatalog(): Promise<void> {
  const loaded = await loadCatalog(`${imagesUrl}index.json`);
  if (loaded.kind !== 'found') {
    watchCatalog();
    return;
  }
  const isNew = JSON.stringify(loaded) !== JSON.stringify(catalog);
  catalog = loaded;
  if (isNew && document.querySelector('main.list .group')) showList();
  else if (isNew && document.querySelector('main[data-catalog]')) void render();
  watchCatalog();
}

function watchCatalog(): void {
  if (catalog.kind === 'found' && catalog.coming.length > 0) setTimeout(refreshCatalog, 3000);
}

catalog = await loadCatalog(`${imagesUrl}index.json`);
await render();
watchCatalog();
void keepPage();
