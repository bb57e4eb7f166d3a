// One build at a time in a working tree: a second one waits, and a lock whose owner died is taken over.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { say } from './console.mjs';
import { cacheDir } from './project.mjs';

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Runs `work` while holding `.cache/locks/<name>`, a file with the owner's process id. */
export async function withLock(name, work, dir = join(cacheDir, 'locks')) {
  const path = join(dir, name);
  mkdirSync(dirname(path), { recursive: true });
  for (let told = false; ; ) {
    try {
      writeFileSync(path, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    let owner = 0;
    try {
      owner = Number(readFileSync(path, 'utf8'));
    } catch {}
    if (owner > 0 && !isAlive(owner)) {
      rmSync(path, { force: true });
      continue;
    }
    if (!told) say(`  Another process (${owner}) is at “${name}”; waiting for it …`);
    told = true;
    await sleep(200);
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

/** Removes temporary files and folders, those with a process id in their name, whose process is gone. */
export function removeLeftovers(dir) {
  if (!existsSync(dir)) return;
  for (const name of readdirSync(dir)) {
    const owner = name.match(/^\.(\d+)\.|-(\d+)(?:-old)?$/);
    if (owner && !isAlive(Number(owner[1] ?? owner[2])))
      rmSync(join(dir, name), { recursive: true, force: true });
  }
}
