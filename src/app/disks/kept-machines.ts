/** Machines that the person keeps: what each is made of, and which stored disks are its drives. Kept in a database of the page's own. */
import { createStore, del, entries, get, set, type UseStore } from 'idb-keyval';

export interface KeptDisk {
  /** The disk's id among the stored disks (block/store). */
  id: string;
  /** The drive of the listed machine that it stands for: an option such as `hda`, or the number of one of its `drives`. */
  drive: string | number;
}

export interface KeptMachine {
  id: string;
  /** What the person calls it. */
  name: string;
  /** The machine without its disks, as the query part of an address: `?machine=debian&m=1024`. */
  address: string;
  disks: KeptDisk[];
  /** ms since 1970. */
  created: number;
  used: number;
}

let store: UseStore | undefined;

const machines = (): UseStore => {
  store ??= createStore('snowglobe-machines', 'machines');
  return store;
};

/** All of them, the one that was used last first. @throws DOMException where the browser keeps nothing */
export async function keptMachines(): Promise<KeptMachine[]> {
  try {
    const all = await entries<string, KeptMachine>(machines());
    return all.map(([, machine]) => machine).sort((a, b) => b.used - a.used);
  } catch (error) {
    // A connection that failed is not one to try again.
    store = undefined;
    throw error;
  }
}

export function keepMachine(machine: Omit<KeptMachine, 'id' | 'created' | 'used'>): Promise<KeptMachine> {
  const now = Date.now();
  const kept = { ...machine, id: crypto.randomUUID().slice(0, 8), created: now, used: now };
  return set(kept.id, kept, machines()).then(() => kept);
}

export async function changeMachine(
  id: string,
  change: Partial<Pick<KeptMachine, 'name' | 'used' | 'address'>>,
): Promise<void> {
  const machine = await get<KeptMachine>(id, machines());
  if (machine) await set(id, { ...machine, ...change }, machines());
}

/** The machine with this id; null: there is none. */
export async function findMachine(id: string): Promise<KeptMachine | null> {
  return (await get<KeptMachine>(id, machines())) ?? null;
}

export function forgetMachine(id: string): Promise<void> {
  return del(id, machines());
}
