import { describe, expect, it } from 'vitest';
import { type GpuWord, gpuDriver } from '../../../tests/support/gpu-driver.ts';
import type { GraphicsScanout } from '../../core/scanout.ts';
import { ALL_LIT } from '../../display/blink.ts';
import { decodeScanout } from '../../display/decode.ts';
import { makeEdid } from '../display/edid.ts';
import type { VirtioGpu } from './virtio-gpu.ts';
import { randomBelow } from '../../../tests/support/random.ts';

// Numbers of VIRTIO 1.2, section 5.7.6.7.
const GET_DISPLAY_INFO = 0x100;
const CREATE_2D = 0x101;
const UNREF = 0x102;
const SET_SCANOUT = 0x103;
const FLUSH = 0x104;
const TRANSFER = 0x105;
const ATTACH = 0x106;
const DETACH = 0x107;
const GET_EDID = 0x10a;
const ASSIGN_UUID = 0x10b;
const CREATE_BLOB = 0x10c;
const SET_SCANOUT_BLOB = 0x10d;
const UPDATE_CURSOR = 0x300;
const MOVE_CURSOR = 0x301;
const OK_NODATA = 0x1100;
const OK_DISPLAY_INFO = 0x1101;
const OK_EDID = 0x1104;
const OK_UUID = 0x1105;
const UNSPEC = 0x1200;
const OUT_OF_MEMORY = 0x1201;
const INVALID_SCANOUT = 0x1202;
const INVALID_RESOURCE = 0x1203;
const INVALID_PARAMETER = 0x1205;

const BGRX = 2;
const PICTURE = 0x100000;

type Driver = ReturnType<typeof gpuDriver>;

/** Creates a resource whose backing is one piece of memory, filled with a byte. */
function picture(
  driver: Driver,
  id: number,
  width: number,
  height: number,
  fill: number,
  format = BGRX,
): void {
  expect(driver.send(CREATE_2D, [id, format, width, height]).type).toBe(OK_NODATA);
  driver.memory.bytes.fill(fill, PICTURE, PICTURE + width * height * 4);
  expect(driver.send(ATTACH, [id, 1, BigInt(PICTURE), width * height * 4, 0]).type).toBe(OK_NODATA);
}

const rect = (x: number, y: number, width: number, height: number): GpuWord[] => [x, y, width, height];

/** The pixels of a scan-out as the screen draws them, 0xBBGGRR. */
function shown(
  gpu: VirtioGpu,
  driver: Driver,
  output = 0,
): { width: number; height: number; at(x: number, y: number): number } {
  const scanout = gpu.scanout(output);
  const { width, height } = scanout;
  const pixels = new Uint32Array(width * height);
  decodeScanout(scanout, driver.memory.bytes, ALL_LIT, pixels);
  return { width, height, at: (x, y) => pixels[y * width + x] & 0xff_ffff };
}

describe('virtio-gpu', () => {
  it('tells its scan-outs and the size of its monitor (5.7.4, 5.7.6.8)', () => {
    const driver = gpuDriver({ outputs: 3 });
    expect([driver.transport.deviceId, driver.transport.config(8, 4)]).toEqual([16, 3]);
    const { type, data, length } = driver.send(GET_DISPLAY_INFO);
    expect([type, length]).toEqual([OK_DISPLAY_INFO, 24 + 16 * 24]);
    const mode = (i: number) => [0, 4, 8, 12, 16, 20].map((at) => data.getUint32(i * 24 + at, true));
    expect([mode(0), mode(1)]).toEqual([
      [0, 0, 1024, 768, 1, 0],
      [0, 0, 0, 0, 0, 0],
    ]);
  });

  it('gives an EDID for each scan-out', () => {
    const driver = gpuDriver({ outputs: 2 });
    const { type, data } = driver.send(GET_EDID, [0, 0]);
    expect([type, data.getUint32(0, true)]).toEqual([OK_EDID, 256]);
    const edid = new Uint8Array(data.buffer, 8, 256);
    expect(edid).toEqual(makeEdid({ width: 1024, height: 768 }));
    expect(driver.send(GET_EDID, [2, 0]).type).toBe(INVALID_PARAMETER);
  });

  it('answers with the fence of the command (5.7.6.7)', () => {
    const { type, flags, fence, context } = gpuDriver().send(CREATE_2D, [1, BGRX, 16, 16], {
      fence: 0x1_0000_0005n,
    });
    expect([type, flags, fence, context]).toEqual([OK_NODATA, 1, 0x1_0000_0005n, 7]);
    const plain = gpuDriver().send(CREATE_2D, [1, BGRX, 16, 16]);
    expect([plain.flags, plain.fence]).toEqual([0, 0n]);
  });

  it('shows what was transferred, when it was transferred', () => {
    const driver = gpuDriver();
    picture(driver, 1, 64, 32, 0x11);
    driver.send(SET_SCANOUT, [...rect(0, 0, 64, 32), 0, 1]);
    expect([shown(driver.gpu, driver).width, shown(driver.gpu, driver).at(5, 5)]).toEqual([64, 0]);
    driver.send(TRANSFER, [...rect(8, 4, 16, 2), BigInt((4 * 64 + 8) * 4), 1, 0]);
    driver.memory.bytes.fill(0x77, PICTURE, PICTURE + 64 * 32 * 4);
    const now = shown(driver.gpu, driver);
    expect([now.at(7, 4), now.at(8, 3), now.at(8, 4), now.at(23, 5), now.at(24, 5), now.at(8, 6)]).toEqual([
      0, 0, 0x111111, 0x111111, 0, 0,
    ]);
  });

  it('shows a part of a resource, and the damage of that part', () => {
    const driver = gpuDriver();
    picture(driver, 1, 256, 64, 0);
    driver.view.setUint32(PICTURE + (10 * 256 + 100) * 4, 0x112233, true);
    driver.send(TRANSFER, [...rect(0, 0, 256, 64), 0n, 1, 0]);
    driver.send(SET_SCANOUT, [...rect(96, 8, 32, 16), 0, 1]);
    expect(shown(driver.gpu, driver).at(4, 2)).toBe(0x332211);
    // The 16 lines of the part, of 1 KiB each.
    expect(driver.gpu.takeDamage(0)).toEqual([{ first: 0, count: 4 }]);
    const before = driver.changes;
    driver.send(FLUSH, [...rect(0, 0, 90, 64), 1, 0]);
    expect([driver.changes - before, driver.gpu.takeDamage(0)]).toEqual([0, []]);
    // Lines 12 to 15 lie in the second page of four lines each, from line 8 on.
    driver.send(FLUSH, [...rect(90, 12, 20, 4), 1, 0]);
    expect([driver.changes - before, driver.gpu.takeDamage(0)]).toEqual([1, [{ first: 1, count: 1 }]]);
  });

  // Bytes 1, 2, 3, 4 as the names of section 5.7.6.8 have them; the screen has red in the lowest byte.
  it.each([
    ['B8G8R8A8', 1, 0x010203],
    ['B8G8R8X8', 2, 0x010203],
    ['A8R8G8B8', 3, 0x040302],
    ['X8R8G8B8', 4, 0x040302],
    ['R8G8B8A8', 67, 0x030201],
    ['X8B8G8R8', 68, 0x020304],
    ['A8B8G8R8', 121, 0x020304],
    ['R8G8B8X8', 134, 0x030201],
  ])('shows %s', (_, format, expected) => {
    const driver = gpuDriver();
    picture(driver, 1, 16, 16, 0, format);
    driver.view.setUint32(PICTURE, 0x04030201, true);
    driver.send(TRANSFER, [...rect(0, 0, 16, 16), 0n, 1, 0]);
    driver.send(SET_SCANOUT, [...rect(0, 0, 16, 16), 0, 1]);
    expect(shown(driver.gpu, driver).at(0, 0)).toBe(expected);
  });

  it('collects a backing from scattered pieces, in any alignment', () => {
    const driver = gpuDriver();
    driver.send(CREATE_2D, [1, BGRX, 16, 16]);
    const bytes = Uint8Array.from({ length: 1024 }, (_, i) => (i * 7) & 0xff);
    const pieces = [
      [0x120001, 5],
      [0x110000, 0],
      [0x130003, 1000],
      [0x120006, 19],
    ];
    let at = 0;
    for (const [address, length] of pieces) {
      driver.memory.bytes.set(bytes.subarray(at, at + length), address);
      at += length;
    }
    const entries = pieces.flatMap(([address, length]) => [BigInt(address), length, 0]);
    expect(driver.send(ATTACH, [1, pieces.length, ...entries]).type).toBe(OK_NODATA);
    driver.send(TRANSFER, [...rect(0, 0, 16, 16), 0n, 1, 0]);
    driver.send(SET_SCANOUT, [...rect(0, 0, 16, 16), 0, 1]);
    const now = shown(driver.gpu, driver);
    for (let i = 0; i < 256; i++) {
      const [blue, green, red] = bytes.subarray(4 * i);
      expect(now.at(i % 16, i >> 4)).toBe((blue << 16) | (green << 8) | red);
    }
  });

  it('shows nothing of a resource that is gone, or after a reset', () => {
    const driver = gpuDriver();
    picture(driver, 1, 64, 32, 1);
    driver.send(SET_SCANOUT, [...rect(0, 0, 64, 32), 0, 1]);
    expect(driver.gpu.enabled).toBe(true);
    driver.send(UNREF, [1, 0]);
    expect(driver.gpu.scanout(0)).toEqual({ kind: 'blank', width: 64, height: 32 });
    picture(driver, 1, 32, 32, 1);
    driver.send(SET_SCANOUT, [...rect(0, 0, 32, 32), 0, 1]);
    driver.restart();
    expect(driver.gpu.scanout(0).kind).toBe('blank');
    expect(driver.send(UNREF, [1, 0]).type).toBe(INVALID_RESOURCE);
  });

  it('gives a resource one UUID (5.7.6.8)', () => {
    const driver = gpuDriver();
    driver.send(CREATE_2D, [1, BGRX, 16, 16]);
    const { type, data, length } = driver.send(ASSIGN_UUID, [1, 0]);
    expect([type, length, data.getUint8(0), data.getUint8(15)]).toEqual([OK_UUID, 40, 1, 16]);
    expect(driver.send(ASSIGN_UUID, [2, 0]).type).toBe(INVALID_RESOURCE);
  });

  it('tells the driver of another size, until it says that it knows (5.7.4)', () => {
    const driver = gpuDriver();
    driver.gpu.resize(0, 800, 600);
    expect([driver.transport.takeInterrupt(), driver.transport.config(0, 4)]).toEqual([2, 1]);
    const { data } = driver.send(GET_DISPLAY_INFO);
    expect([data.getUint32(8, true), data.getUint32(12, true)]).toEqual([800, 600]);
    const edid = new Uint8Array(driver.send(GET_EDID, [0, 0]).data.buffer, 8, 256);
    expect(edid).toEqual(makeEdid({ width: 800, height: 600 }));
    driver.transport.writeConfig(4, 4, 1);
    expect(driver.transport.config(0, 4)).toBe(0);
    driver.transport.takeInterrupt();
    driver.gpu.resize(0, 800, 600);
    expect(driver.transport.takeInterrupt()).toBe(0);
  });
});

describe('blobs of virtio-gpu', () => {
  const scattered = (driver: Driver, id: number, size: number): number => {
    // Pages in reverse, so that none follows the one before.
    const pages = Array.from({ length: Math.ceil(size / 4096) }, (_, i) => PICTURE + (400 - i) * 4096);
    const entries = pages.flatMap((page) => [BigInt(page), 4096, 0]);
    return driver.send(CREATE_BLOB, [id, 1, 2, pages.length, 0n, BigInt(size), ...entries]).type;
  };
  const show = (
    driver: Driver,
    id: number,
    width: number,
    height: number,
    stride: number,
    offset = 0,
  ): number =>
    driver.send(SET_SCANOUT_BLOB, [
      ...rect(0, 0, width, height),
      0,
      id,
      width,
      height,
      BGRX,
      0,
      stride,
      0,
      0,
      0,
      offset,
      0,
      0,
      0,
    ]).type;

  it('are shown from the guest’s own memory, without a transfer', () => {
    const driver = gpuDriver();
    expect(scattered(driver, 1, 256 * 64 * 4)).toBe(OK_NODATA);
    expect(show(driver, 1, 200, 60, 1024, 4096)).toBe(OK_NODATA);
    const scanout = driver.gpu.scanout(0);
    expect(scanout.kind === 'graphics' && scanout.memory.own).toBeUndefined();
    // Line 5 of the picture is the second of the blob's third page.
    driver.view.setUint32(PICTURE + 398 * 4096 + 1024 + 4 * 30, 0x112233, true);
    expect(shown(driver.gpu, driver).at(30, 5)).toBe(0x332211);
    driver.gpu.takeDamage(0);
    driver.send(FLUSH, [...rect(0, 5, 200, 1), 1, 0]);
    expect(driver.gpu.takeDamage(0)).toEqual([{ first: 1, count: 1 }]);
    expect(driver.send(TRANSFER, [...rect(0, 0, 200, 60), 0n, 1, 0]).type).toBe(OK_NODATA);
    driver.send(DETACH, [1, 0]);
    expect(driver.gpu.scanout(0).kind).toBe('blank');
  });

  it('are refused where they do not hold the picture', () => {
    const driver = gpuDriver();
    scattered(driver, 1, 65536);
    expect(show(driver, 1, 64, 65, 1024)).toBe(INVALID_PARAMETER);
    expect(show(driver, 1, 64, 64, 1024, 772)).toBe(INVALID_PARAMETER);
    expect(show(driver, 1, 64, 64, 1024)).toBe(OK_NODATA);
    expect(show(driver, 1, 64, 64, 128)).toBe(INVALID_PARAMETER);
    expect(show(driver, 1, 64, 64, 0)).toBe(INVALID_PARAMETER);
    expect(show(driver, 1, 64, 64, 1022)).toBe(INVALID_PARAMETER);
    expect(show(driver, 1, 64, 4000000, 1024)).toBe(INVALID_PARAMETER);
    expect(driver.send(SET_SCANOUT, [...rect(0, 0, 64, 64), 0, 1]).type).toBe(INVALID_PARAMETER);
    // Says to be larger than its backing.
    expect(driver.send(CREATE_BLOB, [2, 1, 2, 1, 0n, 0xffff_ffffn, BigInt(PICTURE), 4096, 0]).type).toBe(
      OK_NODATA,
    );
    expect(show(driver, 2, 64, 64, 256)).toBe(INVALID_PARAMETER);
    // Host memory, which there is none of.
    expect(driver.send(CREATE_BLOB, [3, 2, 2, 0, 0n, 4096n]).type).toBe(INVALID_PARAMETER);
    expect(gpuDriver({ blob: false }).send(CREATE_BLOB, [3, 1, 2, 0, 0n, 4096n]).type).toBe(UNSPEC);
  });
});

it('A blob that names the same memory again and again is not shown larger than a picture can be', () => {
  const driver = gpuDriver();
  const entries = Array.from({ length: 1024 }, () => [0n, 4 << 20, 0]).flat();
  expect(driver.send(CREATE_BLOB, [1, 1, 2, 1024, 0n, 2n ** 32n, ...entries]).type).toBe(OK_NODATA);
  const show = (stride: number) =>
    driver.send(SET_SCANOUT_BLOB, [
      ...rect(0, 0, 16, 4096),
      0,
      1,
      16,
      4096,
      BGRX,
      0,
      stride,
      ...Array(7).fill(0),
    ]).type;
  expect(show(0x8008)).toBe(INVALID_PARAMETER);
  expect(show(0x8004)).toBe(OK_NODATA);
});

describe('the pointer of virtio-gpu', () => {
  it.each([
    ['B8G8R8A8', 1],
    ['B8G8R8X8, as Linux makes them', 2],
  ])('is a resource of 64 by 64 pixels, as it was when it was set, and moves: %s', (_, format) => {
    const driver = gpuDriver();
    picture(driver, 1, 64, 64, 0);
    driver.send(SET_SCANOUT, [...rect(0, 0, 64, 64), 0, 1]);
    driver.send(CREATE_2D, [2, format, 64, 64]);
    // Half of the colour's light, as alpha says.
    driver.view.setUint32(PICTURE, 0x80402000, true);
    driver.send(ATTACH, [2, 1, BigInt(PICTURE), 64 * 64 * 4, 0]);
    driver.send(TRANSFER, [...rect(0, 0, 64, 64), 0n, 2, 0]);
    expect(driver.gpu.cursor(0)).toBeNull();
    driver.sendCursor(UPDATE_CURSOR, [0, 10, 0xffff_fffb, 0, 2, 3, 4, 0]);
    const cursor = driver.gpu.cursor(0)!;
    expect([cursor.x, cursor.y, cursor.width, ...cursor.pixels.subarray(0, 8)]).toEqual([
      10, -5, 64, 128, 64, 0, 128, 0, 0, 0, 0,
    ]);
    driver.sendCursor(MOVE_CURSOR, [0, 50, 60, 0, 2, 0, 0, 0]);
    expect(driver.gpu.cursor(0)).toMatchObject({ x: 50, y: 60, pixels: cursor.pixels });
    driver.sendCursor(UPDATE_CURSOR, [0, 50, 60, 0, 0, 0, 0, 0]);
    expect(driver.gpu.cursor(0)).toBeNull();
    driver.sendCursor(UPDATE_CURSOR, [9, 50, 60, 0, 2, 0, 0, 0]);
    driver.sendCursor(0x302, [0, 50, 60, 0, 2, 0, 0, 0]);
    expect(driver.gpu.cursor(0)).toBeNull();
  });

  // QEMU 7.2, hw/display/virtio-gpu.c, update_cursor and virtio_gpu_update_cursor_data.
  it('is hidden by resource 0, whatever the command, and keeps its shape until a resource of its size is there', () => {
    const driver = gpuDriver();
    picture(driver, 1, 64, 64, 0xff);
    driver.send(TRANSFER, [...rect(0, 0, 64, 64), 0n, 1, 0]);
    driver.send(SET_SCANOUT, [...rect(0, 0, 64, 64), 0, 1]);
    driver.send(CREATE_2D, [2, BGRX, 32, 32]);
    driver.sendCursor(UPDATE_CURSOR, [0, 1, 2, 0, 2, 0, 0, 0]);
    expect(driver.gpu.cursor(0)).toBeNull();
    driver.sendCursor(UPDATE_CURSOR, [0, 1, 2, 0, 1, 0, 0, 0]);
    const { pixels } = driver.gpu.cursor(0)!;
    driver.sendCursor(MOVE_CURSOR, [0, 3, 4, 0, 0, 0, 0, 0]);
    expect(driver.gpu.cursor(0)).toBeNull();
    driver.sendCursor(MOVE_CURSOR, [0, 5, 6, 0, 1, 0, 0, 0]);
    expect(driver.gpu.cursor(0)).toMatchObject({ x: 5, y: 6, pixels });
    for (const id of [2, 99]) {
      driver.sendCursor(UPDATE_CURSOR, [0, 7, id, 0, id, 0, 0, 0]);
      expect(driver.gpu.cursor(0)).toMatchObject({ x: 7, y: id, pixels });
    }
    driver.sendCursor(UPDATE_CURSOR, [0, 8, 8, 0, 0, 0, 0, 0]);
    expect(driver.gpu.cursor(0)).toBeNull();
    driver.device.restore(driver.device.save());
    expect(driver.gpu.cursor(0)).toBeNull();
    driver.sendCursor(MOVE_CURSOR, [0, 9, 9, 0, 1, 0, 0, 0]);
    expect(driver.gpu.cursor(0)).toMatchObject({ x: 9, y: 9, pixels });
  });
});

describe('a driver that breaks virtio-gpu’s rules', () => {
  const made = () => {
    const driver = gpuDriver();
    picture(driver, 1, 64, 64, 0);
    return driver;
  };
  const BIG = 0xffff_ffff;

  it.each<[string, number, GpuWord[], number]>([
    ['resource 0', CREATE_2D, [0, BGRX, 16, 16], INVALID_RESOURCE],
    ['a resource that is there', CREATE_2D, [1, BGRX, 16, 16], INVALID_RESOURCE],
    ['an unknown format', CREATE_2D, [2, 99, 16, 16], INVALID_PARAMETER],
    ['an empty picture', CREATE_2D, [2, BGRX, 0, 16], INVALID_PARAMETER],
    ['a picture larger than all memory', CREATE_2D, [2, BGRX, BIG, BIG], OUT_OF_MEMORY],
    ['a picture whose size would wrap', CREATE_2D, [2, BGRX, 0x10000, 0x10000], OUT_OF_MEMORY],
    ['a picture of lines beyond number', CREATE_2D, [2, BGRX, 2, 16385], OUT_OF_MEMORY],
    ['a picture of a line beyond measure', CREATE_2D, [2, BGRX, 16385, 2], OUT_OF_MEMORY],
    ['no such resource', UNREF, [7, 0], INVALID_RESOURCE],
    ['a second backing', ATTACH, [1, 1, BigInt(PICTURE), 4096, 0], UNSPEC],
    ['a backing for nothing', ATTACH, [7, 1, BigInt(PICTURE), 4096, 0], INVALID_RESOURCE],
    ['a transfer beyond the picture', TRANSFER, [...rect(1, 0, 64, 64), 0n, 1, 0], INVALID_PARAMETER],
    ['a transfer whose end wraps', TRANSFER, [...rect(BIG, 0, 2, 1), 0n, 1, 0], INVALID_PARAMETER],
    ['a transfer to nothing', TRANSFER, [...rect(0, 0, 1, 1), 0n, 7, 0], INVALID_RESOURCE],
    ['a flush beyond the picture', FLUSH, [...rect(0, 60, 64, 5), 1, 0], INVALID_PARAMETER],
    ['a flush of nothing', FLUSH, [...rect(0, 0, 1, 1), 7, 0], INVALID_RESOURCE],
    ['a scan-out that there is none of', SET_SCANOUT, [...rect(0, 0, 64, 64), 1, 1], INVALID_SCANOUT],
    ['a scan-out of nothing', SET_SCANOUT, [...rect(0, 0, 64, 64), 0, 7], INVALID_RESOURCE],
    ['a scan-out beyond the picture', SET_SCANOUT, [...rect(0, 1, 64, 64), 0, 1], INVALID_PARAMETER],
    ['a tiny scan-out', SET_SCANOUT, [...rect(0, 0, 15, 64), 0, 1], INVALID_PARAMETER],
    ['a command of 3D', 0x200, [], UNSPEC],
    ['a short command', CREATE_2D, [2, BGRX, 16], UNSPEC],
  ])('is refused: %s', (_, type, words, answer) => {
    const driver = made();
    expect(driver.send(type, words).type).toBe(answer);
    expect(driver.guestErrors.length).toBe(1);
    // The device goes on.
    expect([driver.transport.status, driver.send(GET_DISPLAY_INFO).type]).toEqual([15, OK_DISPLAY_INFO]);
  });

  it.each<[string, GpuWord[]]>([
    ['outside of RAM', [1, 0xffff_ffff_0000n, 4096, 0]],
    ['at the end of all addresses', [1, 0xffff_ffff_ffff_ff00n, 4096, 0]],
    ['partly outside of RAM', [1, BigInt((4 << 20) - 4096), 8192, 0]],
    ['with entries that are not there', [2, BigInt(PICTURE), 4096, 0]],
    ['with more entries than there may be', [0xffff_ffff]],
  ])('is refused: a backing %s', (_, words) => {
    const driver = gpuDriver();
    driver.send(CREATE_2D, [1, BGRX, 16, 16]);
    expect(driver.send(ATTACH, [1, ...words]).type).toBe(UNSPEC);
    expect(driver.send(TRANSFER, [...rect(0, 0, 16, 16), 0n, 1, 0]).type).toBe(UNSPEC);
    expect(driver.send(DETACH, [1, 0]).type).toBe(UNSPEC);
  });

  it('has the lines of a small part of a large picture shown, and no more', () => {
    const driver = gpuDriver({ hostMemory: 256 << 20 });
    expect(driver.send(CREATE_2D, [1, BGRX, 16384, 4000]).type).toBe(OK_NODATA);
    driver.send(ATTACH, [1, 1, BigInt(PICTURE), 4096, 0]);
    const show = (height: number) => driver.send(SET_SCANOUT, [...rect(16368, 1000, 16, height), 0, 1]).type;
    expect(show(16)).toBe(OK_NODATA);
    const scanout = driver.gpu.scanout(0) as GraphicsScanout;
    expect(scanout.memory.size).toBe(16 * 16384 * 4);
    expect(scanout.memory.own?.length).toBe(16 * 16384 * 4);
    expect(show(2049)).toBe(INVALID_PARAMETER);
  });

  it('gets what a short backing has, and no more', () => {
    const driver = gpuDriver();
    driver.send(CREATE_2D, [1, BGRX, 16, 16]);
    driver.memory.bytes.fill(0x55, PICTURE, PICTURE + 4096);
    driver.send(ATTACH, [1, 1, BigInt(PICTURE), 100, 0]);
    expect(driver.send(TRANSFER, [...rect(0, 0, 16, 16), 0n, 1, 0]).type).toBe(OK_NODATA);
    expect(driver.send(TRANSFER, [...rect(0, 2, 16, 4), 0xffff_ffff_ffff_fff0n, 1, 0]).type).toBe(OK_NODATA);
    driver.send(SET_SCANOUT, [...rect(0, 0, 16, 16), 0, 1]);
    const now = shown(driver.gpu, driver);
    expect([now.at(8, 1), now.at(9, 1), now.at(0, 2)]).toEqual([0x555555, 0, 0]);
  });

  it('gets no more of the host’s memory than there is, in large pieces or small ones, and all of it back', () => {
    const driver = gpuDriver({ hostMemory: 1 << 20 });
    const { send } = driver;
    expect(send(CREATE_2D, [1, BGRX, 512, 500]).type).toBe(OK_NODATA);
    expect(send(CREATE_2D, [2, BGRX, 512, 500]).type).toBe(OUT_OF_MEMORY);
    expect(send(UNREF, [1, 0]).type).toBe(OK_NODATA);
    let id = 1;
    while (send(CREATE_2D, [id, BGRX, 1, 1]).type === OK_NODATA) id++;
    expect(id).toBeGreaterThan(16);
    expect(id).toBeLessThan(300);
    for (let one = 1; one < id; one++) expect(send(UNREF, [one, 0]).type).toBe(OK_NODATA);
    expect(send(CREATE_2D, [2, BGRX, 512, 500]).type).toBe(OK_NODATA);
  });

  it('is answered, whatever it sends', () => {
    const driver = gpuDriver({ outputs: 2, hostMemory: 4 << 20 });
    const random = randomBelow(24);
    const commands = [
      GET_DISPLAY_INFO,
      CREATE_2D,
      UNREF,
      SET_SCANOUT,
      FLUSH,
      TRANSFER,
      ATTACH,
      DETACH,
      GET_EDID,
    ];
    commands.push(ASSIGN_UUID, CREATE_BLOB, SET_SCANOUT_BLOB);
    const numbers = [0, 1, 2, 3, 4, 16, 64, 256, 4096, PICTURE, 0x7fff_ffff, 0xffff_fffc, 0xffff_ffff];
    const word = (): number => (random(8) === 0 ? random(2 ** 32) : numbers[random(numbers.length)]);
    const answers = new Map<number, number>();
    for (let i = 0; i < 5000; i++) {
      const words = Array.from({ length: 2 + random(20) }, word);
      const { type } = driver.send(commands[random(commands.length)], words);
      answers.set(type, (answers.get(type) ?? 0) + 1);
      if (i % 10 === 0) driver.sendCursor(UPDATE_CURSOR + random(3), Array.from({ length: 8 }, word));
      for (const output of [0, 1]) {
        const scanout = driver.gpu.scanout(output);
        if (scanout.kind !== 'blank' && i % 50 === 0) shown(driver.gpu, driver, output);
      }
    }
    expect(driver.transport.status).toBe(15);
    const known = [OK_NODATA, OK_DISPLAY_INFO, OK_EDID, OK_UUID, UNSPEC, OUT_OF_MEMORY];
    known.push(INVALID_SCANOUT, INVALID_RESOURCE, INVALID_PARAMETER);
    expect([...answers.keys()].sort()).toEqual(known);
    // Nothing of the host's memory is lost.
    for (const id of numbers) driver.send(UNREF, [id, 0]);
    driver.restart();
    expect(driver.send(CREATE_2D, [1, BGRX, 1000, 1000]).type).toBe(OK_NODATA);
  });

  it('may have too little room for an answer', () => {
    const driver = gpuDriver();
    expect(driver.send(GET_DISPLAY_INFO, [], { room: 30 })).toMatchObject({
      type: OK_DISPLAY_INFO,
      length: 30,
    });
    expect(driver.send(GET_DISPLAY_INFO, [], { room: 3 }).length).toBe(3);
  });
});

describe('a saved virtio-gpu', () => {
  it('goes on where it was', () => {
    const driver = gpuDriver();
    picture(driver, 1, 64, 64, 0x44);
    driver.send(TRANSFER, [...rect(0, 0, 64, 64), 0n, 1, 0]);
    driver.send(SET_SCANOUT, [...rect(8, 8, 32, 32), 0, 1]);
    driver.send(ASSIGN_UUID, [1, 0]);
    driver.send(CREATE_BLOB, [2, 1, 2, 1, 0n, 4096n, BigInt(PICTURE), 4096, 0]);
    driver.send(DETACH, [2, 0]);
    driver.sendCursor(UPDATE_CURSOR, [0, 5, 6, 0, 1, 0, 0, 0]);
    driver.sendCursor(MOVE_CURSOR, [0, 7, 8, 0, 1, 0, 0, 0]);
    driver.gpu.resize(0, 640, 480);
    const saved = driver.device.save();
    const other = gpuDriver();
    other.memory.bytes.set(driver.memory.bytes);
    other.device.restore(saved);
    expect(other.device.save()).toEqual(saved);
    expect(shown(other.gpu, other).at(3, 3)).toBe(0x444444);
    expect(other.gpu.cursor(0)).toMatchObject({ x: 7, y: 8 });
    // White, of which a quarter is seen.
    expect([...other.gpu.cursor(0)!.pixels.subarray(0, 4)]).toEqual([255, 255, 255, 0x44]);
    const damaged = { ...saved, commands: [1, 2, 3] };
    expect(() => other.device.restore(damaged)).toThrow(/commands/);
    expect(other.device.save()).toEqual(saved);
  });

  it('has the longest of commands too', () => {
    const driver = gpuDriver();
    const entries = Array.from({ length: 16384 }, () => [BigInt(PICTURE), 4, 0]).flat();
    driver.send(CREATE_2D, [1, BGRX, 128, 128]);
    expect(driver.send(ATTACH, [1, 16384, ...entries]).type).toBe(OK_NODATA);
    driver.device.restore(driver.device.save());
    driver.view.setUint32(PICTURE, 0x112233, true);
    driver.send(TRANSFER, [...rect(0, 0, 128, 128), 0n, 1, 0]);
    driver.send(SET_SCANOUT, [...rect(0, 0, 128, 128), 0, 1]);
    expect(shown(driver.gpu, driver).at(127, 127)).toBe(0x332211);
  });
});
