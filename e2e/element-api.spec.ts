/** `<vm-console>` as its documentation lists it: attributes, properties, methods and events that no other test is about. */
import type { Page } from 'playwright/test';
import type { VmConsole } from '../src/element/index.ts';
import { openPc, serveOwnDisk } from './support/own-pc.ts';
import { assembleGuest } from './support/images.ts';
import { displayText, expect, openEmptyPage, screenText, test } from './support/site.ts';

const ECHO =
  '<vm-console arch="riscv64" bios="none" memory="64" kernel="images/echo.elf" autostart></vm-console>';

const element = (page: Page) => page.locator('vm-console');

test('every attribute of the machine is its option in the configuration', async ({ page, site }) => {
  await openEmptyPage(
    page,
    site.url,
    `<vm-console arch="i386" machine="pc" memory="2G" cpu="max" smp="1" bios="none" kernel="k" initrd="i" hda="a" hdb="b" hdc="c" hdd="d"
       cdrom="e" fda="f" fdb="g" drives="file=h,if=virtio" append="quiet" devices="virtio-rng-pci" boot="order=dc" icount="shift=3" no-reboot
       vga="none" xres="800" yres="600" audiodev="none" cache="0" tier="interp" fw-cfg="name=opt/motd,string=good%20day" smbios="type=1,serial=42" rtc="base=utc" nographic=""></vm-console>`,
  );
  const config = await element(page).evaluate((console: VmConsole) => console.config);
  expect(config).toEqual({
    arch: 'i386',
    machine: 'pc',
    memory: 2048,
    cpu: 'max',
    smp: 1,
    bios: 'none',
    kernel: 'k',
    initrd: 'i',
    hda: 'a',
    hdb: 'b',
    hdc: 'c',
    hdd: 'd',
    cdrom: 'e',
    fda: 'f',
    fdb: 'g',
    drives: [{ file: 'h', interface: 'virtio' }],
    append: 'quiet',
    devices: [{ driver: 'virtio-rng-pci' }],
    boot: 'order=dc',
    icount: 3,
    noReboot: true,
    vga: 'none',
    xres: 800,
    yres: 600,
    audiodev: 'none',
    cache: 0,
    tier: 'interp',
    fwCfg: [{ name: 'opt/motd', string: 'good day' }],
    smbios: ['type=1,serial=42'],
    rtc: 'base=utc',
    nographic: true,
  });
});

test('attributes of the terminal: its font shrinks until enough fits, and the guest is told what does', async ({
  page,
  site,
}) => {
  const size = 'style="width: 500px; height: 300px"';
  await openEmptyPage(
    page,
    site.url,
    ECHO.replace('autostart', `autostart ${size} min-columns="120" min-rows="30" scrollback="2"`),
  );
  await expect.poll(() => screenText(page)).toBe('ready');
  const { columns, rows } = (await element(page).evaluate((console: VmConsole) => console.terminalSize))!;
  expect(columns).toBeGreaterThanOrEqual(100);
  expect(rows).toBeGreaterThanOrEqual(30);
  const sent = await element(page).evaluate((console: VmConsole) => {
    const texts: unknown[] = [];
    console.vm!.serial.write = (data) => texts.push(data);
    console.sendTerminalSize();
    return texts;
  });
  expect(sent).toEqual([`stty rows ${rows} cols ${columns}\r`]);
});

test('sound: muted and volume are the page’s, too', async ({ page, site }) => {
  await openEmptyPage(page, site.url, '<vm-console arch="i386"></vm-console>');
  const told = await element(page).evaluate((console: VmConsole) => {
    console.volume = 0.25;
    console.muted = true;
    const first = [console.volume, console.muted, console.hasAttribute('muted'), console.audioNode];
    console.muted = false;
    return [...first, console.hasAttribute('muted'), console.soundState];
  });
  expect(told).toEqual([0.25, true, true, null, false, 'none']);
});

test('the screen’s properties and methods', async ({ page, site }, info) => {
  await openPc(page, site, info.outputDir, 'keyboard="de" xres="640" yres="480"');
  await expect(page.getByRole('application')).toBeVisible();
  const told = await element(page).evaluate(async (console: VmConsole) => {
    const screen = console.screen!;
    const { index } = await console.waitForText('A picture', { on: 'screen' });
    screen.scaling = 'integer';
    screen.zoom = 2;
    screen.follow = 'device';
    const keys: string[] = [];
    console.screenInput = {
      key: (code, down) => {
        keys.push(`${code} ${down}`);
        return true;
      },
      blur: () => keys.push('blur'),
    };
    console.focus();
    const focused = console.shadowRoot!.activeElement === screen.element;
    screen.element.dispatchEvent(new KeyboardEvent('keydown', { code: 'KeyA' }));
    const taken = screen.input === console.screenInput;
    console.screenInput = null;
    screen.focus();
    const file = await console.screenshot();
    return {
      found: index > 0,
      keys,
      focused,
      taken,
      scaled: [screen.scaling, screen.zoom, screen.follow],
      kind: ['webgpu', 'canvas'].includes(screen.renderer!),
      size: screen.size.width > 0,
      file: [file.type, (await screen.screenshot()).type],
    };
  });
  expect(told).toEqual({
    found: true,
    keys: ['KeyA true'],
    focused: true,
    taken: true,
    scaled: ['integer', 2, 'device'],
    kind: true,
    size: true,
    file: ['image/png', 'image/png'],
  });
});

test('events of a panic and of a drive that fails', async ({ page, site }, info) => {
  assembleGuest('panic', site.images);
  await openEmptyPage(page, site.url, ECHO.replace('echo', 'panic').replace(' autostart', ''));
  const panic = await element(page).evaluate(
    (console: VmConsole) =>
      new Promise((resolve) => {
        console.addEventListener('vm-panic', ({ detail }) => resolve(detail.message));
        void console.start();
      }),
  );
  expect(panic).toBe('Kernel panic - not syncing: a test');
  await expect(page.getByRole('alert')).toContainText('The guest’s kernel has panicked: a test');

  await serveOwnDisk(page, info.outputDir);
  await openEmptyPage(
    page,
    site.builtUrl,
    '<vm-console arch="i386" memory="16" firmware="images/firmware/seabios/bios-256k.bin"></vm-console>',
  );
  const failed = await element(page).evaluate(
    (console: VmConsole) =>
      new Promise((resolve) => {
        console.configure({
          drives: [
            {
              file: 'images/own.img',
              filters: [{ driver: 'blkdebug', injectError: [{ iotype: 'read', errno: 'io' }] }],
              rerror: 'stop',
            },
          ],
        });
        console.addEventListener('vm-ioerror', ({ detail }) => resolve([detail.operation, detail.action]));
        void console.start();
      }),
  );
  expect(failed).toEqual(['read', 'stop']);
  await expect.poll(() => element(page).evaluate((console: VmConsole) => console.state)).toBe('paused');
});

test('popOut and popIn are methods, too', async ({ page, site }) => {
  await openEmptyPage(page, site.url, ECHO);
  await expect.poll(() => screenText(page)).toBe('ready');
  const opened = page.waitForEvent('popup');
  await element(page).evaluate((console: VmConsole) => console.popOut('window'));
  const own = await opened;
  expect(await element(page).evaluate((console: VmConsole) => console.poppedOut)).toBe(true);
  const closed = own.waitForEvent('close');
  await element(page).evaluate((console: VmConsole) => console.popIn());
  await closed;
  await expect(page.locator('vm-console .xterm')).toBeVisible();
});

test('it tells what is looked at, where, how large the terminal is, and what is heard', async ({
  page,
  site,
}) => {
  await openEmptyPage(page, site.url);
  await page.evaluate(
    (html) => {
      const told: string[] = [];
      Object.assign(window, { told });
      for (const type of ['vm-view', 'vm-popout', 'vm-sound', 'vm-terminal-size'] as const)
        document.addEventListener(type, (event) => told.push(`${type} ${JSON.stringify(event.detail)}`));
      document.body.insertAdjacentHTML('beforeend', html);
    },
    ECHO.replace('autostart', 'devices="bochs-display" view="both" terminal-size="40x10" autostart'),
  );
  const told = () => page.evaluate(() => (window as unknown as { told: string[] }).told);
  await expect.poll(() => screenText(page)).toBe('ready');
  expect(await told()).toEqual(['vm-terminal-size {"columns":40,"rows":10}', 'vm-view "both"']);
  const opened = page.waitForEvent('popup');
  await element(page).evaluate((console: VmConsole) => {
    console.view = 'both';
    console.view = 'serial';
    return console.popOut();
  });
  await opened;
  await element(page).evaluate((console: VmConsole) => console.popIn());
  expect((await told()).slice(2)).toEqual(['vm-view "serial"', 'vm-popout true', 'vm-popout false']);
});

test('one that is to be looked at only takes no key, pointer or paste, and the page may still write', async ({
  page,
  site,
}) => {
  await openEmptyPage(page, site.url, ECHO);
  await expect.poll(() => screenText(page)).toBe('ready');
  await element(page).evaluate((console: VmConsole) => {
    console.readOnly = true;
  });
  await expect(element(page)).toHaveAttribute('readonly', '');
  await page.evaluate(() => navigator.clipboard.writeText('pasted'));
  await expect(page.getByRole('button', { name: /^Paste/ })).toHaveAttribute('aria-disabled', 'true');
  await page.locator('vm-console .xterm').click();
  await page.keyboard.type('typed');
  await page.keyboard.press('Control+Shift+V');
  await element(page).evaluate((console: VmConsole) => console.sendText('x'));
  await expect.poll(() => screenText(page)).toBe('ready\n[x]');
  await element(page).evaluate((console) => console.removeAttribute('readonly'));
  await page.keyboard.type('y');
  await expect.poll(() => screenText(page)).toBe('ready\n[x][y]');
});

test('type() presses Shift where it takes one, and gives what no key writes, and whether the guest has read it', async ({
  page,
  site,
}, info) => {
  await openPc(page, site, info.outputDir);
  const text = 'Hello, SNOW! ~@#{}|"<>?';
  const typed = await element(page).evaluate((console: VmConsole, text) => console.type(text), `${text}漢é`);
  expect(typed).toEqual({ missing: ['漢', 'é'], done: true });
  await expect.poll(() => displayText(page)).toContain(text);
  await expect(page.getByText('has no key for: 漢 é')).toBeVisible();
  const ended = await element(page).evaluate((console: VmConsole) =>
    console.type('never', { signal: AbortSignal.abort() }),
  );
  expect(ended).toEqual({ missing: [], done: false });
  expect(await displayText(page)).not.toContain('never');
});

test('a start that a signal gives up rejects with its reason and leaves nothing', async ({ page, site }) => {
  await openEmptyPage(page, site.url, ECHO.replace(' autostart', ''));
  await page.route('**/images/echo.elf', () => {});
  const requested = page.waitForRequest('**/images/echo.elf');
  const given = await element(page).evaluateHandle((console: VmConsole) => {
    const control = new AbortController();
    const reason = console.start({ signal: control.signal }).then(
      () => 'started',
      (error: Error) => error.name,
    );
    return { control, reason };
  });
  await requested;
  await given.evaluate(({ control }) => control.abort());
  expect(await given.evaluate(({ reason }) => reason)).toBe('AbortError');
  expect(await element(page).evaluate((console: VmConsole) => console.state)).toBe('created');
  await expect.poll(() => page.workers().length).toBe(0);
  await page.unroute('**/images/echo.elf');
  await element(page).evaluate((console: VmConsole) => console.start());
  await expect.poll(() => screenText(page)).toBe('ready');
});
