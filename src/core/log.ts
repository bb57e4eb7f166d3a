/** What happened: `guest` is a mistake of the guest (never an error of ours), `warn` something a person should know. */
export type LogLevel = 'guest' | 'warn' | 'info';

export interface LogEntry {
  level: LogLevel;
  /** The device or component that says it. */
  source: string;
  message: string;
}

export type LogSink = (entry: LogEntry) => void;

/**
 * Log of one machine. A hostile guest can cause any number of guest errors, so only the first `LIMIT` of each source
 * reach the sink; all are counted.
 */
export class Log {
  /** Guest errors per source that are passed on; the rest is only counted, or the console itself would become the attack. */
  static readonly LIMIT = 32;
  private readonly sink: LogSink;
  private readonly counts = new Map<string, number>();

  constructor(sink: LogSink = () => {}) {
    this.sink = sink;
  }

  /** The guest did what the specification forbids or leaves open; the device did what hardware does. */
  guestError(source: string, message: string): void {
    const count = (this.counts.get(source) ?? 0) + 1;
    this.counts.set(source, count);
    if (count > Log.LIMIT) return;
    const last = count === Log.LIMIT ? ' (further ones of this device are only counted)' : '';
    this.sink({ level: 'guest', source, message: message + last });
  }

  warn(source: string, message: string): void {
    this.sink({ level: 'warn', source, message });
  }

  info(source: string, message: string): void {
    this.sink({ level: 'info', source, message });
  }

  /** Number of guest errors so far, of one source or of all. */
  guestErrors(source?: string): number {
    if (source !== undefined) return this.counts.get(source) ?? 0;
    let sum = 0;
    for (const count of this.counts.values()) sum += count;
    return sum;
  }
}
