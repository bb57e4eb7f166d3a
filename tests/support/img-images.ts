/** Images with something of everything, and the qemu-img that snowglobe-img is held to. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { qemuImg, qemuIo } from './qemu-img.ts';
import type { Outcome } from './snowglobe-img.ts';

export function theirs(...args: string[]): Outcome {
  const { status, stdout, stderr } = spawnSync('qemu-img', args, { encoding: 'utf8' });
  return { status, out: stdout, err: stderr };
}

/** Clusters are full, since holes within them are the host's affair. @param path gives a file of the test's folder */
export function makeImages(path: (name: string) => string) {
  const base = path('base.qcow2');
  qemuImg('create', '-q', '-f', 'qcow2', base, '8M');
  qemuIo(base, 'write -P 1 1M 1M', 'write -P 2 5M 64k');
  const top = path('top.qcow2');
  qemuImg('create', '-q', '-f', 'qcow2', '-b', 'base.qcow2', '-F', 'qcow2', top, '10M');
  qemuIo(top, 'write -P 3 1536k 128k', 'write -z 5M 64k', 'write -P 4 9M 1M');
  const snapped = path('snapped.qcow2');
  qemuImg(
    'create',
    '-q',
    '-f',
    'qcow2',
    '-o',
    'cluster_size=4k,refcount_bits=8,lazy_refcounts=on',
    snapped,
    '4M',
  );
  qemuIo(snapped, 'write -P 5 0 1M');
  qemuImg('snapshot', '-c', 'first', snapped);
  qemuIo(snapped, 'write -P 6 512k 1M');
  qemuImg('snapshot', '-c', 'second', snapped);
  const old = path('old.qcow2');
  qemuImg('convert', '-c', '-O', 'qcow2', '-o', 'compat=0.10', base, old);
  const raw = path('data.raw');
  writeFileSync(raw, Buffer.alloc(1 << 20, 'snowglobe '));
  return { base, top, snapped, old, raw };
}
