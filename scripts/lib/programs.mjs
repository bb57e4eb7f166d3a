// Programs that the tests need: those on PATH, or Debian's packages installed by root.
import { SetupError, step } from './console.mjs';
import { findProgram, run } from './run.mjs';
import { ASSEMBLER_PACKAGE, findAssembler } from './x86-asm.mjs';

/** Installs packages unless `find` finds what they bring. Throws with what to do where that is not possible. */
async function ensure({ what, packages, find }) {
  if (find()) return;
  const manual = `apt-get install ${packages.join(' ')}`;
  const apt = findProgram('apt-get');
  if (!apt) throw new SetupError(`${what}. Install it so that it is on PATH.`);
  if (process.getuid?.() !== 0) {
    throw new SetupError(`${what}, and only root can install it. Run as root: ${manual}`);
  }
  await step(`Installing ${packages[0]} (${manual})`, async (progress) => {
    const env = { DEBIAN_FRONTEND: 'noninteractive' };
    const onLine = (line) => {
      if (/^(Get:|Hit:|Unpacking|Setting up)/.test(line)) progress(line.slice(0, 90));
    };
    // A third-party source that is away need not keep Debian's own package from being installed.
    const update = await run(apt, ['update'], { env, onLine });
    const install = ['install', '--yes', '--no-install-recommends', ...packages];
    const result = await run(apt, install, { env, onLine });
    if (result.status !== 0 || !find()) {
      throw new SetupError(`"${manual}" failed:\n${update.stderr}${result.stderr}`.trim());
    }
  });
}

export const findChromium = () =>
  process.env.SNOWGLOBE_CHROMIUM ||
  findProgram('chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome');

export const ensureChromium = () =>
  ensure({
    what: 'The browser tests need Chromium',
    packages: ['chromium', 'fonts-dejavu-core'],
    find: findChromium,
  });

/** qemu-img and qemu-io, which disk images are tested against. */
export const ensureQemuImg = () =>
  ensure({
    what: 'The tests of disk images need qemu-img',
    packages: ['qemu-utils'],
    find: () => findProgram('qemu-img') && findProgram('qemu-io'),
  });

/** as and ld for x86, which make the boot disks with a demo for each video mode. */
export const ensureX86Assembler = () =>
  ensure({
    what: 'The tests of the video modes need GNU as and ld for x86',
    packages: [ASSEMBLER_PACKAGE],
    find: findAssembler,
  });
