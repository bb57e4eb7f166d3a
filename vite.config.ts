import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig, type Plugin } from 'vite';
import { checkedGallery } from './scripts/lib/gallery-checks.ts';
import { galleryIndex } from './scripts/lib/gallery.mjs';
import { createHandler, ISOLATION_HEADERS } from './src/cli/static-server.ts';

/** Vite serves the pages; the guest images come from where they are built, as `npm start` serves them. */
const images: Plugin = {
  name: 'snowglobe-images',
  configureServer({ middlewares }) {
    const handle = createHandler([{ prefix: '/images/', dir: '.cache/images' }]);
    middlewares.use((request, response, next) => void handle(request, response, next));
  },
};

/** The gallery's doors: gallery/index.json and the pictures that it names. Served anew at each request while one works on them. */
const gallery: Plugin = {
  name: 'snowglobe-gallery',
  configureServer({ middlewares }) {
    const handle = createHandler([{ prefix: '/gallery/', dir: 'gallery' }]);
    middlewares.use((request, response, next) => {
      if (request.url?.replace(/\?.*/, '') !== '/gallery/index.json')
        return void handle(request, response, next);
      try {
        const json = JSON.stringify(galleryIndex(checkedGallery()));
        response.setHeader('Content-Type', 'application/json');
        response.end(json);
      } catch (error) {
        response.statusCode = 500;
        response.end((error as Error).message);
      }
    });
  },
  generateBundle() {
    const doors = checkedGallery();
    const emit = (fileName: string, source: string) => this.emitFile({ type: 'asset', fileName, source });
    emit('gallery/index.json', JSON.stringify(galleryIndex(doors)));
    for (const { picture } of doors) emit(`gallery/${picture}`, readFileSync(`gallery/${picture}`, 'utf8'));
  },
};

/** What the service worker does not keep: itself, the bundler's own list, and the page that only the command line drives. */
const NOT_KEPT = /^(service-worker\.js|runner\.html|\.vite\/.*|.*\.map)$/;

/** Where the site is built. */
let folder = '';

/** Tells the service worker of the build which files it is made of, with a hash of each, and one of them all: another build is another version. */
const shell: Plugin = {
  name: 'snowglobe-shell',
  apply: 'build',
  configResolved({ build }) {
    folder = build.outDir;
  },
  closeBundle() {
    const worker = join(folder, 'service-worker.js');
    if (!existsSync(worker)) return;
    const files = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1))
      .filter((path) => !NOT_KEPT.test(path))
      .sort();
    const hash = createHash('sha256').update(readFileSync(worker));
    const told: [path: string, integrity: string][] = files.map((path) => {
      const content = readFileSync(join(folder, path));
      hash.update(path).update(content);
      const integrity = `sha256-${createHash('sha256').update(content).digest('base64')}`;
      // The front page is asked for by its folder.
      return [path.replace(/(^|\/)index\.html$/, '$1'), integrity];
    });
    const version = hash.digest('hex').slice(0, 12);
    const source = readFileSync(worker, 'utf8');
    const shell = JSON.stringify({ version, files: Object.fromEntries(told) });
    const written = source.replace("{ version: 'none', files: {} }", shell);
    if (written === source) throw new Error('public/service-worker.js has no place for the list of files');
    writeFileSync(worker, written);
  },
};

/** Pages of the site: the gallery page, and the bare page that the command line drives. */
const pages = Object.fromEntries(
  ['index', 'runner'].map((name) => [name, `${name}.html`]).filter(([, page]) => existsSync(page)),
);

export default defineConfig({
  // Relative URLs: the site can be served from any folder.
  base: './',
  plugins: [images, gallery, shell],
  server: {
    headers: ISOLATION_HEADERS,
    host: '127.0.0.1',
    watch: { ignored: ['**/.cache/**', '**/build/ts/**'] },
  },
  preview: { headers: ISOLATION_HEADERS, host: '127.0.0.1' },
  worker: { format: 'es' },
  build: {
    outDir: 'build/site',
    emptyOutDir: true,
    target: 'es2024',
    // The core is fetched and compiled streaming, never inlined as base64.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    manifest: true,
    rolldownOptions: {
      input: { ...pages, 'vm-console': 'src/element/index.ts' },
      // The component's entry keeps its exports: other sites import them (docs/vm-console.md).
      preserveEntrySignatures: 'exports-only',
      output: {
        // Other sites name this file, so its name stays.
        entryFileNames: ({ name }) => (name === 'vm-console' ? 'vm-console.js' : 'assets/[name]-[hash].js'),
        // xterm.js is outside the page's size budget, so it gets a file of its own (scripts/size.mjs counts the rest).
        codeSplitting: { groups: [{ name: 'xterm', test: /node_modules[\\/]@xterm[\\/]/ }] },
      },
    },
  },
});
