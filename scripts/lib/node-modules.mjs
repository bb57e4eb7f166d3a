// node_modules, installed when it is missing or differs from the lock file.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError, step } from './console.mjs';
import { root } from './project.mjs';
import { findProgram, run } from './run.mjs';

/**
 * npm writes node_modules/.package-lock.json as its last act, so an interrupted install is noticed too. Optional
 * packages (binaries for other systems) may be absent.
 */
export function nodeModulesAreFresh(dir = root) {
  const installedPath = join(dir, 'node_modules', '.package-lock.json');
  if (!existsSync(installedPath)) return false;
  const wanted = JSON.parse(readFileSync(join(dir, 'package-lock.json'), 'utf8')).packages;
  const installed = JSON.parse(readFileSync(installedPath, 'utf8')).packages;
  return Object.entries(wanted).every(([path, { version, optional }]) => {
    if (path === '') return true;
    return installed[path] ? installed[path].version === version : optional === true;
  });
}

export async function ensureNodeModules() {
  if (nodeModulesAreFresh()) return;
  const npm = findProgram('npm');
  if (!npm)
    throw new SetupError('npm is not on PATH. It comes with Node.js; on Debian also as the package "npm".');
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const count = Object.values(lock.packages).filter((entry) => !entry.optional).length - 1;
  await step(`Installing ${count} packages into node_modules (npm ci)`, async () => {
    const result = await run(npm, ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
      env: { PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD: '1' },
    });
    if (result.status !== 0) {
      // npm follows its errors with its manual.
      const lines = (result.stderr || result.stdout).trim().split('\n');
      throw new SetupError(
        `npm ci failed:\n${lines.slice(0, 15).join('\n')}\n` +
          'If the network was away, run the command again: nothing is lost.',
      );
    }
  });
}
