/**
 * Records what QEMU answers at VMware's backdoor port, registers and all: src/hw/input/fixtures/vmport.json. A program of ours (lib/port-guest.mjs) asks, since
 * the qtest protocol has no registers; pointer events come by QMP. Needs Debian's qemu-system-x86. Usage: node scripts/gen-vmport-fixtures.mjs
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ANSWER_BYTES, portAnswer, portGuest, portRequest } from './lib/port-guest.mjs';

const TARGET = fileURLToPath(new URL('../src/hw/input/fixtures/vmport.json', import.meta.url));
const PORT = 0x5658;
const MAGIC = 0x564d5868;
const [DATA, STATUS, COMMAND] = [39, 40, 41];
const [READ_ID, RELATIVE, ABSOLUTE, DISABLE] = [0x45414552, 0x4c455252, 0x53424152, 0xf5];

/** What stays as it is, so that changes of any register show. */
const call = (command, ebx = 0xbbbbbbbb, { eax = MAGIC, edx = PORT, isOut = false } = {}) => ({
  registers: [eax, ebx, command, edx, 0x51515151, 0xd1d1d1d1],
  isOut,
});
const queue = (ebx) => [call(STATUS), call(DATA, ebx), call(STATUS)];
const command = (ebx) => [call(COMMAND, ebx), call(STATUS)];

/** A pointer event: place in 0 to 32767 or movement, buttons that are pressed or let go of, notches of the wheel. */
const absolute = (x, y, more = {}) => ({ pointer: { x, y, ...more } });
const relative = (dx, dy, more = {}) => ({ pointer: { dx, dy, ...more } });

const STEPS = [
  // Every command but the clock, whatever the upper half of ECX says.
  ...Array.from({ length: 0x80 }, (_, n) => n)
    .filter((n) => ![23, 46].includes(n))
    .map((n) => call(n)),
  call(0x12340000 | 10),
  call(0x100 | 10),
  call(10, 7, { eax: 0x12345678 }),
  call(10, 7, { edx: 0xabcd0000 + PORT }),
  call(10, 7, { isOut: true }),
  call(10, 7, { eax: 0, isOut: true }),
  call(200, 7, { isOut: true }),
  // As Linux's driver begins.
  ...command(READ_ID),
  ...queue(1),
  ...command(ABSOLUTE),
  absolute(0, 0),
  ...queue(4),
  absolute(32767, 16384, { down: ['left'] }),
  absolute(100, 200, { down: ['right'], up: ['left'] }),
  absolute(101, 201, { down: ['middle'] }),
  ...queue(4),
  ...queue(1),
  ...queue(3),
  absolute(101, 201, { wheel: 1 }),
  absolute(101, 201, { wheel: -1, up: ['middle', 'right'] }),
  call(STATUS),
  ...queue(6),
  // More than there is; no size; an unknown command.
  ...queue(6),
  ...command(READ_ID),
  ...queue(1),
  call(STATUS),
  ...queue(0),
  ...command(READ_ID),
  ...queue(7),
  ...command(READ_ID),
  ...command(0x12345678),
  ...queue(1),
  ...command(RELATIVE),
  relative(5, -7),
  relative(-300, 2, { down: ['left'] }),
  ...queue(4),
  ...queue(4),
  ...command(DISABLE),
  ...command(ABSOLUTE),
  ...command(READ_ID),
  ...queue(1),
];

function qmpEvents({ x, y, dx, dy, down = [], up = [], wheel = 0 }) {
  const move = (type, values) =>
    Object.entries(values).map(([axis, value]) => ({ type, data: { axis, value } }));
  const button = (name, isDown) => ({ type: 'btn', data: { button: name, down: isDown } });
  const notch = wheel > 0 ? 'wheel-down' : 'wheel-up';
  return [
    ...(x === undefined ? move('rel', { x: dx, y: dy }) : move('abs', { x, y })),
    ...down.map((name) => button(name, true)),
    ...up.map((name) => button(name, false)),
    ...(wheel === 0 ? [] : [button(notch, true), button(notch, false)]),
  ];
}

const folder = mkdtempSync(join(tmpdir(), 'vmport-'));
const [bios, monitorPath, serialPath] = ['bios.bin', 'qmp', 'serial'].map((name) => join(folder, name));
writeFileSync(bios, portGuest());
// Not on standard output, where QEMU complains of programs that ask for too much.
const machine = ['-M', 'pc,accel=tcg', '-m', '64', '-nodefaults', '-display', 'none', '-bios', bios];
const sockets = [
  ...['-qmp', `unix:${monitorPath},server=on,wait=off`],
  ...['-serial', `unix:${serialPath},server=on,wait=off`],
];
const qemu = spawn('qemu-system-i386', [...machine, ...sockets], { stdio: 'ignore' });

/** Takes so many bytes from a stream. */
function reader(stream) {
  let bytes = Buffer.alloc(0);
  let wake = () => {};
  stream.on('data', (chunk) => {
    bytes = Buffer.concat([bytes, chunk]);
    wake();
  });
  return async (enough) => {
    for (;;) {
      const length = enough(bytes);
      if (length > 0) {
        const taken = bytes.subarray(0, length);
        bytes = bytes.subarray(length);
        return taken;
      }
      await new Promise((resolve) => {
        wake = resolve;
      });
    }
  };
}

const open = (path) =>
  new Promise((resolve, reject) => {
    const attempt = (left) => {
      const connection = connect(path, () => resolve(connection));
      connection.on('error', (error) =>
        left > 0 ? setTimeout(() => attempt(left - 1), 100) : reject(error),
      );
    };
    attempt(50);
  });

const monitor = await open(monitorPath);
const serial = await open(serialPath);
const readLine = reader(monitor);
const line = async () => JSON.parse((await readLine((bytes) => bytes.indexOf(10) + 1)).toString());
async function ask(execute, args) {
  monitor.write(JSON.stringify({ execute, arguments: args }));
  for (;;) {
    const answer = await line();
    if (answer.error) throw new Error(JSON.stringify(answer.error));
    if ('return' in answer) return;
  }
}
await line();
await ask('qmp_capabilities');

const readSerial = reader(serial);
const steps = [];
for (const step of STEPS) {
  if (step.pointer) {
    await ask('input-send-event', { events: qmpEvents(step.pointer) });
    steps.push(step);
    continue;
  }
  serial.write(portRequest(step.registers, step.isOut));
  const answer = portAnswer(await readSerial((bytes) => (bytes.length >= ANSWER_BYTES ? ANSWER_BYTES : 0)));
  steps.push({ ...(step.isOut && { out: true }), registers: step.registers, answer });
}
qemu.kill();
rmSync(folder, { recursive: true });
mkdirSync(dirname(TARGET), { recursive: true });
const rows = steps.map((step) => JSON.stringify(step));
writeFileSync(TARGET, `[\n  ${rows.join(',\n  ')}\n]\n`);
process.exit(0);
