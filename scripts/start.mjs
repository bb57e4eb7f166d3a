// npm start: see scripts/lib/start.mjs. This file must be readable by every Node, so that an old one gets a clear message.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 11)) {
  console.error(`Snowglobe needs Node.js 20.11 or newer; this is ${process.version}.`);
  process.exitCode = 1;
} else {
  import('./lib/start.mjs');
}
