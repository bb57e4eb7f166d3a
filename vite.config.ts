import { existsSync } from 'node:fs';
import { defineConfig } from 'vite';

/** Cross-origin isolation: without these a page gets no SharedArrayBuffer, so no guest memory. */
const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

/** Pages of the site: the gallery page, and the bare page that the command line drives. */
const pages = ['index.html', 'runner.html'].filter((page) => existsSync(page));

export default defineConfig({
  // Relative URLs: the site can be served from any folder.
  base: './',
  server: { headers: isolation, host: '127.0.0.1', watch: { ignored: ['**/.cache/**', '**/build/ts/**'] } },
  preview: { headers: isolation, host: '127.0.0.1' },
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
      input: pages,
      output: {
        // xterm.js is outside the page's size budget, so it gets a file of its own (scripts/size.mjs counts the rest).
        codeSplitting: { groups: [{ name: 'xterm', test: /node_modules[\\/]@xterm[\\/]/ }] },
      },
    },
  },
});
