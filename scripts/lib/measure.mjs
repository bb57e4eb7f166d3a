// What a benchmark needs: repeated measures with their spread, process times, and a browser to look into.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { SetupError } from './console.mjs';

/** Median, least and greatest of a list of numbers. */
export function summary(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, min: sorted[0], max: sorted.at(-1) };
}

/** `12.3 (11.9–13.0)`: median and spread, or the number alone where there was one run. */
export function spread(values, digits = 1) {
  const { median, min, max } = summary(values);
  const text = median.toFixed(digits);
  return values.length < 2 ? text : `${text} (${min.toFixed(digits)}–${max.toFixed(digits)})`;
}

/**
 * Runs a program to its end with stdin closed. Resolves to its wall-clock time in ms and what it wrote; rejects if it fails.
 * `onLine(text, ms, pid)` gets each line of stdout at once, with the time since the start.
 */
export function timeProcess(program, args, { limitMs = 300_000, onLine } = {}) {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const timer = setTimeout(() => child.kill('SIGKILL'), limitMs);
    const output = { stdout: '', stderr: '' };
    let rest = '';
    const takeLines = (text) => {
      const ms = performance.now() - start;
      const lines = (rest + text).split('\n');
      rest = lines.pop();
      for (const line of lines) onLine(line, ms, child.pid);
    };
    for (const name of ['stdout', 'stderr']) {
      child[name].setEncoding('latin1').on('data', (text) => {
        output[name] += text;
        if (onLine && name === 'stdout') takeLines(text);
      });
    }
    child.on('error', reject);
    child.on('close', (status, signal) => {
      clearTimeout(timer);
      const ms = performance.now() - start;
      if (status === 0) return resolve({ ms, ...output });
      const reason = signal
        ? `ended by ${signal} after ${(ms / 1000).toFixed(0)} s`
        : `exit status ${status}`;
      reject(
        new SetupError(
          `${program} ${args.join(' ')}: ${reason}\n${(output.stderr || output.stdout).slice(-800)}`,
        ),
      );
    });
  });
}

/** Processor seconds that each of a browser's processes has used: [{type, id, cpuTime}], where id is the host's pid. */
export async function browserProcesses(browserCdp) {
  const { processInfo } = await browserCdp.send('SystemInfo.getProcessInfo');
  return processInfo;
}

/** The busiest renderer of a browser: that of its one page. */
export async function rendererOf(browserCdp) {
  const renderers = (await browserProcesses(browserCdp)).filter(({ type }) => type === 'renderer');
  if (renderers.length === 0) throw new SetupError('the browser reports no renderer process');
  return renderers.reduce((a, b) => (a.cpuTime >= b.cpuTime ? a : b));
}

/** Resident size of a process in bytes, shared pages included (Linux, proc_pid_status). */
export function residentBytes(pid) {
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  if (!match) throw new SetupError(`/proc/${pid}/status has no VmRSS; this measure needs Linux`);
  return Number(match[1]) * 1024;
}

export const cpuModel = () => cpus()[0]?.model.replace(/\s+/g, ' ').trim() ?? 'unknown processor';
