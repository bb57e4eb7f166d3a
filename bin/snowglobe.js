#!/usr/bin/env node
// Starts the compiled command line. Its own file, so that npm can link it before the first build.
import { existsSync } from 'node:fs';

const program = new URL('../build/ts/cli/main.js', import.meta.url);
if (existsSync(program)) {
  await import(program.href);
} else {
  process.stderr.write('snowglobe: the command line is not built yet; build it with: npm run build\n');
  process.exit(1);
}
