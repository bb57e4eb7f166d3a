// A Chromium that is watched as little as can be. Playwright has Chromium's inspector keep every response below 10 MB (1.5 MB
// for each fetch of a 1 MB initrd, measured), which would count as the page's memory.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Starts headless Chromium and speaks the DevTools protocol over its pipe (messages end in NUL; it reads fd 3, writes fd 4).
 * Resolves to {send(method, params, sessionId), openPage(url) → sessionId, evaluate(sessionId, expression), close()}.
 */
export async function launchOverPipe(executablePath, args) {
  const profile = mkdtempSync(join(tmpdir(), 'snowglobe-profile-'));
  const child = spawn(
    executablePath,
    ['--headless', '--remote-debugging-pipe', '--no-first-run', `--user-data-dir=${profile}`, ...args],
    { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] },
  );
  const ended = new Promise((resolve) => child.once('close', resolve));
  const pending = new Map();
  let lastId = 0;
  let rest = '';
  child.stdio[4].setEncoding('utf8').on('data', (chunk) => {
    const messages = (rest + chunk).split('\0');
    rest = messages.pop();
    for (const text of messages) {
      const { id, result, error } = JSON.parse(text);
      const waiting = pending.get(id);
      pending.delete(id);
      if (error) waiting?.reject(new Error(`${waiting.method}: ${error.message}`));
      else waiting?.resolve(result);
    }
  });
  ended.then(() => {
    for (const { reject } of pending.values()) reject(new Error('the browser ended'));
  });
  child.stdio[3].on('error', () => {});

  const send = (method, params = {}, sessionId = undefined) =>
    new Promise((resolve, reject) => {
      const id = ++lastId;
      pending.set(id, { resolve, reject, method });
      child.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });

  return {
    send,
    async openPage(url) {
      const { targetId } = await send('Target.createTarget', { url });
      return (await send('Target.attachToTarget', { targetId, flatten: true })).sessionId;
    },
    /** The value of an expression, awaited. */
    async evaluate(sessionId, expression) {
      const params = { expression, awaitPromise: true, returnByValue: true };
      const { result, exceptionDetails } = await send('Runtime.evaluate', params, sessionId);
      if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
      return result.value;
    },
    async close() {
      await send('Browser.close').catch(() => {});
      await ended;
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
