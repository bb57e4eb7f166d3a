/** The PCI transport of virtio devices (virtio 1.2, section 4.1), by a device that gives back what it gets. */
import { describe, expect, it } from 'vitest';
import {
  EVENT_IDX,
  INDIRECT_DESC,
  pciDevice,
  RING_RESET,
  SplitQueue,
  startDriver,
  VERSION_1,
} from '../../../tests/support/virtio-driver.ts';
import { Echo } from '../../../tests/support/virtio-echo.ts';

const OUT = 0x4000;
const IN = 0x5000;

describe('the PCI transport', () => {
  const pci = () => {
    const type = new Echo();
    const parts = pciDevice(type);
    const rings = startDriver(parts.transport, parts.memory, { queues: 2 });
    return { ...parts, type, rings };
  };

  it('has the common part at its own registers', () => {
    const { transport, rings, device } = pci();
    expect([transport.deviceId, transport.deviceFeatures]).toEqual([
      42,
      VERSION_1 | INDIRECT_DESC | EVENT_IDX | RING_RESET | 8n,
    ]);
    expect([transport.queueSizeMax(1), transport.queueSizeMax(2), transport.config(4, 4)]).toEqual([
      8, 0, 0x08070605,
    ]);
    rings[1].add([[OUT, 4]], [[IN, 4]]);
    transport.notify(1);
    expect([rings[1].take().length, rings[0].take().length]).toEqual([1, 0]);
    transport.resetQueue(1);
    expect(device.queueStates().map(({ queue }) => queue)).toEqual([0]);
  });

  it('drives its pin until the status is read, if messages are not enabled (4.1.4.5)', () => {
    const { transport, rings, irq, type, pci: registers } = pci();
    rings[0].add([[OUT, 4]], [[IN, 4]]);
    transport.notify(0);
    type.host.configChanged();
    expect([irq.level, transport.takeInterrupt(), irq.level, transport.takeInterrupt()]).toEqual([
      true,
      3,
      false,
      0,
    ]);
    expect(registers.sent).toEqual([]);
  });

  it('forgets the vector of a queue that is reset (2.6.1)', () => {
    const { transport, memory, type, device, pci: registers } = pci();
    device.configWrite(registers.msix + 2, 2, 0x8000);
    registers.tableWrite(16 * 2, 0xfee0_0000);
    registers.tableWrite(16 * 2 + 8, 0x41);
    registers.tableWrite(16 * 2 + 12, 0);
    expect(registers.setQueueVector(0, 2)).toBe(2);
    transport.resetQueue(0);
    const again = new SplitQueue(memory, 0x1000, 8);
    transport.setQueue(0, 8, again.descriptors, again.avail, again.used);
    transport.enableQueue(0);
    again.add([[OUT, 4]], [[IN, 4]]);
    type.notify(0);
    expect([again.take().length, registers.sent]).toEqual([1, []]);
  });

  it('sends the messages of its vectors, and reads back none for a vector that there is not (4.1.5.1.2)', () => {
    const { transport, rings, irq, type, device, pci: registers } = pci();
    expect([
      registers.setConfigVector(0),
      registers.setQueueVector(0, 2),
      registers.setQueueVector(1, 3),
    ]).toEqual([0, 2, 0xffff]);
    for (const vector of [0, 2]) {
      registers.tableWrite(16 * vector, 0xfee0_0000);
      registers.tableWrite(16 * vector + 8, 0x40 + vector);
      registers.tableWrite(16 * vector + 12, 0);
    }
    device.configWrite(registers.msix + 2, 2, 0x8000);
    for (const [i, ring] of rings.entries()) {
      ring.add([[OUT, 4]], [[IN, 4]]);
      transport.notify(i);
    }
    type.host.configChanged();
    expect([registers.sent, irq.level]).toEqual([
      [
        [0xfee0_0000, 0x42],
        [0xfee0_0000, 0x40],
      ],
      false,
    ]);
    // A function that may not master the bus sends nothing.
    device.configWrite(4, 2, 2);
    type.host.configChanged();
    expect(registers.sent.length).toBe(2);
  });

  it('lets firmware reach the BAR through the configuration space (4.1.4.9)', () => {
    const { device, transport } = pci();
    const window = 0x84;
    const access = (offset: number, length: number): void => {
      device.configWrite(window + 4, 1, 4);
      device.configWrite(window + 8, 4, offset);
      device.configWrite(window + 12, 4, length);
    };
    access(0x14, 1);
    expect(device.configRead(window + 16, 1)).toBe(15);
    device.configWrite(window + 16, 1, 0);
    expect(transport.status).toBe(0);
    access(0x2004, 4);
    expect(device.configRead(window + 16, 4)).toBe(0x08070605);
    access(0x3fff, 4);
    device.configWrite(window + 16, 4, 1);
  });
});
