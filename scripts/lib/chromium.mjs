// Chromium for the tests: the one on PATH, or Debian's package installed by root.
import { SetupError, step } from './console.mjs';
import { findProgram, run } from './run.mjs';

const PACKAGES = ['chromium', 'fonts-dejavu-core'];

const find = () =>
  process.env.SNOWGLOBE_CHROMIUM ||
  findProgram('chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome');

/** Installs Chromium if there is none. Throws with what to do where that is not possible. */
export async function ensureChromium() {
  if (find()) return;
  const manual = `apt-get install ${PACKAGES.join(' ')}`;
  const apt = findProgram('apt-get');
  if (!apt) {
    throw new SetupError('The browser tests need Chromium. Install it so that "chromium" is on PATH.');
  }
  if (process.getuid?.() !== 0) {
    throw new SetupError(
      `The browser tests need Chromium, and only root can install it. Run as root: ${manual}`,
    );
  }
  await step('Installing Chromium (apt-get install chromium)', async (progress) => {
    const env = { DEBIAN_FRONTEND: 'noninteractive' };
    const onLine = (line) => {
      if (/^(Get:|Hit:|Unpacking|Setting up)/.test(line)) progress(line.slice(0, 90));
    };
    // A third-party source that is away need not keep Debian's own package from being installed.
    const update = await run(apt, ['update'], { env, onLine });
    const install = ['install', '--yes', '--no-install-recommends', ...PACKAGES];
    const result = await run(apt, install, { env, onLine });
    if (result.status !== 0 || !find()) {
      throw new SetupError(`"${manual}" failed:\n${update.stderr}${result.stderr}`.trim());
    }
  });
}
