/** `snowglobe test` with whole guests. Needs the image riscv64-disks. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'playwright/test';
import { snowglobe } from './support/command.ts';
import { image } from './support/images.ts';
import { LOAD } from './support/linux-shell.ts';

test('expects and sends at a port of a virtio-serial device', async () => {
  test.setTimeout(300_000);
  const { kernel, initrd, memory } = image('riscv64-disks');
  const folder = test.info().outputPath('tests');
  mkdirSync(folder, { recursive: true });
  const find =
    'D=$(dirname $(grep -l org.snow /sys/class/virtio-ports/*/name)); mknod /p c $(tr : " " < $D/dev)';
  const reply = '(exec 3<>/p; read line <&3; echo "got $line" >&3) & echo list""ens';
  const quote = (text: string) => JSON.stringify(`${text}\n`);
  writeFileSync(
    join(folder, 'port.vmtest'),
    `snowglobe riscv64 -m ${memory} -kernel ${kernel} -initrd ${initrd} -append 'console=ttyS0 quiet' \\
  -device virtio-serial-pci -device virtserialport,name=org.snow
fail-on "Kernel panic"
timeout 150
expect /root@snowglobe:\\S+# /
send ${quote(LOAD)}
expect "loaded"
send ${quote(find)}
send ${quote(reply)}
expect "listens"

test "a port that is there"
console org.snow
send "flake\\n"
expect "got flake"
console serial
send "echo \\"again\\" $((6 * 7))\\n"
expect "again 42"

test "a port that is not there"
console org.rain
`,
  );
  const result = await snowglobe(['test', '--trace', 'off'], { cwd: folder, env: { FORCE_COLOR: '0' } });
  expect(result.stderr).toBe('');
  expect(result.stdout).toMatch(/✓ .*a port that is there/);
  expect(result.stdout).toMatch(/✘ .*a port that is not there/);
  expect(result.stdout).toContain('there is no port org.rain: the machine has org.snow');
  expect(result.status).toBe(1);
});
