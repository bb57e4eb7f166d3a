import type { GuestVm } from '../cli/runner-page.ts';
import type { RunnerPort } from '../core/runner-api.ts';
import type { VmErrorCode, VmOutcome, VmState } from '../core/vm-api.ts';
import { MachineKeyboard } from './machine-keyboard.ts';
import { MachineScreen } from './machine-screen.ts';
import { SerialConsole } from './serial-console.ts';
import type { Waits } from '../core/waits.ts';

/** One machine from its creation on, and what has become known of it: a VirtualMachine that starts anew has another one. */
export class MachineLife {
  readonly guest: GuestVm;
  readonly serial: SerialConsole;
  readonly screen: MachineScreen;
  readonly keyboard: MachineKeyboard;
  readonly log: { source: string; message: string }[] = [];
  ports: readonly SerialConsole[] = [];
  state: VmState = 'created';
  ended: { outcome: VmOutcome; code: number } | undefined;
  failure: { code: VmErrorCode; message: string } | undefined;
  panic: string | undefined;
  readonly #waits: Waits;
  /** Output of ports that came before it was known what ports there are. */
  readonly #early: { port: number; bytes: Uint8Array }[] = [];

  constructor(guest: GuestVm, waits: Waits) {
    this.guest = guest;
    this.#waits = waits;
    const refuseIfOver = () => this.refuseIfOver();
    this.serial = new SerialConsole('serial port', null, {
      waits,
      refuseIfOver,
      send: (data) => guest.send(data),
    });
    this.screen = new MachineScreen({ guest, waits, refuseIfOver });
    this.keyboard = new MachineKeyboard(guest);
    guest.on('serial', ({ bytes }) => this.serial.take(bytes));
    guest.on('port', (output) => {
      const port = this.ports[output.port];
      if (port) port.take(output.bytes);
      else this.#early.push(output);
    });
    guest.on('log', (entry) => {
      this.log.push(entry);
      waits.wake();
    });
    guest.on('state', (state) => {
      this.state = state;
      waits.wake();
    });
    guest.on('panic', ({ message }) => {
      this.panic = message;
      waits.wake();
    });
    guest.on('error', (error) => {
      this.failure = error;
      waits.wake();
    });
    guest.on('exit', ({ outcome, code }) => {
      this.ended = { outcome, code };
      waits.wake();
    });
  }

  /** The ports that the machine turned out to have. */
  plug(ports: readonly RunnerPort[]): void {
    this.ports = ports.map(({ name, console }, place) => {
      return new SerialConsole(`${console ? 'console' : 'port'} ${name ?? place}`, name, {
        waits: this.#waits,
        refuseIfOver: () => this.refuseIfOver(),
        send: (data) => this.guest.send(data, place),
      });
    });
    for (const { port, bytes } of this.#early.splice(0)) this.ports[port].take(bytes);
  }

  /** @throws Error once nothing more is to be expected of the machine */
  refuseIfOver(): void {
    if (this.failure) throw new Error(`the machine failed: ${this.failure.message}`);
    if (this.ended) throw new Error(`the guest ended (${this.ended.outcome})`);
  }
}
