import { expect, it } from 'vitest';
import { mmioDevice, startDriver } from '../../tests/support/virtio-driver.ts';
import type { Vm } from '../core/vm-api.ts';
import { VirtioBalloon } from '../hw/virtio/virtio-balloon.ts';
import { runCommand } from '../monitor/monitor.ts';
import { hostBalloon } from './host-balloon.ts';
import { monitorTarget } from './monitor-target.ts';
import type { Session } from './session.ts';

const PAGES_PER_MIB = 256;

it('`balloon` says what is left to the guest, where the device counts what it gives away', async () => {
  const type = new VirtioBalloon();
  const { transport, memory } = mmioDevice(type);
  startDriver(transport, memory, { features: 2n, queues: 3 });
  const vm = { balloon: hostBalloon(type) } as unknown as Vm;
  const session = { board: { devices: [] } } as unknown as Session;
  const target = monitorTarget(
    vm,
    { arch: 'x86_64', memory: 512 },
    session,
    async () => '',
    () => null,
  );
  expect(await runCommand(target, 'info balloon')).toBe('balloon: actual=512');
  expect(await runCommand(target, 'balloon 200')).toBe('');
  expect(type.target).toBe(312 * PAGES_PER_MIB);
  transport.writeConfig(4, 4, 300 * PAGES_PER_MIB);
  expect(await runCommand(target, 'info balloon')).toBe('balloon: actual=212');
  await runCommand(target, 'balloon 4096');
  expect(type.target).toBe(0);
  expect(await runCommand(target, 'balloon 0')).toBe("Error: Parameter 'target' expects a size");
});
