/** VMware's backdoor port by way of a guest: IN EAX, DX and OUT DX, EAX reach all registers, on both tiers, and get what QEMU gave. */
import { readFileSync } from 'node:fs';
import { portAnswer, portGuest, portRequest } from '../scripts/lib/port-guest.mjs';
import { type PointerStep, pointerEvents, type VmPortStep } from '../tests/support/vmport-steps.ts';
import { expect, openEmptyPage, test } from './support/site.ts';

const FIXTURE = new URL('../src/hw/input/fixtures/vmport.json', import.meta.url);
const STEPS: (VmPortStep | PointerStep)[] = JSON.parse(readFileSync(FIXTURE, 'utf8'));

test("a guest talks to VMware's backdoor as in QEMU, on each tier", async ({ page, site }) => {
  await openEmptyPage(page, site.url, '<vm-console arch="i386" memory="64" vga="none"></vm-console>');
  for (const tier of ['interp', 'jit', 'check'] as const) {
    let held = 0;
    const steps = STEPS.map((step) => {
      if (!('pointer' in step)) return { request: [...portRequest(step.registers, step.out)] };
      const { events, down } = pointerEvents(step, held);
      held = down;
      return { events };
    });
    const answers = await page.evaluate(
      async ({ steps, bios, tier }) => {
        const element = document.querySelector('vm-console')!;
        await element.destroy();
        element.configure({ bios: new Uint8Array(bios), tier });
        await element.start();
        let received: number[] = [];
        let wake = (): void => {};
        element.serial.onData((bytes) => {
          received.push(...bytes);
          if (received.length >= 24) wake();
        });
        const answers: number[][] = [];
        for (const { request, events } of steps) {
          for (const event of events ?? []) element.vm!.input.pointer(event);
          if (!request) continue;
          element.sendBytes(new Uint8Array(request));
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
          answers.push(received);
          received = [];
        }
        return answers;
      },
      { steps, bios: [...portGuest()], tier },
    );
    const asked = STEPS.filter((step) => !('pointer' in step)) as VmPortStep[];
    expect(
      answers.map((bytes) => portAnswer(new Uint8Array(bytes))),
      tier,
    ).toEqual(asked.map(({ answer }) => answer));
  }
});
