/** The host's ends of a virtio-serial device's ports: a stream for each, and the clipboard behind that of the SPICE agent. */
import type { Log } from '../core/log.ts';
import type { VmClipboard, VmPort } from '../core/vm-api.ts';
import { VdAgent } from '../hw/char/vdagent.ts';
import { AGENT_CHARDEV, type DevicePlan } from './devices.ts';
import { SerialPort } from './serial-port.ts';
import type { VirtioSerial } from './virtio-devices.ts';

export interface HostPortsHooks {
  /** The device, while there is a board. */
  device(): VirtioSerial | null | undefined;
  /** Listeners have too much output to digest, or no longer. */
  hold(): void;
  release(): void;
  /** The guest has copied a text. */
  copied(text: string): void;
  log: Log;
}

export class HostPorts {
  /** Ends of all ports that do not share the machine's own stream, in the order of their numbers. */
  readonly ends: readonly SerialPort[];
  /** Those that whoever made the machine connects. */
  readonly streams: readonly VmPort[];
  readonly clipboard: VmClipboard | null;

  constructor(devices: readonly DevicePlan[], hooks: HostPortsHooks) {
    const plans = devices.flatMap(({ ports }) => ports ?? []).filter((plan) => plan && !plan.shared);
    let agent: { opened(open: boolean): void } | null = null;
    this.ends = plans.map((_, index) => {
      const opened = plans[index]!.chardev === AGENT_CHARDEV;
      return new SerialPort({
        inputReady: () => {
          const device = hooks.device();
          device?.console.inputReady(device.own[index]);
        },
        ...(opened && { opened: (open: boolean) => agent?.opened(open) }),
        hold: hooks.hold,
        release: hooks.release,
        firstOutput: () => {},
        failed: (error) => hooks.log.warn('port listener', String(error)),
      });
    });
    this.streams = plans.flatMap((plan, index) => {
      const { name, console, chardev } = plan!;
      return chardev === AGENT_CHARDEV ? [] : [{ name, console, chardev, stream: this.ends[index] }];
    });
    const end = this.ends.find((_, index) => plans[index]!.chardev === AGENT_CHARDEV);
    this.clipboard = null;
    if (!end) return;
    const shared = new VdAgent({
      send: (bytes) => end.write(bytes),
      unread: () => end.waiting,
      copied: hooks.copied,
      log: hooks.log,
    });
    agent = {
      opened: (open) => {
        // What one agent has not read is none of the next one's.
        end.discardInput();
        shared.opened(open);
      },
    };
    end.onData((bytes) => shared.receive(bytes));
    this.clipboard = {
      get ready() {
        return shared.ready;
      },
      write: (text) => shared.offer(text),
    };
  }

  get holding(): boolean {
    return this.ends.some(({ holding }) => holding);
  }

  dispose(): void {
    for (const end of this.ends) end.dispose();
  }
}
