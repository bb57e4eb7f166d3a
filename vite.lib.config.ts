import { readFileSync } from 'node:fs';
import { defineConfig, type Plugin } from 'vite';

/** Names without a hash: whoever takes the library from a server names its version by the folder. */
const NAME = '[name][extname]';

/** The script that isolates pages lies beside the component as it is: it is a service worker, too, and no module. */
const isolation: Plugin = {
  name: 'snowglobe-isolation',
  generateBundle() {
    const fileName = 'vm-console-isolation.js';
    this.emitFile({ type: 'asset', fileName, source: readFileSync(`public/${fileName}`, 'utf8') });
  },
};

/** The component as a library for pages of other sites: build/lib, everything beside `vm-console.js` (docs/vm-console.md). */
export default defineConfig({
  base: './',
  publicDir: false,
  plugins: [isolation],
  worker: {
    format: 'es',
    rolldownOptions: {
      output: { entryFileNames: ({ name }) => (name === 'entry' ? 'vcpu-worker.js' : `${name}.js`) },
    },
  },
  build: {
    outDir: 'build/lib',
    emptyOutDir: true,
    target: 'es2024',
    // Cores are fetched and compiled streaming, never inlined as base64.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: { 'vm-console': 'src/element/index.ts' },
      preserveEntrySignatures: 'exports-only',
      output: {
        entryFileNames: '[name].js',
        chunkFileNames: 'chunk-[name].js',
        assetFileNames: NAME,
        codeSplitting: { groups: [{ name: 'xterm', test: /node_modules[\\/]@xterm[\\/]/ }] },
      },
    },
  },
});
