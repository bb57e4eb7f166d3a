// A vCPU on a real thread: posts numbers in rounds of random length and timing, waits until the page has drained them,
// and does an exit now and then. A wake-up that got lost shows as a wait that times out.
import { parentPort, workerData } from 'node:worker_threads';

const { memory, layout: L, rounds } = workerData;
const i32 = new Int32Array(memory.buffer, 0, (L.VCPU_BASE + L.VCPU_STRIDE) / 4);
const view = new DataView(memory.buffer);
const area = L.VCPU_BASE;
const at = (offset) => (area + offset) >> 2;

function wakePage(always) {
  Atomics.add(i32, L.VM_PAGE_WAKE >> 2, 1);
  if (always || Atomics.load(i32, L.VM_PAGE_AWAKE >> 2) === 0) Atomics.notify(i32, L.VM_PAGE_WAKE >> 2, 1);
}

function post(value) {
  const tail = Atomics.load(i32, at(L.COMM_RING_TAIL));
  const entry = area + L.CPU_RING + ((tail >>> 0) % L.RING_ENTRIES) * L.RING_STRIDE;
  view.setUint32(entry + L.RING_DEVICE, 0, true);
  view.setUint32(entry + L.RING_SIZE, 4, true);
  view.setBigUint64(entry + L.RING_OFFSET, 0n, true);
  view.setBigUint64(entry + L.RING_VALUE, BigInt(value), true);
  Atomics.store(i32, at(L.COMM_RING_TAIL), tail + 1);
  wakePage(false);
}

function exit() {
  view.setUint32(area + L.COMM_EXIT_KIND, L.EXIT_MMIO_READ, true);
  view.setUint32(area + L.COMM_EXIT_DEVICE, 0, true);
  view.setBigUint64(area + L.COMM_EXIT_OFFSET, 4n, true);
  view.setUint32(area + L.COMM_EXIT_SIZE, 4, true);
  Atomics.store(i32, at(L.COMM_EXIT_PENDING), 1);
  wakePage(true);
  if (Atomics.wait(i32, at(L.COMM_EXIT_PENDING), 1, 2000) === 'timed-out')
    throw new Error('the exit was not answered');
}

function drained() {
  const end = performance.now() + 2000;
  while (Atomics.load(i32, at(L.COMM_RING_HEAD)) !== Atomics.load(i32, at(L.COMM_RING_TAIL))) {
    if (performance.now() > end) throw new Error('the ring was not drained');
  }
}

let next = 0;
while (next < rounds) {
  for (let i = Math.floor(Math.random() * 3); i >= 0 && next < rounds; i--) post(next++);
  const pause = performance.now() + Math.random() * 0.03;
  while (performance.now() < pause);
  if (Math.random() < 0.3) exit();
  else drained();
}
parentPort.postMessage('done');
