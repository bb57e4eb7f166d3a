import { expect, test } from 'vitest';
import { doorAddress, parseGalleryAddress } from './address.ts';
import { placeOf } from './places.ts';

test.each([
  ['', null],
  ['?machine=riscv64-debian', null],
  ['?gallery', { door: null }],
  ['?gallery=1', { door: null }],
  ['?door=7', { door: 7 }],
  ['?door=07', { door: 7 }],
  ['?door=24', { door: 24 }],
  ['?door=25', { door: null, unknown: '25' }],
  ['?door=0', { door: null, unknown: '0' }],
  ['?door=', { door: null, unknown: '' }],
  ['?door=1e1', { door: null, unknown: '1e1' }],
  ['?door=-3', { door: null, unknown: '-3' }],
])('%j', (search, address) => {
  expect(parseGalleryAddress(search)).toEqual(address);
});

test('every door has an address and a place of its own', () => {
  for (const layout of ['wide', 'narrow'] as const) {
    const cells = new Set<string>();
    for (let door = 1; door <= 24; door++) {
      expect(parseGalleryAddress(doorAddress(door))).toEqual({ door });
      const [top, left, bottom, right] = placeOf(door)[layout].split(' / ').map(Number);
      for (let row = top; row < bottom; row++) {
        for (let column = left; column < right; column++) {
          expect(cells.has(`${row} ${column}`)).toBe(false);
          cells.add(`${row} ${column}`);
        }
      }
    }
    expect(cells.size).toBe(27);
  }
});
