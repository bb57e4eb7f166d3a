/**
 * The board `virt-1.0`: QEMU 7.2's RISC-V `virt`, address for address.
 * Specification: QEMU documentation, "virt" generic virtual platform.
 *
 * Left out, neither in the memory map nor in the device tree: the two flash banks and the platform
 * bus (no firmware or kernel that Debian ships needs them), and the PMU node (its event map is QEMU's own).
 */
import { Ns16550a } from '../hw/char/ns16550a.ts';
import type { Device, ShadowPort } from '../hw/device.ts';
import { FwCfg } from '../hw/firmware/fw-cfg.ts';
import { SysconTest } from '../hw/misc/syscon-test.ts';
import { GoldfishRtc } from '../hw/rtc/goldfish-rtc.ts';
import type { VirtioBalloon } from '../hw/virtio/virtio-balloon.ts';
import { LOCAL_ACLINT_MSWI_MTIMER, LOCAL_PLIC } from '../memory/layout.gen.ts';
import type { Board, BoardDisplay, BoardDrive, BoardInput, BoardEnv, BoardModel } from './board.ts';
import { BootStore } from './boot/boot-store.ts';
import { type BootPlan, placeFdt, planBoot, riscvResetVector } from './boot/riscv-boot.ts';
import { attachRamfb } from './display-devices.ts';
import { encodeFdt } from './fdt.ts';
import { virtDeviceTree } from './virt-fdt.ts';
import { VIRT_IRQ, VIRT_MAP } from './virt-map.ts';
import { attachPciHost, attachVirtioMmio } from './virt-virtio.ts';
import { noParts, serialInput, virtioInput, type VirtioSerial } from './virtio-devices.ts';
import { Wiring } from './wiring.ts';

/** Base clock that QEMU's board gives its UART; it only decides how long the receive time-out is. */
const UART_BAUD_BASE = 399193;

export const VIRT_1_0: BoardModel = {
  names: ['virt-1.0', 'virt'],
  memoryMin: 1,
  memoryDefault: 128,
  memoryMax: 2048,
  smpMax: 1,
  processors: { riscv64: { rv64: 0 } },
  firmware: { name: 'OpenSBI', withKernel: true, roms: [] },
  drives: ['virtio'],
  virtio: ['mmio', 'pci'],
  graphics: false,
  speaker: false,
  slots: (ramBytes) => [
    { name: 'ram', kind: 'ram', guestBase: VIRT_MAP.dram.base, size: ramBytes },
    { name: 'mrom', kind: 'rom', guestBase: VIRT_MAP.mrom.base, size: VIRT_MAP.mrom.size },
  ],
  build: (env) => new VirtBoard(env),
};

class VirtBoard implements Board {
  readonly devices: Board['devices'];
  readonly regions: Board['regions'];
  readonly doorbells: Board['doorbells'];
  readonly resetPc = VIRT_MAP.mrom.base;
  private readonly ramfb: { reset(): void } | null;
  private readonly virtio = noParts();
  readonly displays: readonly BoardDisplay[] = this.virtio.displays;
  readonly input: BoardInput = virtioInput(this.virtio, null);
  /** Not the images: nothing but the store may hold on to their bytes. */
  private readonly env: Omit<BoardEnv, 'images'>;
  private readonly uart: Ns16550a;
  private readonly plan: Omit<BootPlan, 'pieces'>;
  private readonly store: BootStore;
  private readonly commandLine: string | null;

  constructor({ images, ...env }: BoardEnv) {
    this.env = env;
    const { pieces, ...plan } = planBoot(images, VIRT_MAP.dram.base, env.ramBytes);
    this.plan = plan;
    this.store = new BootStore(pieces);
    this.commandLine = images.kernel ? env.commandLine : null;
    const { vm, clock, timers, log } = env;
    const wiring = new Wiring(vm);
    ({ devices: this.devices, regions: this.regions, doorbells: this.doorbells } = wiring);
    for (const slot of vm.slots) wiring.table.addSlot(slot);
    wiring.table.addLocal(VIRT_MAP.clint.base, VIRT_MAP.clint.size, LOCAL_ACLINT_MSWI_MTIMER);
    wiring.table.addLocal(VIRT_MAP.plic.base, VIRT_MAP.plic.size, LOCAL_PLIC);
    const attach = <D extends Device>(base: number, create: (shadow: ShadowPort) => D): D =>
      wiring.attach([base], create);

    attach(VIRT_MAP.test.base, () => new SysconTest({ power: env.power, log }));
    attach(VIRT_MAP.rtc.base, (shadow) => {
      return new GoldfishRtc({
        irq: wiring.irq(VIRT_IRQ.rtc),
        clock,
        wallClock: env.rtc,
        timers,
        shadow,
        log,
      });
    });
    this.uart = attach(VIRT_MAP.uart.base, (shadow) => {
      const backend = env.serial;
      return new Ns16550a({
        irq: wiring.irq(VIRT_IRQ.uart),
        clock,
        timers,
        shadow,
        backend,
        log,
        baudBase: UART_BAUD_BASE,
      });
    });
    attachVirtioMmio(env, wiring, this.virtio);
    attachPciHost(env, wiring, this.virtio);
    const fwCfg = attach(VIRT_MAP.fwCfg.base, (shadow) => {
      return new FwCfg({ memory: env.memory, shadow, log, ramBytes: env.ramBytes, vcpus: vm.vcpus });
    });
    this.ramfb = attachRamfb(env, fwCfg, this.virtio.displays);
    for (const { name, bytes } of images.fwCfg ?? []) fwCfg.addFile(name, bytes);
  }

  get drives(): readonly BoardDrive[] {
    return this.virtio.drives;
  }

  get balloon(): VirtioBalloon | null {
    return this.virtio.balloon;
  }

  get virtioSerial(): VirtioSerial | null {
    return this.virtio.serial;
  }

  async reset(): Promise<void> {
    const { env, plan, store } = this;
    for (const device of this.devices) device.reset();
    this.ramfb?.reset();
    await store.load(env.memory);
    const seed = new Uint8Array(32);
    env.random(seed);
    const tree = encodeFdt(
      virtDeviceTree({
        ramBytes: env.ramBytes,
        vcpus: env.vm.vcpus,
        commandLine: this.commandLine,
        initrd: plan.initrd,
        randomSeed: seed,
      }),
    );
    const fdt = placeFdt(tree.length, store.places, VIRT_MAP.dram.base, env.ramBytes);
    env.memory.load(fdt, tree);
    env.memory.load(VIRT_MAP.mrom.base, riscvResetVector(plan.start, fdt, plan.kernelEntry));
  }

  serialReady(): void {
    serialInput(this.virtio, this.uart);
  }
}
