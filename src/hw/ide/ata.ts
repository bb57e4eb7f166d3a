/**
 * Registers, bits and commands of ATA and ATAPI devices.
 * Specification: ATA/ATAPI-7 volume 1 (T13 1532D), clauses 5 (registers) and 6 (commands).
 */

/** Status register. */
export const ERR = 0x01;
export const DRQ = 0x08;
export const DSC = 0x10;
export const DF = 0x20;
export const DRDY = 0x40;
export const BSY = 0x80;

/** Error register. */
export const ABRT = 0x04;
export const IDNF = 0x10;
export const UNC = 0x40;

/** Device register. */
export const DEVICE_SLAVE = 0x10;
export const DEVICE_LBA = 0x40;
/** Bits that read as ones. */
export const DEVICE_ONES = 0xa0;

/** Device control register. */
export const NIEN = 0x02;
export const SRST = 0x04;
export const HOB = 0x80;

/** Interrupt reason, in the count register of an ATAPI device. */
export const REASON_COMMAND = 0x01;
export const REASON_IN = 0x02;

export const SECTOR = 512;
export const CD_SECTOR = 2048;
export const PACKET_BYTES = 12;

export const COMMAND = {
  NOP: 0x00,
  DATA_SET_MANAGEMENT: 0x06,
  DEVICE_RESET: 0x08,
  RECALIBRATE: 0x10,
  READ_SECTORS: 0x20,
  READ_SECTORS_ONCE: 0x21,
  READ_SECTORS_EXT: 0x24,
  READ_DMA_EXT: 0x25,
  READ_NATIVE_MAX_EXT: 0x27,
  READ_MULTIPLE_EXT: 0x29,
  WRITE_SECTORS: 0x30,
  WRITE_SECTORS_ONCE: 0x31,
  WRITE_SECTORS_EXT: 0x34,
  WRITE_DMA_EXT: 0x35,
  WRITE_MULTIPLE_EXT: 0x39,
  WRITE_VERIFY: 0x3c,
  READ_VERIFY: 0x40,
  READ_VERIFY_ONCE: 0x41,
  READ_VERIFY_EXT: 0x42,
  SEEK: 0x70,
  EXECUTE_DIAGNOSTIC: 0x90,
  INITIALIZE_PARAMETERS: 0x91,
  STANDBY_NOW_OLD: 0x94,
  IDLE_NOW_OLD: 0x95,
  STANDBY_OLD: 0x96,
  IDLE_OLD: 0x97,
  CHECK_POWER_OLD: 0x98,
  SLEEP_OLD: 0x99,
  PACKET: 0xa0,
  IDENTIFY_PACKET: 0xa1,
  SMART: 0xb0,
  READ_MULTIPLE: 0xc4,
  WRITE_MULTIPLE: 0xc5,
  SET_MULTIPLE: 0xc6,
  READ_DMA: 0xc8,
  READ_DMA_ONCE: 0xc9,
  WRITE_DMA: 0xca,
  WRITE_DMA_ONCE: 0xcb,
  STANDBY_NOW: 0xe0,
  IDLE_NOW: 0xe1,
  STANDBY: 0xe2,
  IDLE: 0xe3,
  CHECK_POWER: 0xe5,
  SLEEP: 0xe6,
  FLUSH_CACHE: 0xe7,
  FLUSH_CACHE_EXT: 0xea,
  IDENTIFY: 0xec,
  SET_FEATURES: 0xef,
  READ_NATIVE_MAX: 0xf8,
} as const;
