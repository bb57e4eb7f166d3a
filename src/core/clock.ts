/** The guest's clock as devices see it. */
export interface GuestClock {
  /** Guest time in nanoseconds since the machine started; stands still while it is paused. Never runs backwards. */
  now(): bigint;
}

/** The time of day as the guest's real-time clock sees it. */
export interface WallClock {
  /** Nanoseconds since 1970-01-01T00:00:00Z. */
  now(): bigint;
}

/** One device timer: calls its callback once when guest time reaches the deadline. */
export interface DeviceTimer {
  /** (Re-)arms for guest time `deadline` in ns; a deadline in the past fires as soon as possible. */
  arm(deadline: bigint): void;
  disarm(): void;
  /** Deadline in guest ns, or null while unarmed. */
  readonly deadline: bigint | null;
}

/** Hands out device timers. */
export interface TimerFactory {
  create(onExpire: () => void): DeviceTimer;
}

/** Host time in ms: monotonic, and with the same origin in pages and in workers. */
export function hostTimeMs(): number {
  return performance.timeOrigin + performance.now();
}
