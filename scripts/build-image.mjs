// Builds guest images from their recipes into .cache/images, without root: packages come through apt's signed index, and the
// initrd is written by our own cpio writer. docs/images.md describes recipes and manifests.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { listBareMetalImages, readImageDescription } from './build-demo.mjs';
import { AptArchive, AptError, aptObstacle } from './lib/apt.mjs';
import { main, megabytes, SetupError, say, step, yellow } from './lib/console.mjs';
import { buildDiskFiles } from './lib/debian-disk.mjs';
import { busyboxInitrd, mergeEntries, overlayEntries } from './lib/initrd.mjs';
import { programEntries } from './lib/initrd-packages.mjs';
import { moduleEntries } from './lib/kernel-modules.mjs';
import { removeLeftovers, withLock } from './lib/lock.mjs';
import {
  cacheDir,
  hashFiles,
  imagesDir,
  isFresh,
  listFiles,
  markFresh,
  root,
  shown,
} from './lib/project.mjs';
import {
  imageFolder,
  isBuilt,
  isLarge,
  isLater,
  listedRecipes,
  listRecipes,
  publishImage,
  readManifest,
  readRecipe,
  recipeHash,
  rootfsFolders,
  writeIndex,
} from './lib/recipes.mjs';
import { runNode } from './lib/run.mjs';
import { onlyFile, packageEntries } from './lib/unpack.mjs';
import { assembleBootDisk, assemblerObstacle } from './lib/x86-asm.mjs';

/** Debian's names of architectures where they are not ours, which are QEMU's. */
const DEBIAN_ARCHITECTURES = { x86_64: 'amd64' };

/** So many packages of an image are named when it is built. */
const SHOWN_PACKAGES = 6;

const archives = new Map();

function archiveOf({ arch, suite }) {
  const key = `${suite}-${arch}`;
  if (!archives.has(key)) archives.set(key, new AptArchive(DEBIAN_ARCHITECTURES[arch] ?? arch, suite));
  return archives.get(key);
}

const versionsOf = (packages) => Object.fromEntries(packages.map(({ name, version }) => [name, version]));

const lastPart = (path) => path.slice(path.lastIndexOf('/') + 1);

async function buildFirmware(path, recipe, progress) {
  const wanted = [recipe, ...(recipe.beside ?? [])];
  const { files, versions } = await filesFromPackages(archiveOf(recipe), wanted, progress);
  const { title, arch } = recipe;
  return publishImage(
    path,
    {
      name: path,
      title,
      arch,
      for: recipe.for ?? [arch],
      file: lastPart(recipe.file),
      recipe: recipeHash(path),
      versions,
    },
    files,
  );
}

/** Files of packages as they are: `wanted` is a list of {package, file}. Each package is fetched and unpacked once. */
async function filesFromPackages(archive, wanted, progress) {
  const names = [...new Set(wanted.map((one) => one.package))];
  const debs = names.length > 0 ? await archive.download(names, progress) : [];
  const files = {};
  for (const deb of debs) {
    progress(`unpacking ${deb.name} ${deb.version}`);
    const own = wanted.filter((one) => one.package === deb.name);
    const entries = await packageEntries(deb);
    for (const { file } of own) files[lastPart(file)] = onlyFile(entries, file);
  }
  return { files, versions: versionsOf(debs) };
}

/** What a manifest says of a machine's firmware: its address, and the versions of its packages. */
function firmwareOf(path, recipe) {
  if (recipe.firmware === 'none') return { bios: 'none', versions: {} };
  const manifest = readManifest(`firmware/${recipe.firmware}`);
  if (!manifest) throw new SetupError(`images/${path}: the firmware ${recipe.firmware} is not built`);
  return { bios: `../firmware/${recipe.firmware}/${manifest.file}`, versions: manifest.versions };
}

/** What a manifest takes from its recipe as it is. */
function machineOf(path, recipe) {
  const { title, description, arch, machine, memory } = recipe;
  const more = ['devices', 'group', 'terminal', 'view'].filter((field) => recipe[field]);
  return {
    ...{ name: path, title, description, arch, machine, memory },
    ...Object.fromEntries(more.map((field) => [field, recipe[field]])),
  };
}

/** A firmware's files in the flash memory of a PC: its code, which cannot be written to, and its variables. */
function flashOf(firmware) {
  const { file, sizes } = readManifest(`firmware/${firmware}`);
  const drive = (name, index) => ({ interface: 'pflash', index, file: `../firmware/${firmware}/${name}` });
  const variables = Object.keys(sizes).filter((name) => name !== file);
  return [{ ...drive(file, 0), readOnly: true }, ...variables.map((name) => drive(name, 1))];
}

async function buildPackaged(path, recipe, progress) {
  const { files, versions } = await filesFromPackages(
    archiveOf(recipe),
    Object.values(recipe.images),
    progress,
  );
  const firmware = firmwareOf(path, recipe);
  return publishImage(
    path,
    {
      ...machineOf(path, recipe),
      ...(recipe.flash ? { drives: flashOf(recipe.firmware) } : { bios: firmware.bios }),
      ...Object.fromEntries(
        Object.entries(recipe.images).map(([option, { file }]) => [option, lastPart(file)]),
      ),
      ...(recipe.append !== undefined && { append: recipe.append }),
      ...(recipe.listed === false && { listed: false }),
      recipe: recipeHash(path),
      versions: { ...versions, ...firmware.versions },
    },
    files,
  );
}

/** The kernel out of its package: its name in the manifest, its bytes as the image's file, and its modules as cpio entries. */
async function kernelFromPackage({ kernel, modules }, archive, progress) {
  const [deb] = await archive.download([await archive.resolve(kernel.package)], progress);
  progress(`unpacking ${deb.name} ${deb.version}`);
  const entries = await packageEntries(deb);
  const name = lastPart(kernel.file).split(/[-*]/)[0];
  return {
    address: name,
    files: { [name]: onlyFile(entries, kernel.file) },
    modules: moduleEntries(entries, modules),
    versions: versionsOf([deb]),
  };
}

/** The kernel of another image: its address, and the version of its package. */
function kernelOfImage(path, { kernel: { image } }) {
  const manifest = readManifest(image);
  if (!manifest?.kernel)
    throw new SetupError(`images/${path}: the image ${image} is not built, or has no kernel`);
  const versions = Object.entries(manifest.versions ?? {}).filter(([name]) =>
    name.startsWith('linux-image-'),
  );
  return {
    address: `../${image}/${manifest.kernel}`,
    files: {},
    modules: [],
    versions: Object.fromEntries(versions),
  };
}

async function buildLinux(path, recipe, progress) {
  const archive = archiveOf(recipe);
  const kernel = recipe.kernel.image
    ? kernelOfImage(path, recipe)
    : await kernelFromPackage(recipe, archive, progress);
  const [deb] = await archive.download([recipe.busybox.package], progress);
  const busybox = onlyFile(await packageEntries(deb), recipe.busybox.file);
  const programs = recipe.packages
    ? await programEntries(archive, recipe.packages, progress)
    : { entries: [], debs: [] };
  progress('packing the initrd');
  const overlay = mergeEntries(
    programs.entries,
    ...rootfsFolders(path, recipe).map((folder) => overlayEntries(join(root, folder))),
    kernel.modules,
  );
  // Node's gzip leaves the header's time 0: the same inputs give the same file.
  const initrd = gzipSync(busyboxInitrd(busybox, overlay), { level: 9 });
  const firmware = firmwareOf(path, recipe);
  return publishImage(
    path,
    {
      ...machineOf(path, recipe),
      bios: firmware.bios,
      kernel: kernel.address,
      initrd: 'initrd.gz',
      append: recipe.append,
      ...(recipe.listed === false && { listed: false }),
      recipe: recipeHash(path),
      versions: { ...kernel.versions, ...versionsOf([deb, ...programs.debs]), ...firmware.versions },
    },
    { ...kernel.files, 'initrd.gz': initrd },
  );
}

/** A PC's disk with a program of our own that starts from its boot sector. */
async function buildBootDisk(path, recipe) {
  const { title, description, arch, machine, memory, source } = recipe;
  const disk = await assembleBootDisk(`images/${path}/${source}`);
  return publishImage(
    path,
    { name: path, title, description, arch, machine, memory, hda: 'disk.img', recipe: recipeHash(path) },
    { 'disk.img': disk },
  );
}

/** A root disk with Debian in chunks, and what starts it. */
async function buildDebianDisk(path, recipe, progress) {
  const { bios, versions } = firmwareOf(path, recipe);
  const work = imageFolder();
  try {
    const { kernel, initrd, packages, streamed } = await buildDiskFiles(path, recipe, {
      archive: archiveOf(recipe),
      ...(bios !== 'none' && { bios: join(imagesDir, path, bios) }),
      work,
      progress,
    });
    const kernelFile = lastPart(recipe.kernel.file).split(/[-*]/)[0];
    return publishImage(
      path,
      {
        ...machineOf(path, recipe),
        bios,
        kernel: kernelFile,
        initrd: 'initrd.gz',
        drives: [{ file: 'disk.json', interface: 'virtio' }],
        streamed,
        append: recipe.append,
        ...(recipe.listed === false && { listed: false }),
        recipe: recipeHash(path),
        versions: { ...versionsOf(packages), ...versions },
      },
      { [kernelFile]: kernel, 'initrd.gz': initrd },
      work,
    );
  } catch (error) {
    rmSync(work, { recursive: true, force: true });
    throw error;
  }
}

/** `apt`: the files come out of packages. */
const BUILDERS = {
  firmware: { apt: true, build: buildFirmware },
  'linux-busybox': { apt: true, build: buildLinux },
  packaged: { apt: true, build: buildPackaged },
  'debian-disk': { apt: true, build: buildDebianDisk },
  'boot-disk': { apt: false, build: buildBootDisk },
};

/** A package index of yesterday may name packages that are gone from the mirror: then it is fetched anew, once. */
async function buildOne(path, recipe, update, progress) {
  const { apt, build } = BUILDERS[recipe.kind];
  if (!apt) return build(path, recipe);
  const archive = archiveOf(recipe);
  progress(`reading the index of Debian ${recipe.suite} (${recipe.arch})`);
  await archive.update(update);
  try {
    return await build(path, recipe, progress);
  } catch (error) {
    if (archive.isFetchedNow || !(error instanceof AptError)) throw error;
    await archive.update(true);
    return build(path, recipe, progress);
  }
}

/**
 * Builds the images that are missing or whose recipe changed, all of them with `update`, so that today's packages are fetched.
 * Firmware comes first. `waiting` are recipes that the caller builds next, for the page's list. Returns the names of those it built.
 */
export async function buildImages({ names = listRecipes(), update = false, waiting = [] } = {}) {
  // Who needs nothing new does not wait for a process that builds the large ones.
  if (!update && names.every(isBuilt)) {
    writeIndex(undefined, waiting);
    return [];
  }
  return withLock('images', async () => {
    removeLeftovers(join(cacheDir, 'tmp'));
    const built = [];
    for (const path of names) {
      const recipe = readRecipe(path);
      if (!update && isBuilt(path)) continue;
      await step(`Building the image ${path}`, async (progress) => {
        const { sizes, streamed = 0, versions = {} } = await buildOne(path, recipe, update, progress);
        const total = Object.values(sizes).reduce((sum, size) => sum + size, streamed);
        const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
        const what = packages.length > SHOWN_PACKAGES ? `${packages.length} packages` : packages.join(', ');
        return `${what || path}: ${megabytes(total)}`;
      });
      built.push(path);
    }
    writeIndex(undefined, waiting);
    return built;
  });
}

/**
 * Builds the bare-metal demo, which needs nothing but this repository, and the Linux guests if this system can fetch packages;
 * with `later` false not those that can wait, with `large` false not those that only long tests need, with `unlisted` also those that only tests boot. Returns the list of machines, what keeps Linux from being built, in words, if
 * something does, and the names of the images that are still to be built.
 */
export async function buildImagesIfPossible({ later = true, large = true, unlisted = false } = {}) {
  await buildDemo();
  const noAssembler = assemblerObstacle();
  if (noAssembler) say(yellow(`  Left out: ${noAssembler}`));
  const listed = (unlisted ? listRecipes() : listedRecipes()).filter(
    (path) => (large || !isLarge(path)) && (!noAssembler || readRecipe(path).kind !== 'boot-disk'),
  );
  const names = listed.filter((path) => later || !isLater(path));
  let obstacle = listed.every(isBuilt) ? undefined : aptObstacle();
  if (!obstacle) {
    try {
      await buildImages({ names });
    } catch (error) {
      if (!(error instanceof SetupError)) throw error;
      obstacle = error.message;
    }
  }
  const waiting = obstacle ? [] : listed.filter((path) => !names.includes(path) && !isBuilt(path));
  return { machines: writeIndex(undefined, waiting), obstacle, waiting };
}

/** Assembles the bare-metal guests, all of them, if one is missing or a source changed. Returns whether it did. */
async function buildDemo() {
  const folders = listBareMetalImages();
  const sources = [...folders, 'images/bare-metal', 'scripts/build-demo.mjs', 'scripts/lib/riscv-asm'];
  const hash = hashFiles(listFiles(sources));
  const manifests = folders.map((folder) =>
    join(imagesDir, readImageDescription(folder).name, 'manifest.json'),
  );
  if (isFresh('demo', hash, manifests)) return false;
  await step('Building the bare-metal guests', async () => {
    await runNode('Building the bare-metal guests', 'scripts/build-demo.mjs');
  });
  markFresh('demo', hash);
  return true;
}

if (process.argv[1] && shown(process.argv[1]) === 'scripts/build-image.mjs') {
  await main(async () => {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { update: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
    });
    if (values.help) {
      say(
        "npm run images [-- [--update] NAME …]   --update fetches today's packages even if the recipe is unchanged",
      );
      return;
    }
    const recipes = listRecipes();
    const bareMetal = listBareMetalImages().map((folder) => readImageDescription(folder).name);
    const unknown = positionals.find((name) => !recipes.includes(name) && !bareMetal.includes(name));
    if (unknown)
      throw new SetupError(`there is no image "${unknown}": ${[...recipes, ...bareMetal].join(', ')}`);
    const wanted = positionals.length > 0 ? positionals : [...recipes, ...bareMetal];
    const made = wanted.some((name) => bareMetal.includes(name)) && (await buildDemo());
    const wantedRecipes = recipes.filter((name) => wanted.includes(name));
    const names = recipes.filter((name) => needed(name, wantedRecipes));
    const built = await buildImages({ names, update: values.update });
    say(made || built.length ? `Built in ${shown(imagesDir)}/.` : yellow('Every image is up to date.'));
  });
}

/** An image brings its firmware, and the image whose kernel it starts. */
function needed(name, wanted) {
  const brings = ({ firmware, kernel }) => [`firmware/${firmware}`, kernel?.image];
  return wanted.includes(name) || wanted.some((image) => brings(readRecipe(image)).includes(name));
}
