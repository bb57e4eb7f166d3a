/** Why something is fetched, the most urgent first. */
export const URGENCIES = ['demand', 'ahead', 'boot'] as const;
/** `demand`: the guest waits for it; `ahead`: it probably reads on; `boot`: it read this at an earlier start. */
export type Urgency = (typeof URGENCIES)[number];

/** Browsers open six connections to a server that speaks HTTP/1.1: some are left to what the guest waits for. */
const SLOTS = 6;
const BACKGROUND_SLOTS = 4;

interface Job {
  urgency: Urgency;
  start(): void;
}

export interface Ticket<T> {
  readonly result: Promise<T>;
  /** It has become more urgent. */
  urge(urgency: Urgency): void;
}

/** Lets so many fetches run at a time, the most urgent first, and equals in the order in which they came. */
export class FetchQueue {
  private running = 0;
  private readonly waiting: Job[] = [];

  run<T>(task: () => Promise<T>, urgency: Urgency): Ticket<T> {
    let start = (): void => {};
    const result = new Promise<T>((resolve, reject) => {
      start = () => {
        this.running++;
        task()
          .then(resolve, reject)
          .finally(() => {
            this.running--;
            this.next();
          });
      };
    });
    const job: Job = { urgency, start };
    this.waiting.push(job);
    this.next();
    return {
      result,
      urge: (more) => {
        if (URGENCIES.indexOf(more) < URGENCIES.indexOf(job.urgency)) job.urgency = more;
        this.next();
      },
    };
  }

  private next(): void {
    while (this.running < SLOTS) {
      let found = -1;
      for (const urgency of URGENCIES) {
        if (urgency !== 'demand' && this.running >= BACKGROUND_SLOTS) return;
        found = this.waiting.findIndex((job) => job.urgency === urgency);
        if (found >= 0) break;
      }
      if (found < 0) return;
      this.waiting.splice(found, 1)[0].start();
    }
  }
}
