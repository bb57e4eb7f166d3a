// A `pc` of QEMU that stands still and is spoken to through the qtest protocol: the oracle of the devices' fixtures.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const MACHINE = ['-M', 'pc,accel=tcg', '-nodefaults', '-display', 'none'];
const QTEST = ['-qtest', 'stdio', '-qtest-log', '/dev/null'];

/**
 * @param {string[]} [options] QEMU's options for what the machine has besides
 * @param {{stopped?: boolean}} [time] `stopped`, as it is unless told: no processor runs, and no time passes
 */
export function startQtest(options = [], { stopped = true } = {}) {
  const child = spawn('qemu-system-i386', [...MACHINE, ...(stopped ? ['-S'] : []), ...QTEST, ...options], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  // It would outlive a script that fails.
  process.once('exit', () => child.kill());
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
        let value;
        // Some devices print what they think to the same place.
        do ({ value } = await lines.next());
        while (value !== undefined && !/^(OK|FAIL|ERR)/.test(value));
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
