import type { Unsubscribe } from './vm-api.ts';

/** Typed events. A listener that throws does not keep the others from being called; its error goes to `onFailure`. */
export class Emitter<Events> {
  private readonly listeners = new Map<keyof Events, Set<(detail: never) => void>>();
  private readonly onFailure: (error: unknown) => void;

  constructor(onFailure: (error: unknown) => void = () => {}) {
    this.onFailure = onFailure;
  }

  on<K extends keyof Events>(event: K, listener: (detail: Events[K]) => void): Unsubscribe {
    let set = this.listeners.get(event);
    if (!set) this.listeners.set(event, (set = new Set()));
    // A wrapper of its own, so that one function registered twice is two subscriptions.
    const entry = (detail: Events[K]): void => listener(detail);
    set.add(entry);
    return () => void set.delete(entry);
  }

  emit<K extends keyof Events>(event: K, detail: Events[K]): void {
    for (const listener of [...(this.listeners.get(event) ?? [])]) {
      try {
        (listener as (detail: Events[K]) => void)(detail);
      } catch (error) {
        this.onFailure(error);
      }
    }
  }

  clear(): void {
    this.listeners.clear();
  }
}
