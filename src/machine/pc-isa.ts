/** The ISA devices that every PC has: clock, keyboard controller, serial ports, debug ports. */
import { DebugCon } from '../hw/char/debugcon.ts';
import { Ns16550a, type SerialBackend } from '../hw/char/ns16550a.ts';
import { I8042 } from '../hw/input/i8042.ts';
import { VmPort } from '../hw/input/vmport.ts';
import { IsaDebugExit } from '../hw/misc/isa-debug-exit.ts';
import { Port92 } from '../hw/misc/port92.ts';
import { Mc146818 } from '../hw/rtc/mc146818.ts';
import type { BoardInput } from './board.ts';
import { ExitRegisters } from './exit-registers.ts';
import type { PcContext } from './pc-context.ts';
import { PC_IRQ, PC_PORTS } from './pc-map.ts';

/** 1.8432 MHz, divided by 16. */
const UART_BAUD_BASE = 115200;

/** What SeaBIOS says at the end of its list, and what a person can do about it. */
const NOTHING_TO_BOOT = 'No bootable device.';
const NOTHING_TO_BOOT_HINT =
  'The firmware found nothing to boot: give the machine a disk (-hda, -cdrom, -fda) with a system on it, or a kernel (-kernel).';

const NOTHING_CONNECTED: SerialBackend = { transmit() {}, take: () => null, setBreak() {} };

export function attachClock({ attach, wiring, env, cmos }: PcContext): Mc146818 {
  const { clock, rtc, timers } = env;
  return attach([PC_PORTS.rtc], (shadow) => {
    return new Mc146818({
      shadow,
      irq: wiring.irq(PC_IRQ.rtc),
      clock,
      wallClock: rtc,
      timers,
      contents: cmos,
    });
  });
}

/** The keyboard controller with keyboard and mouse. */
export function attachKeyboard({ attach, wiring, env, a20, reset }: PcContext): BoardInput {
  const { clock, timers, leds } = env;
  const controller = attach([PC_PORTS.keyboardCommand, PC_PORTS.keyboardData], (shadow) => {
    const irq = wiring.irq(PC_IRQ.keyboard);
    return new I8042({ irq, auxIrq: wiring.irq(PC_IRQ.mouse), clock, timers, leds, a20, reset, shadow });
  });
  attach([PC_PORTS.port92], (shadow) => new Port92({ a20, reset, shadow }));
  const { keyboard, mouse } = controller;
  const vmport = attach([PC_PORTS.vmport], () => {
    const ramBytes = env.ramBytes;
    return new VmPort({
      registers: new ExitRegisters(env.vm),
      ramBytes,
      nudge: () => controller.nudgeMouse(),
    });
  });
  return {
    keyboard,
    get absolute() {
      return vmport.absolute;
    },
    pointer: (event) => {
      const { dx = 0, dy = 0, wheel = 0, buttons } = event;
      if (!vmport.pointer(event)) mouse.move(dx, dy, wheel, buttons);
    },
  };
}

/** COM1 to COM4. Returns COM1, to which the machine's serial port is connected. */
export function attachSerialPorts({ attach, wiring, env }: PcContext): Ns16550a {
  const { clock, timers, log } = env;
  const [com1] = PC_PORTS.com.map((port, i) =>
    attach([port], (shadow) => {
      return new Ns16550a({
        irq: wiring.irq(PC_IRQ.com[i]),
        clock,
        timers,
        shadow,
        backend: i === 0 ? env.serial : NOTHING_CONNECTED,
        log,
        baudBase: UART_BAUD_BASE,
      });
    }),
  );
  return com1;
}

/** Where programs leave messages: Bochs's port, and that of firmware. */
export function attachDebugPorts({ attach, env }: PcContext): void {
  const { log, power } = env;
  const firmwareLine = (text: string): void => {
    log.info('firmware', text);
    if (text.startsWith(NOTHING_TO_BOOT)) log.warn('firmware', NOTHING_TO_BOOT_HINT);
  };
  attach(
    [PC_PORTS.debugcon],
    (shadow) => new DebugCon({ shadow, line: (text) => log.info('debugcon', text) }),
  );
  attach([PC_PORTS.firmwareLog], (shadow) => new DebugCon({ shadow, line: firmwareLine }));
  attach([PC_PORTS.debugExit], () => new IsaDebugExit({ power }));
}
