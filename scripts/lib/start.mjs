// Everything between a fresh clone and an address to open: packages, build, guest images, server.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from '../build.mjs';
import { buildImages, buildImagesIfPossible } from '../build-image.mjs';
import { bold, dim, green, main, SetupError, say, seconds, yellow } from './console.mjs';
import { buildDir, imagesDir, root } from './project.mjs';
import { readRecipe, writeIndex } from './recipes.mjs';
import { binary, runVisibly } from './run.mjs';

const DEFAULT_PORT = 8080;

const HELP = `npm start [-- OPTIONS]   builds what is stale and serves the page

  --port N      serve on this port (default ${DEFAULT_PORT}, or the next that is free)
  --host NAME   listen on this address (default 127.0.0.1; browsers allow shared memory, which
                guests need, over plain HTTP only on the local host)
  --dev         serve the sources through Vite, which reloads the page on every change
  --help        show this`;

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: 'string' },
        host: { type: 'string', default: '127.0.0.1' },
        dev: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h' },
      },
    });
    const port = values.port === undefined ? undefined : Number(values.port);
    if (port !== undefined && !(Number.isInteger(port) && port > 0 && port < 65536)) {
      throw new Error(`--port ${values.port} is not a port number`);
    }
    return { ...values, port };
  } catch (error) {
    throw new SetupError(`${error.message}\n\n${HELP}`);
  }
}

function sayMachines(machines, obstacle) {
  say();
  say('  Machines:');
  for (const { name, title } of machines) say(`    ${name.padEnd(18)} ${dim(title)}`);
  if (obstacle) say(yellow(`\n  Linux is missing: ${obstacle}`));
}

/** Builds what the page did not wait for. It can do without: a failure is a remark. */
async function buildLater(waiting) {
  if (waiting.length === 0) return;
  say('\n  More machines are being fetched; they appear on the page by themselves.');
  for (const [index, name] of waiting.entries()) {
    try {
      await buildImages({ names: [name], waiting: waiting.slice(index + 1) });
    } catch (error) {
      if (!(error instanceof SetupError)) throw error;
      writeIndex();
      return say(yellow(`\n  ${readRecipe(name).title} is missing: ${error.message}`));
    }
  }
}

async function serve({ port, host }) {
  const { startServer } = await import(join(buildDir, 'ts', 'cli', 'static-server.js'));
  const candidates = Array.from({ length: 20 }, (_, index) => DEFAULT_PORT + index);
  const roots = [
    { prefix: '/', dir: join(buildDir, 'site') },
    { prefix: '/images/', dir: imagesDir },
  ];
  let server;
  try {
    server = await startServer({ roots, host, port: port ?? candidates });
  } catch (error) {
    if (error.code === 'EADDRINUSE') {
      throw new SetupError(
        port === undefined
          ? `The ports ${candidates[0]} to ${candidates.at(-1)} are all taken. Choose another with --port.`
          : `Port ${port} is taken. Choose another with --port, or leave it out.`,
      );
    }
    throw new SetupError(`The server could not listen on ${host}: ${error.message}`);
  }
  const stop = () => server.close().then(() => process.exit(0));
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return server.url;
}

await main(async () => {
  const options = readOptions();
  if (options.help) return say(HELP);
  const start = Date.now();
  say(bold('Snowglobe'));
  // The library for other sites is nobody's to wait for.
  const steps = ['gen', 'core', 'core-x86', 'ts', ...(options.dev ? [] : ['site'])];
  const built = await build({ only: steps });
  const { machines, obstacle, waiting } = await buildImagesIfPossible({ later: false });
  if (built.length === 0 && !obstacle)
    say(`  ${green('✓')} Everything is built ${dim(seconds(Date.now() - start))}`);
  sayMachines(machines, obstacle);
  if (options.dev) {
    const port = options.port === undefined ? [] : ['--port', String(options.port), '--strictPort'];
    say();
    void buildLater(waiting).catch((error) => console.error(error));
    return runVisibly(process.execPath, [binary('vite/bin/vite.js'), '--host', options.host, ...port], {
      cwd: root,
    });
  }
  const url = await serve(options);
  say(`\n  Open ${bold(url)}   ${dim('(Ctrl-C stops)')}`);
  await buildLater(waiting);
});
