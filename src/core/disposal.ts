/** Something that holds a resource (a listener, a pending wait, a worker). `dispose` may be called more than once. */
export interface Disposable {
  dispose(): void;
}

/** Collects what must be released together; releases in reverse order of addition. */
export class DisposalScope implements Disposable {
  private items: (() => void)[] | null = [];

  /** Adds a release step. In a scope that is already disposed it runs at once. */
  add(release: () => void): void {
    if (this.items === null) release();
    else this.items.push(release);
  }

  get disposed(): boolean {
    return this.items === null;
  }

  /** Runs every step even if some throw; the first failure is thrown at the end. */
  dispose(): void {
    const items = this.items;
    if (items === null) return;
    this.items = null;
    let failed = false;
    let failure: unknown;
    for (const release of items.reverse()) {
      try {
        release();
      } catch (error) {
        if (!failed) failure = error;
        failed = true;
      }
    }
    if (failed) throw failure;
  }
}
