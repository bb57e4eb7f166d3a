import { cells64, FdtNode } from './fdt.ts';
import { VIRT_IRQ, VIRT_MAP } from './virt-map.ts';

export interface VirtTreeOptions {
  ramBytes: number;
  vcpus: number;
  /** `/chosen/bootargs`; null without a kernel. */
  commandLine: string | null;
  /** Guest-physical range, end exclusive. */
  initrd: { start: number; end: number } | null;
  /** 32 bytes for the kernel's random generator. */
  randomSeed: Uint8Array;
}

/** The extensions that the RISC-V frontend has, in the order of the specification's naming chapter. */
export const RISCV_ISA = 'rv64imafdc_zicbom_zicboz_zicsr_zifencei_zba_zbb_zbs_sstc';
const CACHE_BLOCK_BYTES = 64;
const TIMEBASE_HZ = 10_000_000;
const UART_CLOCK_HZ = 3_686_400;

/** Interrupts of a hart's own controller (privileged specification, mcause). */
const IRQ_M_SOFT = 3;
const IRQ_M_TIMER = 7;
const IRQ_M_EXTERNAL = 11;
const IRQ_S_EXTERNAL = 9;

const SYSCON_POWEROFF = 0x5555;
const SYSCON_REBOOT = 0x7777;

/**
 * The device tree of `virt-1.0`: QEMU's, less what the board does not have (see virt.ts).
 * Specification: Linux device tree bindings of the compatible strings.
 */
export function virtDeviceTree(options: VirtTreeOptions): FdtNode {
  const root = new FdtNode();
  root.cells('#address-cells', 2).cells('#size-cells', 2);
  root.strings('compatible', 'riscv-virtio').strings('model', 'riscv-virtio,qemu');

  // Phandles: harts 1…n, their interrupt controllers, then PLIC and test device.
  const harts = Array.from({ length: options.vcpus }, (_, id) => ({ id, cpu: 2 * id + 1, intc: 2 * id + 2 }));
  const plic = 2 * options.vcpus + 1;
  const test = plic + 1;

  addChosen(root, options);
  addMemory(root, options.ramBytes);
  addCpus(root, harts);
  addFirmwareConfig(root);
  addPower(root, test);
  const soc = root.child('soc').cells('#address-cells', 2).cells('#size-cells', 2);
  soc.strings('compatible', 'simple-bus').flag('ranges');
  addInterruptControllers(soc, harts, plic);
  addDevices(soc, plic, test);
  addPci(soc, plic);
  return root;
}

interface Hart {
  id: number;
  cpu: number;
  intc: number;
}

function addChosen(root: FdtNode, options: VirtTreeOptions): void {
  const chosen = root.child('chosen');
  if (options.commandLine !== null) chosen.strings('bootargs', options.commandLine);
  chosen.strings('stdout-path', `/soc/serial@${VIRT_MAP.uart.base.toString(16)}`);
  chosen.bytes('rng-seed', options.randomSeed);
  if (options.initrd) {
    // QEMU writes one cell where the address fits; Linux reads either width.
    chosen.cells('linux,initrd-start', ...addressCells(options.initrd.start));
    chosen.cells('linux,initrd-end', ...addressCells(options.initrd.end));
  }
}

function addressCells(address: number): number[] {
  return address < 2 ** 32 ? [address] : cells64(address);
}

function addMemory(root: FdtNode, ramBytes: number): void {
  const { base } = VIRT_MAP.dram;
  root
    .child(unit('memory', base))
    .strings('device_type', 'memory')
    .cells('reg', ...cells64(base, ramBytes));
}

function addCpus(root: FdtNode, harts: readonly Hart[]): void {
  const cpus = root.child('cpus').cells('#address-cells', 1).cells('#size-cells', 0);
  cpus.cells('timebase-frequency', TIMEBASE_HZ);
  for (const hart of harts) {
    const cpu = cpus.child(unit('cpu', hart.id)).cells('phandle', hart.cpu).strings('device_type', 'cpu');
    cpu.cells('reg', hart.id).strings('status', 'okay').strings('compatible', 'riscv');
    cpu.strings('riscv,isa', RISCV_ISA).strings('mmu-type', 'riscv,sv57');
    cpu.cells('riscv,cbom-block-size', CACHE_BLOCK_BYTES).cells('riscv,cboz-block-size', CACHE_BLOCK_BYTES);
    const intc = cpu.child('interrupt-controller').cells('#interrupt-cells', 1).flag('interrupt-controller');
    intc.strings('compatible', 'riscv,cpu-intc').cells('phandle', hart.intc);
  }
  const cluster = cpus.child('cpu-map').child('cluster0');
  for (const hart of harts) cluster.child(`core${hart.id}`).cells('cpu', hart.cpu);
}

function addFirmwareConfig(root: FdtNode): void {
  const { base, size } = VIRT_MAP.fwCfg;
  const node = root.child(unit('fw-cfg', base)).flag('dma-coherent');
  node.cells('reg', ...cells64(base, size)).strings('compatible', 'qemu,fw-cfg-mmio');
}

function addPower(root: FdtNode, test: number): void {
  const values = { poweroff: SYSCON_POWEROFF, reboot: SYSCON_REBOOT };
  for (const [name, value] of Object.entries(values)) {
    const node = root.child(name).cells('value', value).cells('offset', 0).cells('regmap', test);
    node.strings('compatible', `syscon-${name}`);
  }
}

function addInterruptControllers(soc: FdtNode, harts: readonly Hart[], phandle: number): void {
  const { clint, plic } = VIRT_MAP;
  const clintNode = soc.child(unit('clint', clint.base)).cells('reg', ...cells64(clint.base, clint.treeSize));
  clintNode.cells('interrupts-extended', ...harts.flatMap((h) => [h.intc, IRQ_M_SOFT, h.intc, IRQ_M_TIMER]));
  clintNode.strings('compatible', 'sifive,clint0', 'riscv,clint0');

  const plicNode = soc.child(unit('plic', plic.base)).cells('reg', ...cells64(plic.base, plic.size));
  plicNode.cells(
    'interrupts-extended',
    ...harts.flatMap((h) => [h.intc, IRQ_M_EXTERNAL, h.intc, IRQ_S_EXTERNAL]),
  );
  plicNode.cells('phandle', phandle).cells('riscv,ndev', plic.sources).flag('interrupt-controller');
  plicNode.strings('compatible', 'sifive,plic-1.0.0', 'riscv,plic0');
  plicNode.cells('#address-cells', 0).cells('#interrupt-cells', 1);
}

function addDevices(soc: FdtNode, plic: number, test: number): void {
  const { rtc, uart, virtio } = VIRT_MAP;
  const testNode = soc.child(unit('test', VIRT_MAP.test.base)).cells('phandle', test);
  testNode.cells('reg', ...cells64(VIRT_MAP.test.base, VIRT_MAP.test.size));
  testNode.strings('compatible', 'sifive,test1', 'sifive,test0', 'syscon');

  const device = (name: string, base: number, size: number, irq: number, compatible: string): FdtNode => {
    const node = soc.child(unit(name, base)).cells('interrupts', irq).cells('interrupt-parent', plic);
    return node.cells('reg', ...cells64(base, size)).strings('compatible', compatible);
  };
  device('rtc', rtc.base, rtc.size, VIRT_IRQ.rtc, 'google,goldfish-rtc');
  const serial = device('serial', uart.base, uart.size, VIRT_IRQ.uart, 'ns16550a');
  serial.cells('clock-frequency', UART_CLOCK_HZ);
  for (let slot = 0; slot < virtio.count; slot++) {
    const base = virtio.base + slot * virtio.stride;
    device('virtio_mmio', base, virtio.size, VIRT_IRQ.virtio + slot, 'virtio,mmio');
  }
}

const PCI_PINS = 4;
/** Types of a range in the first cell of a PCI address (IEEE 1275 PCI binding, section 2.2.1.1): ports, memory of 32 and of 64 bits. */
const SPACE_PORTS = 0x1000000;
const SPACE_MEMORY = 0x2000000;
const SPACE_MEMORY_64 = 0x3000000;

function addPci(soc: FdtNode, plic: number): void {
  const { pci, pciPorts, pciMemory, pciHighMemory } = VIRT_MAP;
  const node = soc.child(unit('pci', pci.base)).cells('reg', ...cells64(pci.base, pci.size));
  node.strings('compatible', 'pci-host-ecam-generic').strings('device_type', 'pci').flag('dma-coherent');
  node.cells('#address-cells', 3).cells('#size-cells', 2).cells('#interrupt-cells', 1);
  node.cells('bus-range', 0, pci.size / 0x100000 - 1).cells('linux,pci-domain', 0);
  node.cells(
    'ranges',
    ...[SPACE_PORTS, 0, 0, ...cells64(pciPorts.base, pciPorts.size)],
    ...[SPACE_MEMORY, ...cells64(pciMemory.base), ...cells64(pciMemory.base, pciMemory.size)],
    ...[SPACE_MEMORY_64, ...cells64(pciHighMemory.base), ...cells64(pciHighMemory.base, pciHighMemory.size)],
  );
  // Slots repeat every four: only two bits of their number matter.
  node.cells('interrupt-map-mask', 0x1800, 0, 0, 7);
  const map: number[] = [];
  for (let slot = 0; slot < PCI_PINS; slot++) {
    for (let pin = 0; pin < PCI_PINS; pin++) {
      map.push(slot << 11, 0, 0, pin + 1, plic, VIRT_IRQ.pci + ((slot + pin) % PCI_PINS));
    }
  }
  node.cells('interrupt-map', ...map);
}

function unit(name: string, address: number): string {
  return `${name}@${address.toString(16)}`;
}
