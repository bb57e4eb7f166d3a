#!/usr/bin/env node
// Starts the compiled image tool. Its own file, so that npm can link it before the first build.
import { existsSync } from 'node:fs';

const program = new URL('../build/ts/img/main.js', import.meta.url);
if (existsSync(program)) {
  await import(program.href);
} else {
  process.stderr.write('snowglobe-img: it is not built yet; build it with: npm run build\n');
  process.exit(1);
}
