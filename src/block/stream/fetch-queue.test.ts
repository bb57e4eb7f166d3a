import { describe, expect, it } from 'vitest';
import { FetchQueue, type Urgency } from './fetch-queue.ts';

interface Running {
  name: string;
  end(): void;
}

/** A queue whose tasks end when they are told to. */
function queueOfTasks() {
  const queue = new FetchQueue();
  const running: Running[] = [];
  const add = (name: string, urgency: Urgency) =>
    queue.run(
      () => new Promise<string>((resolve) => void running.push({ name, end: () => resolve(name) })),
      urgency,
    );
  const names = (): string[] => running.map(({ name }) => name);
  const endFirst = async (): Promise<void> => {
    running.shift()!.end();
    await new Promise((resolve) => setTimeout(resolve));
  };
  return { add, names, endFirst };
}

const many = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

describe('the queue of fetches', () => {
  it('leaves connections to what the guest waits for', async () => {
    const { add, names } = queueOfTasks();
    for (const i of many(10)) add(`boot ${i}`, 'boot');
    expect(names()).toHaveLength(4);
    for (const i of many(10)) add(`demand ${i}`, 'demand');
    expect(names().slice(4)).toEqual(['demand 0', 'demand 1']);
  });

  it('takes the most urgent first, and equals in their order', async () => {
    const { add, names, endFirst } = queueOfTasks();
    for (const i of many(6)) add(`first ${i}`, 'demand');
    add('boot', 'boot');
    add('ahead', 'ahead');
    add('demand', 'demand');
    for (const _ of many(5)) await endFirst();
    expect(names().slice(-3)).toEqual(['demand', 'ahead', 'boot']);
  });

  it('lets what has become urgent pass', async () => {
    const { add, names, endFirst } = queueOfTasks();
    const tickets = many(8).map((i) => add(`boot ${i}`, 'boot'));
    tickets[7].urge('demand');
    expect(names()).toEqual(['boot 0', 'boot 1', 'boot 2', 'boot 3', 'boot 7']);
    // Nothing becomes less urgent, and what runs is not started again.
    tickets[7].urge('boot');
    await endFirst();
    expect(names()).toHaveLength(4);
    expect(await tickets[0].result).toBe('boot 0');
  });

  it('goes on after a task that failed', async () => {
    const queue = new FetchQueue();
    const failed = many(6).map(() => queue.run(() => Promise.reject(new Error('no')), 'demand').result);
    const last = queue.run(async () => 'yes', 'boot').result;
    expect((await Promise.allSettled(failed)).every(({ status }) => status === 'rejected')).toBe(true);
    expect(await last).toBe('yes');
  });
});
