// A `pc` of QEMU that stands still and is spoken to through the qtest protocol: the oracle of the devices' fixtures.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const STOPPED = ['-M', 'pc,accel=tcg', '-S', '-nodefaults', '-display', 'none'];
const QTEST = ['-qtest', 'stdio', '-qtest-log', '/dev/null'];

/** @param {string[]} [options] QEMU's options for what the machine has besides. */
export function startQtest(options = []) {
  const child = spawn('qemu-system-i386', [...STOPPED, ...QTEST, ...options], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    /**
     * @param {string[]} commands @returns {Promise<string[]>} what stands behind OK, for each
     * @throws {Error} where QEMU answers with anything else
     */
    async ask(commands) {
      child.stdin.write(`${commands.join('\n')}\n`);
      const answers = [];
      for (const command of commands) {
        const { value } = await lines.next();
        if (!value?.startsWith('OK')) throw new Error(`${command}: ${value}`);
        answers.push(value.slice(3));
      }
      return answers;
    },
    /** QEMU does not end with its input. */
    async end() {
      const ended = once(child, 'exit');
      child.kill();
      await ended;
    },
  };
}

/** Answers of a machine of its own to these commands. */
export async function qtest(commands, options) {
  const machine = startQtest(options);
  try {
    return await machine.ask(commands);
  } finally {
    await machine.end();
  }
}
