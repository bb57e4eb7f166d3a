/** Helpers of bit instructions: parallel extract and deposit, checksums, random numbers, array bounds. */
import { VM_CLOCK_EPOCH } from '../../layout';
import { guestTicks, icountShift } from '../../vcpu/clock';
import { raise } from '../../vcpu/exception';
import * as X from './cpu';

/** Helper (callp): the bits of b where c has ones, moved together. */
export function helperPext(_cpu: usize, b: u64, c: u64, _third: u64, _immediate: u32): u64 {
  let result: u64 = 0;
  let at: u64 = 0;
  for (let mask = c; mask != 0; mask &= mask - 1) {
    result |= ((b >> ctz(mask)) & 1) << at;
    at += 1;
  }
  return result;
}

/** Helper (callp): the low bits of b, moved to where c has ones. */
export function helperPdep(_cpu: usize, b: u64, c: u64, _third: u64, _immediate: u32): u64 {
  let result: u64 = 0;
  let bits = b;
  for (let mask = c; mask != 0; mask &= mask - 1) {
    if (bits & 1) result |= mask & -mask;
    bits >>= 1;
  }
  return result;
}

/** u32 for each half byte: its remainder by the polynomial 0x11edc6f41 of CRC-32C, bits reversed (RFC 3720, appendix B.4). */
const CRC_TABLE: usize = memory.data<u32>([
  0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d, 0x82f63b78,
  0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
]);

/** Helper (callp) of CRC32: b = sum so far, c = data, immediate = log2 of its bytes. */
export function helperCrc32(_cpu: usize, b: u64, c: u64, _third: u64, immediate: u32): u64 {
  let sum = <u32>b;
  let data = c;
  for (let digits: u32 = 2 << immediate; digits != 0; digits--) {
    sum = (sum >> 4) ^ load<u32>(CRC_TABLE + (((sum ^ <u32>data) & 15) << 2));
    data >>= 4;
  }
  return sum;
}

/**
 * Helper (callx) of RDRAND and RDSEED: 64 bits of a generator (splitmix64) that takes in the guest's clock at each number; under -icount the
 * numbers are the same in each run.
 */
export function helperRandom(cpu: usize, _b: u64, _c: u64, _third: u64, _immediate: u32): u64 {
  let state = load<u64>(cpu, X.X86_RANDOM);
  if (state == 0 && icountShift() < 0) state = load<u64>(VM_CLOCK_EPOCH);
  state += 0x9e3779b97f4a7c15 + <u64>guestTicks(cpu, 1);
  store<u64>(cpu, state, X.X86_RANDOM);
  let value = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

/** Helper (callx) of BOUND: #BR unless c <= b <= third, signed. */
export function helperBound(cpu: usize, b: u64, c: u64, third: u64, _immediate: u32): u64 {
  if (<i64>b < <i64>c || <i64>b > <i64>third) raise(cpu, X.EXC_BR, 0);
  return 0;
}
