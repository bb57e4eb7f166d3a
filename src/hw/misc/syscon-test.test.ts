import { describe, expect, it } from 'vitest';
import { deviceEnv } from '../../../tests/support/device-env.ts';
import { SysconTest } from './syscon-test.ts';

function fixture() {
  const { log } = deviceEnv();
  const requests: string[] = [];
  const power = {
    powerOff: (code: number) => requests.push(`off ${code}`),
    reset: () => requests.push('reset'),
  };
  const region = new SysconTest({ power, log }).regions[0];
  return { region, requests, log };
}

describe('the test device', () => {
  it.each([
    [0x5555, 'off 0'],
    [0x0003_5555, 'off 0'],
    [0x3333, 'off 0'],
    [0x0007_3333, 'off 7'],
    [0xffff_3333, 'off 65535'],
    [0x7777, 'reset'],
  ])('takes the command 0x%s', (value, request) => {
    const { region, requests } = fixture();
    region.write(0, 4, value);
    expect(requests).toEqual([request]);
  });

  it('ignores what it does not know, and logs it', () => {
    const { region, requests, log } = fixture();
    region.write(0, 4, 0x1234);
    region.write(4, 4, 0x5555);
    expect(requests).toEqual([]);
    expect(log.guestErrors()).toBe(2);
    expect(region.read(0, 4)).toBe(0);
  });
});
