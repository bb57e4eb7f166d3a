import { describe, expect, it } from 'vitest';
import { MemoryNode } from '../protocol/memory-node.ts';
import { BlkdebugNode, type InjectError } from './blkdebug-node.ts';
import { type ErrorPolicy, ErrorPolicyNode, type FailedRequest } from './error-policy-node.ts';

const REPORT: ErrorPolicy = { read: 'report', write: 'report' };

function failing(policy: Partial<ErrorPolicy>, ...injectError: InjectError[]) {
  const medium = new MemoryNode(new Uint8Array(4096));
  const told: FailedRequest[] = [];
  const node = new ErrorPolicyNode(
    new BlkdebugNode(medium, { injectError }),
    { ...REPORT, ...policy },
    (failed) => {
      told.push(failed);
    },
  );
  return {
    medium,
    node,
    told: () => told.map(({ operation, action, error }) => `${operation} ${action} ${error.kind}`),
  };
}

/** Whether a request is still on its way when others had their turn. */
async function waits(request: unknown): Promise<boolean> {
  const later = new Promise((resolve) => setTimeout(() => resolve('later'), 0));
  return (await Promise.race([request, later])) === 'later';
}

describe('what happens when a request fails', () => {
  it('report: the guest is told', async () => {
    const { node, told } = failing({}, { iotype: 'write', errno: 'space' }, { iotype: 'read' });
    expect(await node.write(0, Uint8Array.of(1))).toMatchObject({ ok: false, error: { kind: 'space' } });
    expect(await node.read(0, 1)).toMatchObject({ ok: false, error: { kind: 'io' } });
    expect(told()).toEqual(['write report space', 'read report io']);
  });

  it('ignore: the guest is not told, and reads zeros', async () => {
    const { node, told } = failing({ read: 'ignore', write: 'ignore' }, {});
    expect(await node.write(0, Uint8Array.of(1))).toEqual({ ok: true, value: null });
    expect(await node.flush()).toEqual({ ok: true, value: null });
    expect(await node.read(0, 2)).toEqual({ ok: true, value: new Uint8Array(2) });
    expect(told()).toEqual(['write ignore io', 'write ignore io', 'read ignore io']);
  });

  it('stop: the request waits, and is tried again with what was to be written then', async () => {
    const { node, medium, told } = failing({ write: 'stop' }, { iotype: 'write', once: true });
    const bytes = Uint8Array.of(1, 2, 3);
    const request = node.write(8, bytes);
    bytes.fill(9);
    expect(await waits(request)).toBe(true);
    expect(told()).toEqual(['write stop io']);
    node.retry();
    expect(await request).toEqual({ ok: true, value: null });
    expect(medium.bytes.subarray(8, 11)).toEqual(Uint8Array.of(1, 2, 3));
  });

  it('stop: a request that fails again stops the machine again', async () => {
    const { node, told } = failing({ write: 'stop' }, { iotype: 'flush' });
    const request = node.flush();
    expect(await waits(request)).toBe(true);
    node.retry();
    expect(await waits(request)).toBe(true);
    expect(told()).toEqual(['write stop io', 'write stop io']);
  });

  it('enospc: only where there is no room', async () => {
    const { node, told } = failing(
      { write: 'enospc' },
      { iotype: 'write', sector: 0, errno: 'space' },
      { iotype: 'write' },
    );
    expect(await waits(node.write(0, Uint8Array.of(1)))).toBe(true);
    expect(await node.write(1024, Uint8Array.of(1))).toMatchObject({ ok: false, error: { kind: 'io' } });
    expect(told()).toEqual(['write stop space', 'write report io']);
  });

  it('drops what waits when the device is reset or the machine ends', async () => {
    const { node, medium } = failing({ write: 'stop' }, { iotype: 'write', once: true });
    const request = node.write(0, Uint8Array.of(5));
    node.drop();
    expect(await request).toMatchObject({ ok: false });
    node.retry();
    expect(medium.bytes[0]).toBe(0);
    const another = failing({ write: 'stop' }, { iotype: 'write' });
    const pending = another.node.write(0, Uint8Array.of(5));
    await another.node.close();
    expect(await pending).toMatchObject({ ok: false });
  });

  it("leaves a guest's own mistakes alone", async () => {
    const { node, told } = failing({ read: 'stop', write: 'stop' });
    expect(await node.read(4096, 1)).toMatchObject({ ok: false, error: { kind: 'range' } });
    expect(told()).toEqual([]);
  });
});
