/** A driver of a virtio-gpu, written from the specification (VIRTIO 1.2, section 5.7.6): commands in, answers out. */
import { Log } from '../../src/core/log.ts';
import { VirtioGpu, type VirtioGpuOptions } from '../../src/hw/virtio/virtio-gpu.ts';
import { mmioDevice, startDriver } from './virtio-driver.ts';

export const EDID = 1n << 1n;
export const RESOURCE_UUID = 1n << 2n;
export const RESOURCE_BLOB = 1n << 3n;

const COMMANDS = 0x10000;
const ANSWERS = 0x60000;
const ANSWER_BYTES = 2048;

export interface GpuAnswer {
  type: number;
  flags: number;
  fence: bigint;
  context: number;
  /** What follows the header. */
  data: DataView;
  /** Bytes that the device says it has written. */
  length: number;
}

/** Values behind a command's header: words of 32 bits, and bigints of 64. */
export type GpuWord = number | bigint;

export function gpuDriver(options: Partial<VirtioGpuOptions> = {}, memoryBytes = 4 << 20) {
  let changes = 0;
  const guestErrors: string[] = [];
  const gpu = new VirtioGpu({
    log: new Log(({ message }) => void guestErrors.push(message)),
    preferred: { width: 1024, height: 768 },
    outputs: 1,
    hostMemory: 64 << 20,
    edid: true,
    blob: true,
    random: (bytes) => void bytes.forEach((_, i) => (bytes[i] = i + 1)),
    changed: () => void changes++,
    ...options,
  });
  return {
    ...driveGpu(gpu, memoryBytes),
    guestErrors,
    get changes() {
      return changes;
    },
  };
}

/** Drives a device that is there. */
export function driveGpu(gpu: VirtioGpu, memoryBytes = 4 << 20) {
  const parts = mmioDevice(gpu, memoryBytes);
  const start = () =>
    startDriver(parts.transport, parts.memory, {
      features: gpu.features,
      queues: 2,
      size: 16,
    });
  let [control, cursor] = start();
  const view = new DataView(parts.memory.bytes.buffer);
  const put = (type: number, words: readonly GpuWord[], fence: bigint | null): number => {
    parts.memory.bytes.fill(0, COMMANDS, COMMANDS + 24);
    view.setUint32(COMMANDS, type, true);
    if (fence !== null) {
      view.setUint32(COMMANDS + 4, 1, true);
      view.setBigUint64(COMMANDS + 8, fence, true);
      view.setUint32(COMMANDS + 16, 7, true);
    }
    let at = COMMANDS + 24;
    for (const word of words) {
      if (typeof word === 'bigint') view.setBigUint64(at, word, true);
      else view.setUint32(at, word, true);
      at += typeof word === 'bigint' ? 8 : 4;
    }
    return at - COMMANDS;
  };
  return {
    ...parts,
    gpu,
    view,
    restart: () => void ([control, cursor] = start()),
    /** Sends a command, and gives its answer. */
    send(
      type: number,
      words: readonly GpuWord[] = [],
      { fence = null as bigint | null, room = ANSWER_BYTES } = {},
    ): GpuAnswer {
      const bytes = put(type, words, fence);
      parts.memory.bytes.fill(0xee, ANSWERS, ANSWERS + ANSWER_BYTES);
      control.add([[COMMANDS, bytes]], [[ANSWERS, room]]);
      parts.transport.notify(0);
      const [{ length }] = control.take();
      return {
        type: view.getUint32(ANSWERS, true),
        flags: view.getUint32(ANSWERS + 4, true),
        fence: view.getBigUint64(ANSWERS + 8, true),
        context: view.getUint32(ANSWERS + 16, true),
        data: new DataView(parts.memory.bytes.slice(ANSWERS + 24, ANSWERS + ANSWER_BYTES).buffer),
        length,
      };
    },
    /** Sends a command of the cursor's queue. */
    sendCursor(type: number, words: readonly GpuWord[]): void {
      cursor.add([[COMMANDS, put(type, words, null)]], []);
      parts.transport.notify(1);
      cursor.take();
    },
  };
}
