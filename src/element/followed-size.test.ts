import { describe, expect, it } from 'vitest';
import { followingOf } from './attributes.ts';
import { followedSize } from './followed-size.ts';

describe('the size that a guest is asked for', () => {
  it('is that of the element in CSS pixels, lines in whole words', () => {
    expect(followedSize(1280, 800, 1, 'css')).toEqual({ width: 1280, height: 800 });
    expect(followedSize(1003.5, 700.4, 1, 'css')).toEqual({ width: 1000, height: 700 });
    expect(followedSize(1280, 800, 1.5, 'css')).toEqual({ width: 1280, height: 800 });
    expect(followedSize(1280, 800, 3, 'css')).toEqual({ width: 1280, height: 800 });
  });

  it('is that in the display’s own pixels where they are asked for, or are fewer', () => {
    expect(followedSize(700, 500, 2, 'device')).toEqual({ width: 1400, height: 1000 });
    expect(followedSize(700, 500, 1.5, 'device')).toEqual({ width: 1048, height: 750 });
    for (const following of ['css', 'device'] as const)
      expect(followedSize(2560, 1600, 0.5, following)).toEqual({ width: 1280, height: 800 });
  });

  it('is at least 640 by 480, in the element’s shape', () => {
    expect(followedSize(320, 240, 1, 'css')).toEqual({ width: 640, height: 480 });
    expect(followedSize(320, 640, 1, 'css')).toEqual({ width: 640, height: 1280 });
    expect(followedSize(1000, 100, 1, 'css')).toEqual({ width: 4088, height: 480 });
    expect(followedSize(390, 300, 3, 'css')).toEqual({ width: 640, height: 492 });
    expect(followedSize(390, 300, 3, 'device')).toEqual({ width: 1168, height: 900 });
  });

  it('is no larger than a monitor may be', () => {
    expect(followedSize(6000, 5000, 2, 'css')).toEqual({ width: 4088, height: 4095 });
  });

  it('is nothing while the screen is hidden or not laid out', () => {
    for (const [width, height] of [
      [0, 0],
      [0, 400],
      [400, 0],
      [Number.NaN, 400],
    ]) {
      expect(followedSize(width, height, 1, 'css')).toBeNull();
    }
  });

  it('is asked for by an attribute, which is in CSS pixels whatever else it says', () => {
    expect(['device', '', 'true', 'Device', null].map(followingOf)).toEqual([
      'device',
      'css',
      'css',
      'css',
      null,
    ]);
  });
});
