import { describe, expect, it } from 'vitest';
import type { DeviceConfig } from '../core/vm-api.ts';
import { planDevices } from './devices.ts';
import { planDrives } from './drives.ts';
import { bootOrder, noParts } from './virtio-devices.ts';

const BOARD = { virtio: ['pci'], names: ['pc'] } as const;

function plan(devices: readonly DeviceConfig[]) {
  const drives = ['a', 'b'].map((id) => ({ file: new Uint8Array(512), interface: 'none', id }) as const);
  const config = { arch: 'i386', drives, devices };
  return planDevices(config, planDrives(config, ['ide', 'virtio'], 'pc'), BOARD);
}

describe('the ports of a virtio-serial', () => {
  const bus = (max: string): DeviceConfig => ({ driver: 'virtio-serial', properties: { max_ports: max } });
  const port = { driver: 'virtserialport' };

  it('are as many as max_ports says, of which those that nobody asked for are not there', () => {
    const ports = (devices: readonly DeviceConfig[]) => plan(devices)[0].ports!.map((one) => one !== null);
    expect(ports([bus('4'), port])).toEqual([false, true, false, false]);
    expect(ports([{ driver: 'virtio-serial' }, port])).toEqual([false, true]);
  });

  it('are no more', () => {
    expect(() => plan([bus('2'), port, port])).toThrow('max_ports=2, and there are 3 ports');
    for (const max of ['0', '32', 'all'])
      expect(() => plan([bus(max)])).toThrow(`max_ports=${max} is not possible`);
  });

  it('lead to the SPICE agent once, and not from a console', () => {
    const agent = { driver: 'virtserialport', properties: { chardev: 'vdagent' } };
    expect(plan([agent])[0].ports![1]).toMatchObject({ chardev: 'vdagent', console: false });
    expect(() => plan([agent, agent])).toThrow('one port for the SPICE agent is enough');
    expect(() => plan([{ ...agent, driver: 'virtconsole' }])).toThrow('on a port for data: virtserialport');
  });
});

it('There is one ramfb: firmware has one file for it', () => {
  const ramfb = { driver: 'ramfb' };
  expect(plan([ramfb])).toHaveLength(1);
  expect(() => plan([ramfb, ramfb])).toThrow('-device ramfb: one is enough');
});

describe('the order of starting', () => {
  const disk = (drive: string, bootindex: string): DeviceConfig => ({
    driver: 'virtio-blk',
    properties: { drive, bootindex },
  });

  it('has no place twice', () => {
    expect(() => plan([disk('a', '1'), disk('b', '1')])).toThrow('bootindex=1 is given twice');
    expect(plan([disk('a', '1'), disk('b', '2')])).toHaveLength(2);
  });

  it("is told to firmware by Open Firmware's paths, as by QEMU", () => {
    const parts = noParts();
    expect(bootOrder(parts)).toBeNull();
    parts.boot.push({ index: 10, slot: 3 }, { index: 2, slot: 16 });
    const text = new TextDecoder().decode(bootOrder(parts)!);
    expect(text).toBe('/pci@i0cf8/scsi@10/disk@0,0\n/pci@i0cf8/scsi@3/disk@0,0\0');
  });
});
