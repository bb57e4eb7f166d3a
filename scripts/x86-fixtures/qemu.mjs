// Runs a protection program on qemu-system-x86_64 under the fixtures' firmware and reads its log back.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { MODE, PROGRAM_BASE, RESULT_BASE } from './layout.mjs';

const TIMEOUT_MS = 30_000;
const POLL_MS = 50;
const LOG_BYTES = 1 << 20;

/** @returns {Promise<number[]>} the words that the program logged */
export async function logFromQemu(rom, program, cpu = 'max') {
  const dir = mkdtempSync(join(tmpdir(), 'x86-protection-'));
  const file = (name) => join(dir, name);
  writeFileSync(file('rom'), rom);
  writeFileSync(file('program'), program);
  writeFileSync(file('mode'), Buffer.from([32, 0, 0, 0]));
  const loader = (name, address) => [
    '-device',
    `loader,file=${file(name)},addr=0x${address.toString(16)},force-raw=on`,
  ];
  const qemu = spawn(
    'qemu-system-x86_64',
    [
      ...['-M', 'pc', '-cpu', cpu, '-m', '64', '-bios', file('rom'), '-display', 'none', '-serial', 'null'],
      ...[
        '-no-reboot',
        '-no-shutdown',
        '-qmp',
        'stdio',
        ...loader('program', PROGRAM_BASE),
        ...loader('mode', MODE),
      ],
    ],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const timer = setTimeout(() => qemu.kill('SIGKILL'), TIMEOUT_MS);
  const send = (command) => qemu.stdin.write(`${JSON.stringify(command)}\n`);
  const look = () =>
    send({ execute: 'human-monitor-command', arguments: { 'command-line': 'info registers' }, id: 'look' });
  let saved = false;
  let state = '';
  try {
    for await (const line of createInterface({ input: qemu.stdout })) {
      const message = JSON.parse(line);
      if (message.QMP) {
        send({ execute: 'qmp_capabilities' });
        look();
      }
      if (message.error) throw new Error(`QMP: ${message.error.desc}`);
      if (message.id === 'look') {
        state = message.return;
        // HLT with interrupts off is the program's end.
        if (/HLT=1/.test(state))
          send({
            execute: 'pmemsave',
            arguments: { val: RESULT_BASE, size: LOG_BYTES, filename: file('log') },
            id: 'save',
          });
        else setTimeout(look, POLL_MS);
      }
      if (message.id === 'save') {
        saved = true;
        send({ execute: 'quit' });
      }
    }
    if (!saved) throw new Error(`QEMU did not reach the program's end:\n${state}`);
    const bytes = readFileSync(file('log'));
    const count = bytes.readUInt32LE(0);
    if (count === 0) throw new Error(`the program did not end on QEMU:\n${state}`);
    return Array.from({ length: count }, (_, i) => bytes.readUInt32LE(4 + i * 4));
  } finally {
    clearTimeout(timer);
    rmSync(dir, { recursive: true, force: true });
  }
}
