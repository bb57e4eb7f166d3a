/**
 * The memory map of one virtual machine: every address that the page (TypeScript) and the vCPU workers
 * (AssemblyScript) agree on. One shared WebAssembly.Memory holds it all, full size from creation, never grown.
 *
 *   0x0000_0000  unmapped by convention (a null address is always a bug)
 *   0x0000_1000  static data of the core (constants only; every instance rewrites the same bytes)
 *   0x0004_0000  VM block: clock, IRQ lines, timers, doorbells, memory map
 *   0x0010_0000  CODE_PAGES     one byte per 4 KiB of linear memory, not 0: translated code was read from it (tb/invalidate.ts counts in it)
 *   0x0020_0000  DIRTY_PAGES    one byte per 4 KiB: bits of the dirty log
 *   0x0030_0000  STALE_PAGES    one bit per 4 KiB: a device wrote into translated code
 *   0x0032_0000  PCI_CONFIG     configuration spaces of PCI functions
 *   0x003c_0000  SPEAKER_BASE   waves of the PC speaker
 *   0x0040_0000  vCPU areas, VCPU_STRIDE each
 *   RAM_BASE     memory slots (RAM, ROM, video memory), placed by the machine; 64 KiB aligned
 *
 * `scripts/gen-layout.mjs` turns the constants of this file into `src/memory/layout.gen.ts`, so no address is
 * written twice. Only integer constants and expressions over earlier constants are allowed here.
 * Offsets within a block are named BLOCK_FIELD. Multi-byte fields are little-endian and naturally aligned.
 */

export const PAGE_BITS: u32 = 12;
export const PAGE_SIZE: u32 = 4096;

// ── VM block ────────────────────────────────────────────────────────────────────────────────────────────────────
export const VM_BASE: u32 = 0x00040000;

/** i32. Incremented and notified by a vCPU whenever the page has something to do (exit, doorbell, ring, timer, state). */
export const VM_PAGE_WAKE: u32 = VM_BASE + 0x00;
/** i32. 1 while the page is going to look at its work again by itself; a vCPU may then skip the notify. */
export const VM_PAGE_AWAKE: u32 = VM_BASE + 0x04;
/** i32. Number of vCPUs. */
export const VM_VCPU_COUNT: u32 = VM_BASE + 0x08;
/** i32. Map generation: incremented by the page, inside an exit, when the memory map changed. */
export const VM_MAP_GENERATION: u32 = VM_BASE + 0x0c;
/** f64. Guest clock: host time in ms (performance.timeOrigin + performance.now()) at which guest time was 0. Moved forward by pauses. */
export const VM_CLOCK_EPOCH: u32 = VM_BASE + 0x10;
/** i32. Shift of `-icount`: one instruction takes 2^shift ns of virtual time; -1 means the host's clock. */
export const VM_ICOUNT_SHIFT: u32 = VM_BASE + 0x18;
/** i32. Number of valid entries of the region table. */
export const VM_REGION_COUNT: u32 = VM_BASE + 0x1c;
/** u64. Virtual time in ns, published by the vCPU at exits under -icount, so that the page sees the same clock. */
export const VM_VIRTUAL_NS: u32 = VM_BASE + 0x20;
/** u32. x86: bits of physical addresses that are forced to 0: 0x100000 while the A20 line is masked, else 0. Changed inside an exit, with the map generation. */
export const VM_A20_FORCED: u32 = VM_BASE + 0x28;
/** u32 bit set, atomic OR by the page, followed by a kick: 1 NMI, 2 SMI, 4 INIT for vCPU 0. Taken with an atomic exchange by the vCPU. */
export const VM_X86_EVENTS: u32 = VM_BASE + 0x2c;

/** u32. What was written to a PC's CONFIG_ADDRESS (port 0xcf8), less the bits that it does not keep. */
export const VM_PCI_ADDRESS: u32 = VM_BASE + 0x34;

/** u32 bit set DISPLAY_*, set by a vCPU with an atomic OR, taken by the page with an atomic exchange: why the screen has to be looked at. */
export const VM_DISPLAY_EVENTS: u32 = VM_BASE + 0x30;

/** IRQ lines: bit n of the words is line n. Level is set and cleared with atomics by its device; a rising edge is latched in IRQ_EDGE. */
export const IRQ_LINE_COUNT: u32 = 256;
export const IRQ_LEVEL: u32 = VM_BASE + 0x100;
export const IRQ_EDGE: u32 = VM_BASE + 0x120;

/** Doorbells: one bit each, set with an atomic OR by a vCPU, taken with an atomic exchange by the page. */
export const DOORBELL_COUNT: u32 = 1024;
export const DOORBELL_BITS: u32 = VM_BASE + 0x180;

/** Device timers, armed by devices on the page, expired by vCPU 0: i64 deadline in guest ns; -1 (all ones) is unarmed. */
export const TIMER_COUNT: u32 = 64;
export const TIMER_DEADLINES: u32 = VM_BASE + 0x200;
/** u64 bit set of timers that expired, set by the vCPU with atomic OR, taken by the page with atomic exchange (two u32 words). */
export const TIMER_FIRED: u32 = VM_BASE + 0x400;

/** The dirty log's ranges of linear memory: their number, then for each a u32 first page and a u32 number of pages (multiples of 8). */
export const DIRTY_RANGE_COUNT: u32 = VM_BASE + 0x440;
export const DIRTY_RANGES: u32 = VM_BASE + 0x448;
export const DIRTY_RANGE_STRIDE: u32 = 8;
export const DIRTY_RANGE_MAX: u32 = 4;

/**
 * Region table: the guest-physical memory map, sorted by nothing, later entries win where they overlap.
 *   +0x00 u64 guest-physical base     +0x08 u64 size in bytes
 *   +0x10 u32 kind (REGION_*)         +0x14 u32 linear address (RAM, ROM, FLASH) or local device id (LOCAL)
 *   +0x18 u32 device id (MMIO, FLASH): index the page dispatches on
 *   +0x1c u32 register spacing in bytes (MMIO), a power of two; 0 = every access is an exit
 *   +0x20 u32 linear address of the register reach table (MMIO): one REACH_* record a register
 *   +0x24 u32 number of records in it (registers beyond it are exits)
 *   +0x28 u32 CONFIG_* (MMIO): the vCPU answers what it can from PCI_CONFIG; 0: it does not
 */
export const REGION_TABLE: u32 = VM_BASE + 0x1000;
export const REGION_STRIDE: u32 = 64;
/** The place of one more entry stays empty: it is what a vCPU that has found no region yet takes for the one it found last. */
export const REGION_MAX: u32 = 127;
export const REGION_BASE: u32 = 0x00;
export const REGION_SIZE: u32 = 0x08;
export const REGION_KIND: u32 = 0x10;
export const REGION_LINEAR: u32 = 0x14;
export const REGION_DEVICE: u32 = 0x18;
export const REGION_SPACING: u32 = 0x1c;
export const REGION_REACH: u32 = 0x20;
export const REGION_REACH_COUNT: u32 = 0x24;
export const REGION_CONFIG: u32 = 0x28;

export const REGION_KIND_RAM: u32 = 1;
export const REGION_KIND_ROM: u32 = 2;
export const REGION_KIND_MMIO: u32 = 3;
export const REGION_KIND_LOCAL: u32 = 4;
/** Flash memory that shows its contents: reads are those of a ROM, writes reach the device. It has the fields of both. */
export const REGION_KIND_FLASH: u32 = 5;

/** Local devices (answered in the worker): the value of REGION_LINEAR for REGION_KIND_LOCAL. */
export const LOCAL_ACLINT_MSWI_MTIMER: u32 = 1;
export const LOCAL_PLIC: u32 = 2;
/** Of a PC, each a region of its own, offsets from the region's base: ports 0x20-0x21, 0xa0-0xa1, 0x4d0-0x4d1, 0x40-0x43, 0x61; the others in memory space, PM timer: a port. */
export const LOCAL_PIC_MASTER: u32 = 3;
export const LOCAL_PIC_SLAVE: u32 = 4;
export const LOCAL_PIC_ELCR: u32 = 5;
export const LOCAL_PIT: u32 = 6;
export const LOCAL_PORT_61: u32 = 7;
export const LOCAL_LAPIC: u32 = 8;
export const LOCAL_IOAPIC: u32 = 9;
export const LOCAL_HPET: u32 = 10;
export const LOCAL_PM_TIMER: u32 = 11;
/** VGA: ports 0x3b0-0x3df, the same registers from 0x3c0 on in the memory BAR, and memory from 0xa0000 to 0xbffff. */
export const LOCAL_VGA_PORTS: u32 = 12;
export const LOCAL_VGA_MMIO: u32 = 13;
export const LOCAL_VGA_WINDOW: u32 = 14;

/** x86: guest-physical address of I/O port 0. Ports are regions of the same table, above every address that a processor can form. */
export const IO_PORT_BASE: u64 = 0x10000000000000;
/** x86: added by a vCPU in system management mode to addresses from 0xa0000 to 0xbffff. The board maps there what it sees. */
export const SMRAM_ALIAS: u64 = 0x8000000000000;

/**
 * Reach record of one register, 32 bytes:
 *   +0x00 u8 read kind (REACH_EXIT or REACH_SHADOW)   +0x01 u8 write kind (REACH_EXIT, REACH_POSTED, REACH_DOORBELL, REACH_ACKNOWLEDGE,
 *         REACH_DEFERRED)
 *   +0x02 u8 (REACH_DEFERRED) bytes of the widest write that is deferred
 *   +0x04 u32 first doorbell number (REACH_DOORBELL); a written value v rings first + min(v, count - 1)
 *   +0x08 u32 doorbell count
 *         REACH_ACKNOWLEDGE: instead, at +0x04 the linear address of the status register's shadow value, of which the bits that are written are cleared,
 *         and at +0x08 the IRQ line that is up while any bit is left
 *   +0x0c u32 (REACH_DEFERRED) a write that changes one of these bits of the shadow value is an exit
 *   +0x10 u64 shadow value: what a read returns; published by the page with an atomic store, valid for accesses of any size
 *             up to the spacing, at the register's first byte
 *   +0x18 u64 mask of registers of the same region (bit = register index, first 64) that a posted write makes stale
 */
export const REACH_STRIDE: u32 = 32;
export const REACH_READ: u32 = 0x00;
export const REACH_WRITE: u32 = 0x01;
export const REACH_DEFERRED_WIDTH: u32 = 0x02;
export const REACH_DOORBELL_FIRST: u32 = 0x04;
export const REACH_DOORBELL_COUNT: u32 = 0x08;
export const REACH_ACK_STATUS: u32 = 0x04;
export const REACH_ACK_LINE: u32 = 0x08;
export const REACH_DECISIVE: u32 = 0x0c;
export const REACH_SHADOW_VALUE: u32 = 0x10;
export const REACH_STALE_MASK: u32 = 0x18;
export const REACH_EXIT: u32 = 0;
export const REACH_SHADOW: u32 = 1;
export const REACH_POSTED: u32 = 2;
export const REACH_DOORBELL: u32 = 3;
export const REACH_ACKNOWLEDGE: u32 = 4;
/** Into the ring as REACH_POSTED, but the page is left asleep. */
export const REACH_DEFERRED: u32 = 5;
/** Reach tables of all devices, handed out by the page. */
export const REACH_TABLES: u32 = VM_BASE + 0x3000;
export const REACH_TABLES_END: u32 = VM_BASE + 0x40000;

// ── Page tables of flags, indexed by linear address >> 12 ───────────────────────────────────────────────────────
export const CODE_PAGES: u32 = 0x00100000;
export const DIRTY_PAGES: u32 = 0x00200000;
/** The page belongs to a range of the dirty log; a vCPU wrote to it since the log was armed; a reader of the log has to look at it. */
export const DIRTY_LOGGED: u32 = 1;
export const DIRTY_WRITTEN: u32 = 2;
export const DIRTY_TAKEN: u32 = 4;
/** u32 words, atomic: the page sets a bit when it writes into a page whose CODE_PAGES byte is set, then raises REQUEST_INVALIDATE. */
export const STALE_PAGES: u32 = 0x00300000;
export const STALE_PAGES_END: u32 = 0x00320000;

/**
 * PCI: the functions of bus 0 by their number (slot * 8 + function), 256 bytes each of configuration space, of the bits that the guest may write, and of
 * PCI_CONFIG_* flags. Vendor 0: nobody is there. The page writes all of it; the vCPU writes what is plain, see assembly/softmmu/pci-config.ts.
 */
export const PCI_CONFIG: u32 = 0x00320000;
export const PCI_CONFIG_STRIDE: u32 = 0x400;
export const PCI_CONFIG_WRITABLE: u32 = 0x100;
export const PCI_CONFIG_FLAGS: u32 = 0x200;
export const PCI_CONFIG_BYTES: u32 = 0x100;
/** A read has an effect: it is an exit. */
export const PCI_CONFIG_LIVE: u32 = 1;
/** A write changes the byte and nothing else. */
export const PCI_CONFIG_PLAIN: u32 = 2;
/** The same while the function decodes neither I/O ports nor memory: a base address. */
export const PCI_CONFIG_PLACE: u32 = 4;
/** What a region with REGION_CONFIG is: CONFIG_ADDRESS or CONFIG_DATA of a PC, or PCI Express's memory, which begins with bus 0. */
export const CONFIG_ADDRESS: u32 = 1;
export const CONFIG_DATA: u32 = 2;
export const CONFIG_ECAM: u32 = 3;

/** Local interrupt controllers and timers of the machine (worker side state, one per VM). */
export const ACLINT_BASE: u32 = 0x00380000;
export const PLIC_BASE: u32 = 0x00390000;
/** Of a PC: 8259 pair, 8254, IOAPIC, HPET and PM timer, then one local APIC for each vCPU. See assembly/irqchip/. */
export const PC_IRQCHIP_BASE: u32 = 0x003a0000;
export const PC_PIC_STATE: u32 = PC_IRQCHIP_BASE + 0x000;
export const PC_PIT_STATE: u32 = PC_IRQCHIP_BASE + 0x100;
export const PC_IOAPIC_STATE: u32 = PC_IRQCHIP_BASE + 0x200;
export const PC_HPET_STATE: u32 = PC_IRQCHIP_BASE + 0x400;
export const PC_PM_TIMER_STATE: u32 = PC_IRQCHIP_BASE + 0x500;
export const PC_LAPIC_STATE: u32 = PC_IRQCHIP_BASE + 0x1000;
export const PC_LAPIC_STRIDE: u32 = 0x200;
/** Of a local APIC's state, what the page reads and writes when a device sends a message: see assembly/irqchip/lapic-state.ts. */
export const LAPIC_BASE: u32 = 0x00;
export const LAPIC_ID: u32 = 0x08;
export const LAPIC_LDR: u32 = 0x10;
export const LAPIC_DFR: u32 = 0x14;
export const LAPIC_SVR: u32 = 0x18;
export const LAPIC_IRR: u32 = 0x80;
export const LAPIC_TMR: u32 = 0xc0;
export const LAPIC_BASE_X2APIC: u32 = 0x400;
export const LAPIC_BASE_ENABLE: u32 = 0x800;
export const LAPIC_SVR_ENABLE: u32 = 0x100;
export const PC_IRQCHIP_END: u32 = PC_LAPIC_STATE + 8 * PC_LAPIC_STRIDE;

/**
 * Registers of the VGA (assembly/vga/), bytes where nothing else is said. The vCPU answers all ports and the memory window; the page reads what it has
 * to draw, and writes only inside an exit (dispi) or while the vCPU is stopped.
 */
export const VGA_BASE: u32 = 0x003b0000;
export const VGA_SR_INDEX: u32 = VGA_BASE + 0x00;
export const VGA_GR_INDEX: u32 = VGA_BASE + 0x01;
/** Bit 5: the palette is the screen's, not the processor's. */
export const VGA_AR_INDEX: u32 = VGA_BASE + 0x02;
/** 1: the next write to 0x3c0 is data. */
export const VGA_AR_FLIP_FLOP: u32 = VGA_BASE + 0x03;
export const VGA_CR_INDEX: u32 = VGA_BASE + 0x04;
export const VGA_MISC: u32 = VGA_BASE + 0x05;
export const VGA_FEATURE: u32 = VGA_BASE + 0x06;
/** 0 after an index for writing, 3 after one for reading. */
export const VGA_DAC_STATE: u32 = VGA_BASE + 0x07;
export const VGA_DAC_READ: u32 = VGA_BASE + 0x08;
export const VGA_DAC_WRITE: u32 = VGA_BASE + 0x09;
export const VGA_DAC_COMPONENT: u32 = VGA_BASE + 0x0a;
export const VGA_DAC_MASK: u32 = VGA_BASE + 0x0b;
/** Three bytes: components of the entry that is being written. */
export const VGA_DAC_CACHE: u32 = VGA_BASE + 0x0c;
export const VGA_SR: u32 = VGA_BASE + 0x10;
export const VGA_GR: u32 = VGA_BASE + 0x20;
export const VGA_AR: u32 = VGA_BASE + 0x40;
export const VGA_CR: u32 = VGA_BASE + 0x100;
/** 256 entries of red, green, blue. */
export const VGA_DAC: u32 = VGA_BASE + 0x200;
/** What save and restore carry: all of the above, the latch and the bank. */
export const VGA_LATCH: u32 = VGA_BASE + 0x500;
/** u32, bytes: what dispi's bank adds to addresses of the window. */
export const VGA_BANK: u32 = VGA_BASE + 0x504;
export const VGA_SAVED_END: u32 = VGA_BASE + 0x508;
/** u32 each: linear address and size in bytes of the video memory; 0: there is none. */
export const VGA_MEMORY: u32 = VGA_BASE + 0x508;
export const VGA_MEMORY_SIZE: u32 = VGA_BASE + 0x50c;
/** u32 bit set. A TLB may know parts of the window: 1 as plain memory, 2 as parts of the window. */
export const VGA_WINDOW_MAPPED: u32 = VGA_BASE + 0x510;
/** u32. Retraces that had begun when the guest last read input status 1. */
export const VGA_RETRACES: u32 = VGA_BASE + 0x514;

/**
 * What the PC speaker does: waves (assembly/irqchip/speaker.ts), written by vCPU 0, read by the page. A writer that nobody keeps up with overwrites what is
 * oldest. TAIL: u32, number of waves ever written. AWAKE: i32, 1 while the page is going to look again by itself.
 */
export const SPEAKER_BASE: u32 = 0x003c0000;
export const SPEAKER_TAIL: u32 = SPEAKER_BASE + 0x00;
export const SPEAKER_AWAKE: u32 = SPEAKER_BASE + 0x04;
export const SPEAKER_RING: u32 = SPEAKER_BASE + 0x100;
export const SPEAKER_ENTRIES: u32 = 2048;
/**
 * A wave: f64 tick of the 8254's clock from which it is so, u32 level of the speaker, then u32 each in ticks, 0 standing for ever: until the level changes, and how
 * long it stays so then and after that, by turns.
 */
export const SPEAKER_STRIDE: u32 = 32;
export const SPEAKER_TICK: u32 = 0x00;
export const SPEAKER_LEVEL: u32 = 0x08;
export const SPEAKER_FIRST: u32 = 0x0c;
export const SPEAKER_SECOND: u32 = 0x10;
export const SPEAKER_THIRD: u32 = 0x14;

// ── vCPU area ───────────────────────────────────────────────────────────────────────────────────────────────────
export const VCPU_BASE: u32 = 0x00400000;
export const VCPU_STRIDE: u32 = 0x04000000;
export const VCPU_MAX: u32 = 8;

/** Offsets from the vCPU area's base. The first 4 KiB are the operands of the IR: see assembly/vcpu/state.ts. */
export const CPU_STATE: u32 = 0x0000;
export const CPU_STATE_SIZE: u32 = 0x4000;

/** Communication block: control words, exit record, counters. */
export const CPU_COMM: u32 = 0x4000;
/** i32. Every wake source changes its state, then increments this and notifies. */
export const COMM_KICK: u32 = CPU_COMM + 0x00;
/** i32 bit set of REQUEST_*, set with atomic OR by the page, cleared by the vCPU. */
export const COMM_REQUEST: u32 = CPU_COMM + 0x04;
/** i32, RUN_*: what the vCPU is doing, written by the vCPU, notified on change. */
export const COMM_RUN_STATE: u32 = CPU_COMM + 0x08;
/** i32. 1: an exit waits for the page; the page answers, stores 0 and notifies. */
export const COMM_EXIT_PENDING: u32 = CPU_COMM + 0x0c;
/** Exit record: u32 EXIT_*, device id, offset (u64), size in bytes (u32), value (u64). */
export const COMM_EXIT_KIND: u32 = CPU_COMM + 0x10;
export const COMM_EXIT_DEVICE: u32 = CPU_COMM + 0x14;
export const COMM_EXIT_OFFSET: u32 = CPU_COMM + 0x18;
export const COMM_EXIT_SIZE: u32 = CPU_COMM + 0x20;
export const COMM_EXIT_VALUE: u32 = CPU_COMM + 0x28;
/** u32 free-running indices of the posted-write ring: head is moved by the page, tail by the vCPU. */
export const COMM_RING_HEAD: u32 = CPU_COMM + 0x30;
export const COMM_RING_TAIL: u32 = CPU_COMM + 0x34;
/** i32. 1 while the vCPU waits for room in its ring; the page notifies RING_HEAD. */
export const COMM_RING_WAITING: u32 = CPU_COMM + 0x38;

/**
 * x86: u32 EAX, EBX, ECX, EDX, ESI and EDI while IN or OUT of 32 bits reaches the page at a port whose device sees registers (VMware's backdoor). The page sets those
 * that it changes, and their bits in COMM_REGISTERS_CHANGED (u32).
 */
export const COMM_REGISTERS: u32 = CPU_COMM + 0x40;
export const COMM_REGISTERS_CHANGED: u32 = CPU_COMM + 0x58;

/** Counters, u64 each, written by the vCPU only. */
export const COMM_COUNTERS: u32 = CPU_COMM + 0x100;
export const COUNTER_INSTRUCTIONS: u32 = COMM_COUNTERS + 0x00;
export const COUNTER_EXIT_MMIO_READ: u32 = COMM_COUNTERS + 0x08;
export const COUNTER_EXIT_MMIO_WRITE: u32 = COMM_COUNTERS + 0x10;
export const COUNTER_POSTED: u32 = COMM_COUNTERS + 0x18;
export const COUNTER_DOORBELL: u32 = COMM_COUNTERS + 0x20;
export const COUNTER_SHADOW: u32 = COMM_COUNTERS + 0x28;
export const COUNTER_LOCAL: u32 = COMM_COUNTERS + 0x30;
export const COUNTER_HALT: u32 = COMM_COUNTERS + 0x38;
export const COUNTER_TRANSLATED: u32 = COMM_COUNTERS + 0x40;
export const COUNTER_TLB_FILL: u32 = COMM_COUNTERS + 0x48;
export const COUNTER_EXCEPTION: u32 = COMM_COUNTERS + 0x50;
export const COUNTER_INTERRUPT: u32 = COMM_COUNTERS + 0x58;
/** Times that the TLB forgot something; of them what is mapped in one address space only, and what is mapped at one page. */
export const COUNTER_FLUSH: u32 = COMM_COUNTERS + 0x60;
export const COUNTER_FLUSH_SPACE: u32 = COMM_COUNTERS + 0x68;
export const COUNTER_INVALIDATE: u32 = COMM_COUNTERS + 0x70;
export const COUNTER_SLEEP_NS: u32 = COMM_COUNTERS + 0x78;
export const COUNTER_LOOKUP: u32 = COMM_COUNTERS + 0x80;
/** Instructions that tier 1 retired; of COUNTER_INSTRUCTIONS. */
export const COUNTER_JIT_INSTRUCTIONS: u32 = COMM_COUNTERS + 0x88;
/** Regions compiled, bytes of Wasm emitted for them, guest instructions in them, regions invalidated, regions evicted. */
export const COUNTER_REGIONS: u32 = COMM_COUNTERS + 0x90;
export const COUNTER_REGION_BYTES: u32 = COMM_COUNTERS + 0x98;
export const COUNTER_REGION_INSNS: u32 = COMM_COUNTERS + 0xa0;
export const COUNTER_REGION_KILLED: u32 = COMM_COUNTERS + 0xa8;
export const COUNTER_REGION_EVICTED: u32 = COMM_COUNTERS + 0xb0;
/** Times a region was entered from the run loop, and times one left for lack of a next one. */
export const COUNTER_REGION_ENTER: u32 = COMM_COUNTERS + 0xb8;
/** Compile time in ns (emission and the engine's), written by the worker's JavaScript. */
export const COUNTER_COMPILE_NS: u32 = COMM_COUNTERS + 0xc0;
/** Hot blocks that tier 1 refused, for any of the reasons COUNTER_REFUSED_* below. */
export const COUNTER_REGION_REFUSED: u32 = COMM_COUNTERS + 0xc8;
/** Tier check: instructions that both tiers ran with the same result. */
export const COUNTER_CHECKED: u32 = COMM_COUNTERS + 0xd0;
export const COUNTER_FLUSH_PAGE: u32 = COMM_COUNTERS + 0xd8;
/** Times that the whole jump cache became stale. */
export const COUNTER_FLUSH_JUMPS: u32 = COMM_COUNTERS + 0xe0;
/** Blocks: a branch inside them is not their end; their page may not be cached; the engine refused their module. */
export const COUNTER_REFUSED_BRANCH: u32 = COMM_COUNTERS + 0xe8;
export const COUNTER_REFUSED_UNCACHED: u32 = COMM_COUNTERS + 0xf0;
export const COUNTER_REFUSED_MODULE: u32 = COMM_COUNTERS + 0xf8;
/** Times that the compiler's queue was full and its older half was forgotten, and batches that ended for want of a region descriptor. */
export const COUNTER_QUEUE_FULL: u32 = COMM_COUNTERS + 0x100;
export const COUNTER_NO_DESCRIPTOR: u32 = COMM_COUNTERS + 0x108;
/** Blocks that were translated with a raised threshold, since code in their page keeps being rewritten. */
export const COUNTER_BACKED_OFF: u32 = COMM_COUNTERS + 0x110;
/** Times that a region could not be entered, since one of its pages was mapped elsewhere. */
export const COUNTER_REGION_REMAPPED: u32 = COMM_COUNTERS + 0x118;
/** Instructions of hot blocks that tier 0 ran all the same, in steps: of refused blocks, and of those that waited for their region. */
export const COUNTER_REFUSED_INSNS: u32 = COMM_COUNTERS + 0x120;
export const COUNTER_WAITING_INSNS: u32 = COMM_COUNTERS + 0x128;
/** Accesses that tier 1 left to the slow path, and calls of helpers in the code that was emitted. */
export const COUNTER_SLOW_ACCESS: u32 = COMM_COUNTERS + 0x130;
export const COUNTER_REGION_HELPERS: u32 = COMM_COUNTERS + 0x138;
export const COUNTER_COUNT: u32 = 40;

/** Posted-write ring: RING_ENTRIES records of 32 bytes: u32 device, u32 size, u64 offset, u64 value, 8 unused. */
export const CPU_RING: u32 = 0x8000;
export const RING_ENTRIES: u32 = 1024;
export const RING_STRIDE: u32 = 32;
export const RING_DEVICE: u32 = 0x00;
export const RING_SIZE: u32 = 0x04;
export const RING_OFFSET: u32 = 0x08;
export const RING_VALUE: u32 = 0x10;

/** Ring position (u32) up to which the ring must be drained before a shadow read of a register is fresh: one word per reach record. */
export const CPU_STALE_UNTIL: u32 = 0x10000;

/** What a change of address space has to forget: see assembly/softmmu/tlb.ts. */
export const CPU_TLB_LOG: u32 = 0x18000;
export const CPU_TLB_LOG_END: u32 = 0x19000;
export const CPU_TLB_LARGE: u32 = 0x1b000;
export const CPU_JUMP_LARGE: u32 = 0x1b200;
/** Bit set of 2 MiB pieces of the address space, hashed: entries of the TLB for pages in them come from mappings larger than a page. */
export const CPU_TLB_PIECES: u32 = 0x1b800;
export const CPU_TLB_PIECES_END: u32 = 0x1bc00;
/** Data of a string exit. */
export const CPU_STRING: u32 = 0x20000;
export const CPU_STRING_SIZE: u32 = 0x1000;
export const CPU_TLB: u32 = 0x40000;
export const CPU_TLB_END: u32 = 0x80000;
/** Bit sets of the guest pages that the jump cache has entries for, and of those that entries of other pages depend on. */
export const CPU_JUMP_PAGES: u32 = 0x80000;
export const CPU_JUMP_FURTHER: u32 = 0x82000;
export const CPU_JUMP_FURTHER_END: u32 = 0x84000;
/** What a change of address space has to forget: see assembly/tb/jump-cache.ts. */
export const CPU_JUMP_LOG: u32 = 0x84000;
export const CPU_JUMP_LOG_END: u32 = 0x8c000;
/** Scratch of tier 1's compiler: control-flow graph, locals, queue of hot blocks. */
export const CPU_COMPILER: u32 = 0xc0000;
export const CPU_COMPILER_END: u32 = 0x100000;
export const CPU_TB_HASH: u32 = 0x100000;
export const CPU_TB_HASH_END: u32 = 0x180000;
/** u32 for each 4 KiB of linear memory: first block of the list of blocks that were translated from it. */
export const CPU_TB_PAGES: u32 = 0x200000;
export const CPU_TB_PAGES_END: u32 = 0x600000;
export const CPU_JUMP_CACHE: u32 = 0x600000;
export const CPU_JUMP_CACHE_END: u32 = 0x700000;
export const CPU_TB_ARENA: u32 = 0x700000;
export const CPU_TB_ARENA_END: u32 = 0x3300000;
/** u8 for each 4 KiB of linear memory: how often compiled code in it had to be thrown away, up to a limit. */
export const CPU_REGION_KILLS: u32 = 0x3300000;
/** Tier 1. u32 for each 4 KiB of linear memory: first region that has code in it. */
export const CPU_REGION_PAGES: u32 = 0x3400000;
export const CPU_REGION_PAGES_END: u32 = 0x3800000;
/** Region descriptors: see assembly/tb/region.ts. */
export const CPU_REGIONS: u32 = 0x3800000;
export const CPU_REGIONS_END: u32 = 0x3c00000;
/** The Wasm module that is being emitted. */
export const CPU_MODULE: u32 = 0x3c00000;
export const CPU_MODULE_END: u32 = 0x4000000;
/**
 * Tier `check`, in the place of the module while the guest runs: from CPU_MODULE on the log of accesses (softmmu/record.ts), behind it the
 * state of the vCPU (CHECK_STATE_SIZE bytes each) before a region and after tier 1 ran it, and what is known of a difference.
 */
export const CPU_CHECK: u32 = 0x3ffc000;
export const CHECK_STATE_SIZE: u32 = 0x1000;
export const CHECK_BEFORE: u32 = CPU_CHECK;
export const CHECK_TIER1: u32 = CPU_CHECK + 0x1000;
/** u32 each: entry block of the last region, LEAVE_* of tier 1 and of tier 0; i64 each: instructions of tier 1, those that tier 0 had left. */
export const CHECK_BLOCK: u32 = CPU_CHECK + 0x2000;
export const CHECK_LEAVE_1: u32 = CPU_CHECK + 0x2004;
export const CHECK_LEAVE_0: u32 = CPU_CHECK + 0x2008;
/** u32. 1 if tier 1 was kept from running on through other regions. */
export const CHECK_ALONE: u32 = CPU_CHECK + 0x200c;
export const CHECK_INSNS: u32 = CPU_CHECK + 0x2010;
export const CHECK_LEFT: u32 = CPU_CHECK + 0x2018;
/** u32 each: addresses of the log's next entry and of its end, whether the log overflowed, and RECORD_* of an access that is not the logged one. */
export const CHECK_CURSOR: u32 = CPU_CHECK + 0x2020;
export const CHECK_LOG_END: u32 = CPU_CHECK + 0x2024;
export const CHECK_OVERFLOW: u32 = CPU_CHECK + 0x2028;
export const CHECK_ODD: u32 = CPU_CHECK + 0x202c;
/** Size (u32), address and value (u64) of that access. */
export const CHECK_ODD_SIZE: u32 = CPU_CHECK + 0x2030;
export const CHECK_ODD_ADDRESS: u32 = CPU_CHECK + 0x2038;
export const CHECK_ODD_VALUE: u32 = CPU_CHECK + 0x2040;
/** Where the report's text of the IR is written, behind the module that is emitted for it. */
export const CHECK_TEXT: u32 = 0x3d00000;

/** An entry of the log: u32 kind, size and status (0 or what the access returned), u32 STATE_LEAVE after it, then u64 each. */
export const RECORD_STRIDE: u32 = 48;
export const RECORD_KIND: u32 = 0x00;
export const RECORD_SIZE: u32 = 0x04;
export const RECORD_STATUS: u32 = 0x08;
export const RECORD_LEAVE: u32 = 0x0c;
export const RECORD_ADDRESS: u32 = 0x10;
export const RECORD_VALUE: u32 = 0x18;
export const RECORD_EXCEPTION: u32 = 0x20;
export const RECORD_EXCEPTION_VALUE: u32 = 0x28;

export const RECORD_LOAD: u32 = 1;
export const RECORD_STORE: u32 = 2;
export const RECORD_ATOMIC: u32 = 3;
export const RECORD_CLOCK: u32 = 4;
export const RECORD_LINES: u32 = 5;
/** A register of an interrupt controller that is reached without a memory access (MSRs, CR8). */
export const RECORD_REGISTER: u32 = 6;

// ── Values ──────────────────────────────────────────────────────────────────────────────────────────────────────
/** Leave run() with RESULT_STOP. */
export const REQUEST_STOP: u32 = 1;
/** Sleep until the bit is cleared. */
export const REQUEST_PAUSE: u32 = 2;
/** Look at STALE_PAGES. */
export const REQUEST_INVALIDATE: u32 = 16;
/** Hand over the dirty log (DIRTY_WRITTEN becomes DIRTY_TAKEN), arm it again, answer with DISPLAY_HARVESTED. */
export const REQUEST_HARVEST: u32 = 32;

/** First write to a page of the dirty log since it was armed. */
export const DISPLAY_WRITTEN: u32 = 1;
/** A register of the VGA changed what is shown. */
export const DISPLAY_REGISTERS: u32 = 2;
export const DISPLAY_HARVESTED: u32 = 4;

export const RUN_STATE_STOPPED: u32 = 0;
export const RUN_STATE_RUNNING: u32 = 1;
/** WFI or HLT: waits for a kick or the next timer. */
export const RUN_STATE_HALTED: u32 = 2;
export const RUN_STATE_PAUSED: u32 = 3;
/** Waits for the page to answer an exit or to drain the ring. */
export const RUN_STATE_EXIT: u32 = 4;

export const EXIT_MMIO_READ: u32 = 1;
export const EXIT_MMIO_WRITE: u32 = 2;
/**
 * So many accesses of COMM_EXIT_SIZE to the same register as COMM_EXIT_VALUE says, as string instructions make them: what is read or written
 * lies in CPU_STRING.
 */
export const EXIT_STRING_READ: u32 = 3;
export const EXIT_STRING_WRITE: u32 = 4;

/** Results of the core's run(). */
export const RESULT_SLICE: u32 = 0;
export const RESULT_HALT: u32 = 1;
export const RESULT_STOP: u32 = 2;
export const RESULT_PAUSE: u32 = 3;
/** A guest trap loops on its own first instruction: nothing but a reset can get the guest out. */
export const RESULT_TRAP_LOOP: u32 = 4;
/** Only at threshold 1: a block waits for its region. */
export const RESULT_COMPILE: u32 = 6;
/** Tier check: the tiers differ. The vCPU's state is tier 0's end of the region, CHECK_TIER1 that of tier 1. */
export const RESULT_DIFFERENCE: u32 = 7;
/** The processor asks for a reset of the machine (x86: triple fault). */
export const RESULT_RESET: u32 = 8;
