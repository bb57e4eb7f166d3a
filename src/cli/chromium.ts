import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Browser } from 'playwright';

/** Chromium's usual names. */
const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome'];

const isProgram = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
};

/** The host lacks something that a run needs. The message is one line and says what to do. */
export class HostError extends Error {
  override readonly name = 'HostError';
}

/** Path of the browser: SNOWGLOBE_CHROMIUM, or a Chromium on the PATH. Throws HostError that says how to get one. */
export function findChromium(env: NodeJS.ProcessEnv = process.env): string {
  const wanted = env['SNOWGLOBE_CHROMIUM'];
  if (wanted) {
    if (isProgram(wanted)) return wanted;
    throw new HostError(`SNOWGLOBE_CHROMIUM names ${wanted}, which is not a program; correct it or unset it`);
  }
  for (const name of NAMES) {
    for (const folder of (env['PATH'] ?? '').split(delimiter)) {
      const path = join(folder || '.', name);
      if (isProgram(path)) return path;
    }
  }
  throw new HostError(
    'no Chromium on the PATH; install it (Debian: apt-get install chromium) or set SNOWGLOBE_CHROMIUM to its path',
  );
}

/** Arguments for Chromium beyond Playwright's own. The last four keep it from talking to the Internet by itself. */
export function chromiumArgs(): string[] {
  return [
    // Chromium's sandbox cannot be set up by root.
    ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    '--disable-quic',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ];
}

/** WebGPU without a graphics card: these arguments only work together. */
export const SOFTWARE_WEBGPU_ARGS: readonly string[] = [
  '--enable-unsafe-webgpu',
  '--enable-features=Vulkan',
  '--use-vulkan=swiftshader',
  '--use-angle=vulkan',
  '--ignore-gpu-blocklist',
];

/** What Playwright's launch() and its `launchOptions` take. */
export function chromiumLaunchOptions(headed = false): {
  executablePath: string;
  args: string[];
  headless: boolean;
} {
  return { executablePath: findChromium(), args: chromiumArgs(), headless: !headed };
}

/** @throws HostError unless a window can be shown */
export function checkDesktop(): void {
  if (process.platform === 'linux' && !process.env['DISPLAY'] && !process.env['WAYLAND_DISPLAY']) {
    throw new HostError(
      '--headed needs a desktop, and DISPLAY is not set; leave it out, or look at screenshots',
    );
  }
}

/** Starts Chromium; the caller handles signals. @throws HostError that says why it did not start */
export async function launchChromium(headed = false): Promise<Browser> {
  const options = chromiumLaunchOptions(headed);
  if (headed) checkDesktop();
  // Loading Playwright takes a while, and --help needs none of it.
  const { chromium } = await import('playwright');
  try {
    return await chromium.launch({
      ...options,
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
    });
  } catch (error) {
    const log = [...String(error).matchAll(/\[err\] (.+)/g)];
    throw new HostError(
      `${options.executablePath} did not start${log.length > 0 ? ` (${log[0][1].trim()})` : ''}; ` +
        'run it by hand to see why, or set SNOWGLOBE_CHROMIUM to another Chromium',
    );
  }
}
