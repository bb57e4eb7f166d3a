/** The graphical desktop, as a person uses it on the page. Needs the image riscv64-desktop, which takes minutes to build. */
import type { Page } from 'playwright/test';
import { type GuestConfig, test as machine, type VirtualMachine } from '../src/playwright/index.ts';
import { image } from './support/images.ts';
import { LONG, PROMPT, shell } from './support/linux-shell.ts';
import { expect, test } from './support/site.ts';

declare global {
  interface Window {
    said: string;
  }
}

const START = { timeout: 300_000 };

/** Waits until the machine has said something on its serial port, and forgets what it said. */
async function says(page: Page, pattern: RegExp, options: { timeout: number } = LONG): Promise<string> {
  await expect.poll(() => page.evaluate(() => window.said), options).toMatch(pattern);
  return page.evaluate(() => {
    const { said } = window;
    window.said = '';
    return said;
  });
}

/** Runs a command as root on the serial port. @returns what it printed */
async function run(page: Page, command: string): Promise<string> {
  await page.evaluate(
    (text) => document.querySelector('vm-console')!.sendText(text),
    `${command}; echo do''ne\n`,
  );
  return says(page, /\bdone\r?\n/);
}

/** The picture's size in the guest's pixels. */
const size = (page: Page): Promise<{ width: number; height: number }> =>
  page.evaluate(() => document.querySelector('vm-console')!.screen!.view.size);

/** How many pixels of a part of the picture, in the guest's pixels, are of each colour; the most frequent one, as rrggbb. */
const mostly = (page: Page, x: number, y: number, width: number, height: number): Promise<string> =>
  page.evaluate(
    async ([left, top, across, down]) => {
      const { view } = document.querySelector('vm-console')!.screen!;
      await view.settle();
      const pixels = await view.readPixels();
      const counts = new Map<string, number>();
      for (let line = top; line < top + down; line++) {
        for (let column = left; column < left + across; column++) {
          const at = (line * view.size.width + column) * 4;
          const color = [...pixels.subarray(at, at + 3)]
            .map((part) => part.toString(16).padStart(2, '0'))
            .join('');
          counts.set(color, (counts.get(color) ?? 0) + 1);
        }
      }
      return [...counts].sort(([, a], [, b]) => b - a)[0][0];
    },
    [x, y, width, height],
  );

/** Where a pixel of the guest's lies on the page. */
async function place(page: Page, x: number, y: number): Promise<[number, number]> {
  const box = (await page.locator('vm-console canvas').first().boundingBox())!;
  const { width, height } = await size(page);
  return [box.x + ((x + 0.5) / width) * box.width, box.y + ((y + 0.5) / height) * box.height];
}

/** The mode that X shows. */
const mode = async (page: Page): Promise<string> =>
  /^ +(\d+x\d+) .*\*/m.exec(await run(page, 'DISPLAY=:0 runuser -u guest xrandr'))?.[1] ?? '';

/** Waits until X shows the size that the element asks for, and the picture has it. */
async function followed(page: Page, width: number, height: number): Promise<void> {
  await expect.poll(() => mode(page), LONG).toBe(`${width}x${height}`);
  await expect.poll(() => size(page), LONG).toEqual({ width, height });
}

/** What an editor of the guest copies is on the host's clipboard, and what the host copied is what the editor pastes. */
async function copiesAndPastes(page: Page): Promise<void> {
  await run(page, 'echo from the guest > /home/guest/notes; chown guest: /home/guest/notes');
  // In a group of its own: what the shell gets from the keyboard is not the editor's.
  await run(
    page,
    "DISPLAY=:0 LANG=C.UTF-8 setsid runuser -u guest -- sh -c 'cd; exec l3afpad notes' < /dev/null > /dev/null 2>&1 & true",
  );
  const screen = page.getByRole('application');
  // A person takes the first copy.
  const take = page.getByRole('button', { name: 'Copy it here too' });
  await expect
    .poll(async () => {
      if (await take.isVisible()) {
        await take.click();
        return page.evaluate(() => navigator.clipboard.readText());
      }
      await screen.focus();
      for (const key of ['a', 'c']) await page.keyboard.press(`Control+${key}`);
      return '';
    }, LONG)
    .toBe('from the guest\n');
  await page.evaluate(() => navigator.clipboard.writeText('from the host: ä €\n'));
  await screen.focus();
  await expect
    .poll(async () => {
      for (const key of ['a', 'v', 's']) await page.keyboard.press(`Control+${key}`);
      // The serial port's terminal has no letters but ASCII's.
      return run(
        page,
        `sleep 1; python3 -c 'print(ascii(open("/home/guest/notes", encoding="utf-8").read()))'`,
      );
    }, LONG)
    .toContain(String.raw`from the host: \xe4 \u20ac`);
  await run(page, 'kill $(pidof l3afpad); while pidof l3afpad; do sleep 1; done');
}

test('the desktop comes up; a terminal, the bar, the clipboard, the window’s size and a lost X server do what people expect', async ({
  page,
  site,
}) => {
  test.setTimeout(900_000);
  await page.setViewportSize({ width: 1100, height: 800 });
  await page.goto(site.builtUrl);
  await page.locator('[data-machine="riscv64-desktop"]').click();
  await page.waitForFunction(() => document.querySelector('vm-console')?.serial !== undefined);
  await page.evaluate(() => {
    window.said = '';
    const decoder = new TextDecoder();
    document.querySelector('vm-console')!.serial.onData((bytes) => {
      window.said += decoder.decode(new Uint8Array(bytes));
    });
  });
  // The login comes when the desktop is there.
  await says(page, /snowglobe login: /, START);
  await page.evaluate(() => document.querySelector('vm-console')!.sendText('root\n'));
  await says(page, PROMPT);
  await page.evaluate(() => {
    document.querySelector('vm-console')!.view = 'screen';
  });
  const { width, height } = await size(page);
  expect(width).toBeGreaterThan(900);
  // The bar at the bottom, of the colour that jwm's configuration gives it.
  expect(await mostly(page, 0, height - 39, width, 38)).toBe('0e1d33');

  await page.getByRole('application').focus();
  await page.keyboard.press('Alt+F2');
  await run(page, 'until pgrep -t pts/0 bash; do sleep 1; done');
  // The shell runs a moment before its window has the focus: what is typed until then is lost. Playwright presses no Shift for a >.
  await expect
    .poll(async () => {
      await page.keyboard.type('cp /proc/version seen\n');
      return run(page, 'sleep 1; sed s/^/typed:/ /home/guest/seen');
    }, LONG)
    .toMatch(/^typed:Linux version /m);
  await page.keyboard.type('exit\n');
  await run(page, 'while pidof xterm; do sleep 1; done');

  // The first picture on the bar behind the menu's. jwm catches the pointer when the button goes down, and misses one that is up again by then.
  await page.mouse.move(...(await place(page, 64, height - 20)));
  await page.mouse.down();
  await expect.poll(() => mostly(page, 52, height - 37, 24, 2), LONG).toBe('2c4f80');
  await page.mouse.up();
  await run(page, 'until pgrep -t pts/0 bash; do sleep 1; done');

  // A terminal has its own idea of Ctrl-V.
  await run(page, 'kill $(pidof xterm); while pidof xterm; do sleep 1; done');
  await copiesAndPastes(page);

  await page.setViewportSize({ width: 900, height: 640 });
  const box = (await page.getByRole('application').boundingBox())!;
  await followed(page, Math.floor(box.width) - (Math.floor(box.width) % 8), Math.floor(box.height));
  const small = await size(page);
  await expect.poll(() => mostly(page, 0, small.height - 39, small.width, 38), LONG).toBe('0e1d33');

  // A window that no desktop fits into shows a larger one.
  await page.setViewportSize({ width: 420, height: 560 });
  await expect
    .poll(async () => {
      const tiny = await size(page);
      return tiny.width < small.width && tiny.width >= 640 && tiny.height >= 480;
    }, LONG)
    .toBe(true);
  await page.setViewportSize({ width: 1100, height: 800 });
  await followed(page, width, height);

  await run(page, 'rm /run/user/1000/desktop; kill -9 $(pidof Xorg)');
  await run(page, 'until [ -e /run/user/1000/desktop ]; do sleep 1; done');
  await followed(page, width, height);
  await expect.poll(() => mostly(page, 0, height - 39, width, 38), LONG).toBe('0e1d33');
  // Programs of the session that was lost are gone.
  expect(await run(page, 'pgrep -c -x udevadm')).toMatch(/^1\r?$/m);
});

/** Starts the desktop with other options, and logs in on its serial port. */
async function logIn(vm: VirtualMachine, options: Partial<GuestConfig>): Promise<void> {
  await vm.boot({ ...image('riscv64-desktop'), ...options });
  await vm.waitForSerial('snowglobe login: ', START);
  await vm.type('root\n');
  await vm.waitForSerial(PROMPT, LONG);
}

machine('the desktop comes up in 192 MB', async ({ vm }) => {
  machine.setTimeout(900_000);
  await logIn(vm, { memory: 192 });
  await shell(
    vm,
    'ls /run/user/1000/desktop && pidof jwm Xorg > /dev/null && echo up and ru""nning',
    'up and running',
  );
  await shell(vm, "dmesg | grep -ci 'out of memory\\|oom-kill' | sed s/^/killed:/", 'killed:0');
});

machine('a machine of the same disk without a screen comes to its login', async ({ vm }) => {
  machine.setTimeout(900_000);
  await logIn(vm, { devices: [] });
  await shell(vm, 'pidof Xorg || echo no scr""een', 'no screen');
});
