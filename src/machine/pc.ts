/**
 * The board `pc-1.0`: a PC with Intel's 440FX and PIIX chipset, after QEMU 7.2's `pc`, address for address.
 * Specification: Intel 82441FX (PMC), 82371SB (PIIX3) and 82371AB (PIIX4) datasheets; QEMU documentation, "i440fx PC".
 *
 * It starts a kernel without firmware: what firmware does to the chipset before it starts one, the code at the reset vector does.
 * Not there yet: the screen, disks, keyboard and mouse, DMA controllers, firmware.
 */
import { DebugCon } from '../hw/char/debugcon.ts';
import { Ns16550a, type SerialBackend } from '../hw/char/ns16550a.ts';
import type { Device, ShadowPort } from '../hw/device.ts';
import { FwCfg } from '../hw/firmware/fw-cfg.ts';
import { I8042 } from '../hw/input/i8042.ts';
import { IsaDebugExit } from '../hw/misc/isa-debug-exit.ts';
import { Port92 } from '../hw/misc/port92.ts';
import { Mc146818 } from '../hw/rtc/mc146818.ts';
import * as L from '../memory/layout.gen.ts';
import { pcAcpiTables, RSDP_ADDRESS } from './acpi/pc-acpi.ts';
import type { Board, BoardEnv, BoardModel } from './board.ts';
import { BootStore } from './boot/boot-store.ts';
import { ACPI_BYTES, planPcBoot } from './boot/pc-boot.ts';
import { pcResetVector, RESET_ROM } from './boot/pc-reset-vector.ts';
import { attachChipset, firmwareWrites, SharedA20 } from './pc-chipset.ts';
import { pcCmos } from './pc-cmos.ts';
import { PC_IRQ, PC_MAP, PC_PORTS } from './pc-map.ts';
import { Wiring } from './wiring.ts';

/** Where an x86 processor starts (Intel SDM volume 3, section 9.1.4). */
const RESET_VECTOR = 0xfffffff0;
/** What CPUID describes: MODEL_* of assembly/guest/x86/cpu.ts. */
const MODEL_QEMU64 = 0;
const MODEL_MAX = 1;
const MODEL_QEMU32 = 2;
const MODEL_MAX32 = 3;
/** 1.8432 MHz, divided by 16. */
const UART_BAUD_BASE = 115200;
/** Slots that are always where they belong. */
const MAPPED_SLOTS: readonly string[] = ['ram', 'ram.high', 'rom'];

export const PC_1_0: BoardModel = {
  names: ['pc-1.0', 'pc'],
  memoryMin: 2,
  memoryDefault: 128,
  memoryMax: 2048,
  smpMax: 1,
  processors: {
    i386: { qemu32: MODEL_QEMU32, max: MODEL_MAX32 },
    x86_64: { qemu64: MODEL_QEMU64, max: MODEL_MAX },
  },
  firmware: false,
  slots: (ramBytes) => [
    { name: 'ram', kind: 'ram', guestBase: PC_MAP.lowRam.base, size: PC_MAP.lowRam.size },
    { name: 'ram.high', kind: 'ram', guestBase: PC_MAP.highRam.base, size: ramBytes - PC_MAP.highRam.base },
    { name: 'ram.pam', kind: 'ram', guestBase: PC_MAP.pam.base, size: PC_MAP.pam.size },
    { name: 'smram', kind: 'ram', guestBase: null, size: PC_MAP.vga.size },
    { name: 'rom', kind: 'rom', guestBase: PC_MAP.rom.base, size: PC_MAP.rom.size },
  ],
  build: (env) => new PcBoard(env),
};

class PcBoard implements Board {
  readonly devices: Board['devices'];
  readonly regions: Board['regions'];
  readonly doorbells: Board['doorbells'];
  readonly resetPc = RESET_VECTOR;
  private readonly env: Omit<BoardEnv, 'images'>;
  private readonly com1: Ns16550a;
  private readonly a20: SharedA20;
  private readonly store: BootStore;

  constructor({ images, ...env }: BoardEnv) {
    this.env = env;
    const { vm, log, power } = env;
    if (!images.kernel) throw new RangeError('pc-1.0 needs a kernel');
    const { pieces, ...plan } = planPcBoot({
      kernel: images.kernel,
      initrd: images.initrd,
      commandLine: env.commandLine,
      arch: env.arch,
      ramBytes: env.ramBytes,
      romBase: PC_MAP.rom.base,
      rsdp: RSDP_ADDRESS,
    });
    const tables = pcAcpiTables(env.ramBytes - ACPI_BYTES, vm.vcpus);
    const rom = pcResetVector({ ...plan, writes: firmwareWrites() });
    this.store = new BootStore([
      ...pieces,
      ...tables.map(({ name, address, bytes }) => ({ what: `ACPI table ${name}`, address, bytes, zeros: 0 })),
      { what: 'reset vector', address: RESET_ROM.base, bytes: rom, zeros: 0 },
    ]);

    const wiring = new Wiring(vm);
    ({ devices: this.devices, regions: this.regions, doorbells: this.doorbells } = wiring);
    // The host bridge maps the others.
    for (const slot of vm.slots) if (MAPPED_SLOTS.includes(slot.name)) wiring.table.addSlot(slot);
    this.addLocals(wiring);
    const attach = <D extends Device>(
      ports: readonly (number | null)[],
      create: (shadow: ShadowPort) => D,
    ): D => wiring.attach(ports.map(atPort), create);

    attachChipset(env, wiring);
    this.a20 = new SharedA20(vm);
    const { a20 } = this;
    const reset = (): void => power.reset();
    attach([PC_PORTS.fwCfg, PC_PORTS.fwCfgDma], (shadow) => {
      const { memory, ramBytes } = env;
      return new FwCfg({ memory, shadow, log, ramBytes, vcpus: vm.vcpus, layout: 'ports' });
    });
    attach([PC_PORTS.rtc], () => {
      return new Mc146818({
        irq: wiring.irq(PC_IRQ.rtc),
        clock: env.clock,
        wallClock: env.wallClock,
        timers: env.timers,
        contents: pcCmos(env.ramBytes, vm.vcpus),
      });
    });
    attach([PC_PORTS.keyboardCommand, PC_PORTS.keyboardData], (shadow) => {
      return new I8042({ irq: wiring.irq(PC_IRQ.keyboard), a20, reset, shadow });
    });
    attach([PC_PORTS.port92], () => new Port92({ a20, reset }));
    const uarts = PC_PORTS.com.map((port, i) =>
      attach([port], (shadow) => {
        return new Ns16550a({
          irq: wiring.irq(PC_IRQ.com[i]),
          clock: env.clock,
          timers: env.timers,
          shadow,
          backend: i === 0 ? env.serial : NOTHING_CONNECTED,
          log,
          baudBase: UART_BAUD_BASE,
        });
      }),
    );
    this.com1 = uarts[0];
    attach(
      [PC_PORTS.debugcon],
      (shadow) => new DebugCon({ shadow, line: (text) => log.info('debugcon', text) }),
    );
    attach([PC_PORTS.debugExit], () => new IsaDebugExit({ power }));
  }

  private addLocals(wiring: Wiring): void {
    const { table } = wiring;
    const ports: [{ base: number; size: number }, number][] = [
      [PC_PORTS.picMaster, L.LOCAL_PIC_MASTER],
      [PC_PORTS.picSlave, L.LOCAL_PIC_SLAVE],
      [PC_PORTS.elcr, L.LOCAL_PIC_ELCR],
      [PC_PORTS.pit, L.LOCAL_PIT],
      [PC_PORTS.port61, L.LOCAL_PORT_61],
    ];
    for (const [{ base, size }, local] of ports) table.addLocal(atPort(base), size, local);
    table.addLocal(PC_MAP.ioapic.base, PC_MAP.ioapic.size, L.LOCAL_IOAPIC);
    table.addLocal(PC_MAP.hpet.base, PC_MAP.hpet.size, L.LOCAL_HPET);
    table.addLocal(PC_MAP.lapic.base, PC_MAP.lapic.size, L.LOCAL_LAPIC);
  }

  async reset(): Promise<void> {
    this.env.vm.store(L.VM_X86_EVENTS, 0);
    this.a20.enabled = true;
    for (const device of this.devices) device.reset();
    await this.store.load(this.env.memory);
  }

  serialReady(): void {
    this.com1.inputReady();
  }
}

const atPort = <P extends number | null>(port: P): P => (port === null ? null : L.IO_PORT_BASE + port) as P;

const NOTHING_CONNECTED: SerialBackend = { transmit() {}, take: () => null, setBreak() {} };
