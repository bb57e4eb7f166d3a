/** 9P2000.L as a client sees it, by messages laid out as diod's protocol.md says; and a tree through the device. */
import { describe, expect, it } from 'vitest';
import { mmioDevice, startDriver } from '../../../tests/support/virtio-driver.ts';
import { Log } from '../../core/log.ts';
import { FileTree } from './file-tree.ts';
import { NinePServer } from './nine-p-server.ts';
import { Reader, Writer } from './nine-p-wire.ts';
import { Virtio9p } from './virtio-9p.ts';
import { randomBelow } from '../../../tests/support/random.ts';

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
const utf8 = (data: string): Uint8Array => new TextEncoder().encode(data);

function message(type: number, body: Writer, tag = 5): Uint8Array<ArrayBuffer> {
  const bytes = body.finish();
  return new Uint8Array(
    new Writer()
      .u32(7 + bytes.length)
      .u8(type)
      .u16(tag)
      .data(bytes)
      .finish(),
  );
}

function client(options: { readOnly?: boolean } = {}) {
  let time = 1_000_000_000_000n;
  const now = (): bigint => (time += 1000n);
  const tree = new FileTree({ now, ...options });
  tree.put('a/hello.txt', utf8('hello, world'));
  const server = new NinePServer({ tree, now });
  /** The answer's body; a number is the error. */
  const ask = (type: number, body: Writer, room = 65536): Reader | number => {
    const answer = new Uint8Array(server.handle(message(type, body), room));
    const reader = new Reader(answer);
    expect(reader.u32()).toBe(answer.length);
    const kind = reader.u8();
    expect(reader.u16()).toBe(5);
    if (kind === 7) return reader.u32();
    expect(kind).toBe(type + 1);
    return reader;
  };
  const good = (type: number, body: Writer, room?: number): Reader => {
    const answer = ask(type, body, room);
    if (typeof answer === 'number') throw new Error(`error ${answer}`);
    return answer;
  };
  good(100, new Writer().u32(65536).string('9P2000.L'));
  good(104, new Writer().u32(0).u32(0xffff_ffff).string('root').string('').u32(0));
  /** A new number for the node at a path; an error. */
  const walk = (fid: number, ...names: string[]): number => {
    const body = new Writer().u32(0).u32(fid).u16(names.length);
    for (const name of names) body.string(name);
    const answer = ask(110, body);
    return typeof answer === 'number' ? answer : answer.u16() === names.length ? 0 : -1;
  };
  const read = (fid: number, offset: number, count: number, room?: number): string => {
    const answer = good(116, new Writer().u32(fid).u64(offset).u32(count), room);
    return text(answer.bytes(answer.u32()));
  };
  /** Names with the positions behind them. */
  const list = (fid: number, offset = 0, count = 4096): [string, number][] => {
    const answer = good(40, new Writer().u32(fid).u64(offset).u32(count));
    const end = answer.u32();
    const names: [string, number][] = [];
    for (let at = 0; at < end; ) {
      answer.bytes(13);
      const next = answer.size();
      answer.u8();
      const name = answer.string();
      names.push([name, next]);
      at += 13 + 8 + 1 + 2 + Buffer.byteLength(name);
    }
    return names;
  };
  return { tree, server, ask, good, walk, read, list };
}

describe('9P2000.L', () => {
  it('agrees on a version, and takes no other', () => {
    const { good } = client();
    const answer = good(100, new Writer().u32(8192).string('9P2000.u'));
    expect([answer.u32(), answer.string()]).toEqual([8192, 'unknown']);
    const large = good(100, new Writer().u32(1 << 30).string('9P2000.L'));
    expect([large.u32(), large.string()]).toEqual([512 * 1024, '9P2000.L']);
  });

  it('walks, also up and no further than the root; what is not there is ENOENT', () => {
    const { walk } = client();
    expect([
      walk(1, 'a', 'hello.txt'),
      walk(2),
      walk(3, '..', '..', 'a'),
      walk(4, 'b'),
      walk(5, 'a', 'b'),
    ]).toEqual([0, 0, 0, 2, -1]);
    expect(walk(6, ...Array(17).fill('..'))).toBe(22);
  });

  it('reads a file in pieces, to its end, and never more than there is room for', () => {
    const { walk, read, good } = client();
    walk(1, 'a', 'hello.txt');
    good(12, new Writer().u32(1).u32(0));
    expect([read(1, 0, 5), read(1, 7, 100), read(1, 100, 5), read(1, 0, 100, 7 + 4 + 3)]).toEqual([
      'hello',
      'world',
      '',
      'hel',
    ]);
  });

  it('creates, writes, truncates and removes', () => {
    const { walk, read, good, ask, tree } = client();
    walk(1, 'a');
    good(14, new Writer().u32(1).string('new').u32(0o102).u32(0o100640).u32(7));
    const data = utf8('snowfall');
    expect(good(118, new Writer().u32(1).u64(3).u32(data.length).data(data)).u32()).toBe(8);
    expect([read(1, 0, 100), tree.find('/a/new')?.mode]).toEqual(['\0\0\0snowfall', 0o100640]);
    const resize = new Writer().u32(1).u32(8);
    for (let i = 0; i < 3; i++) resize.u32(0);
    resize.u64(5);
    for (let i = 0; i < 4; i++) resize.u64(0);
    good(26, resize);
    expect(read(1, 0, 100)).toBe('\0\0\0sn');
    walk(2, 'a');
    expect(ask(14, new Writer().u32(2).string('new').u32(0).u32(0).u32(0))).toBe(17);
    expect(ask(76, new Writer().u32(0).string('a').u32(0x200))).toBe(39);
    expect(ask(76, new Writer().u32(2).string('new').u32(0x200))).toBe(20);
    good(76, new Writer().u32(2).string('new').u32(0));
    // Who has it open keeps it.
    expect([walk(3, 'a', 'new'), read(1, 3, 2)]).toEqual([-1, 'sn']);
  });

  it('counts what was removed while it is open, and no longer', () => {
    const { walk, good, ask, tree } = client();
    const before = tree.used;
    walk(1);
    good(14, new Writer().u32(1).string('temporary').u32(0o102).u32(0o100600).u32(0));
    good(76, new Writer().u32(0).string('temporary').u32(0));
    const data = new Uint8Array(10_000);
    good(118, new Writer().u32(1).u64(0).u32(data.length).data(data));
    expect(tree.used).toBe(before + 10_000);
    good(120, new Writer().u32(1));
    expect(tree.used).toBe(before);
    // Removed with content: it goes when the number is used for another node.
    walk(2);
    good(14, new Writer().u32(2).string('temporary').u32(0o102).u32(0o100600).u32(0));
    good(118, new Writer().u32(2).u64(0).u32(data.length).data(data));
    good(76, new Writer().u32(0).string('temporary').u32(0));
    expect(tree.used).toBe(before + 10_000);
    walk(2, 'a');
    expect(tree.used).toBe(before);
    good(72, new Writer().u32(0).string('folder').u32(0o755).u32(0));
    walk(3, 'folder');
    good(76, new Writer().u32(0).string('folder').u32(0x200));
    expect(ask(72, new Writer().u32(3).string('inside').u32(0o755).u32(0))).toBe(2);
  });

  it('gives the room of what was cut off to other files', () => {
    const { good, tree, ask, walk } = client();
    const MIB = 1 << 20;
    const setSize = (fid: number, size: number) => {
      const body = new Writer().u32(fid).u32(8).u32(0).u32(0).u32(0).u64(size);
      for (let i = 0; i < 4; i++) body.u64(0);
      return ask(26, body);
    };
    /** Bytes of a block, and blocks that are free. */
    const free = (): number => {
      const answer = good(8, new Writer().u32(0));
      answer.u32();
      const block = answer.u32();
      answer.u64();
      return block * answer.size();
    };
    const before = free();
    for (const [fid, size] of [
      [1, 50],
      [2, 100],
      [3, 150],
    ]) {
      walk(fid);
      good(14, new Writer().u32(fid).string(`f${fid}`).u32(2).u32(0o644).u32(0));
      expect(setSize(fid, size * MIB)).toBeInstanceOf(Reader);
    }
    expect(before - free()).toBe(300 * MIB);
    walk(4);
    good(14, new Writer().u32(4).string('last').u32(2).u32(0o644).u32(0));
    expect(setSize(4, 340 * MIB)).toBe(28);
    for (const fid of [1, 2, 3]) setSize(fid, 1);
    expect(setSize(4, 340 * MIB)).toBeInstanceOf(Reader);
    // What is not kept is in no memory, either.
    expect(tree.find('/f3')!.bytes.length).toBeLessThan(4096);
    // Nor does it come back.
    setSize(3, 4);
    walk(5, 'f3');
    expect(before - free()).toBe(340 * MIB);
  });

  it('takes no more memory than twice what a file has, however it grows', () => {
    const { tree } = client();
    const node = tree.put('grows', new Uint8Array(0));
    if (typeof node === 'number') throw new Error(`error ${node}`);
    const piece = new Uint8Array(10_000).fill(7);
    let moves = 0;
    for (let i = 0; i < 1000; i++) {
      const { bytes } = node;
      expect(tree.write(node, i * piece.length, piece)).toBe(0);
      if (node.bytes !== bytes) moves++;
      expect(node.bytes.length).toBeLessThanOrEqual(2 * node.size);
    }
    expect(moves).toBeLessThan(30);
    expect(node.bytes.subarray(0, node.size).every((byte) => byte === 7)).toBe(true);
    expect(tree.resize(node, 6_000_000)).toBe(0);
    expect(tree.resize(node, 9_000_000)).toBe(0);
    expect(node.bytes.subarray(6_000_000, node.size).every((byte) => byte === 0)).toBe(true);
  });

  it('tells attributes', () => {
    const { walk, good } = client();
    walk(1, 'a', 'hello.txt');
    const r = good(24, new Writer().u32(1).u64(0x7ff));
    expect(r.size()).toBe(0x7ff);
    r.bytes(13);
    expect([r.u32(), r.u32(), r.u32(), r.size(), r.size(), r.size(), r.size(), r.size()]).toEqual([
      0o100755, 0, 0, 1, 0, 12, 4096, 1,
    ]);
    expect(r.size()).toBe(1000);
  });

  it('counts the links of a folder: its own two, and one for each folder in it', () => {
    const { walk, good } = client();
    const links = (fid: number): number => {
      const answer = good(24, new Writer().u32(fid).u64(0x7ff));
      answer.bytes(8 + 13 + 12);
      return answer.size();
    };
    const mkdir = (fid: number, name: string) =>
      good(72, new Writer().u32(fid).string(name).u32(0o755).u32(0));
    walk(1, 'a');
    expect([links(0), links(1)]).toEqual([3, 2]);
    mkdir(1, 'one');
    mkdir(1, 'two');
    mkdir(0, 'two');
    expect([links(0), links(1)]).toEqual([4, 4]);
    good(74, new Writer().u32(1).string('one').u32(0).string('one'));
    // Over an empty one, and to another name in the same folder.
    good(74, new Writer().u32(1).string('two').u32(0).string('two'));
    good(74, new Writer().u32(0).string('two').u32(0).string('three'));
    expect([links(0), links(1)]).toEqual([5, 2]);
    good(76, new Writer().u32(0).string('three').u32(0x200));
    expect(links(0)).toBe(4);
  });

  it('makes folders and links, and renames over what is there, but no folder into itself', () => {
    const { walk, good, ask, tree } = client();
    good(72, new Writer().u32(0).string('d').u32(0o755).u32(0));
    good(16, new Writer().u32(0).string('l').string('a/hello.txt').u32(0));
    walk(1, 'l');
    expect(good(22, new Writer().u32(1)).string()).toBe('a/hello.txt');
    walk(2, 'd');
    walk(3, 'a');
    good(74, new Writer().u32(3).string('hello.txt').u32(2).string('moved'));
    expect(tree.files()).toEqual(['/d/moved']);
    expect(ask(74, new Writer().u32(0).string('d').u32(2).string('x'))).toBe(22);
    expect(ask(74, new Writer().u32(0).string('d').u32(0).string('l'))).toBe(20);
    good(74, new Writer().u32(0).string('d').u32(0).string('a'));
    expect(tree.files()).toEqual(['/a/moved']);
    for (const name of ['', '.', '..', 'x/y', 'n'.repeat(256)])
      expect(ask(72, new Writer().u32(0).string(name).u32(0).u32(0)), name).not.toBeInstanceOf(Reader);
  });

  it('shows the host files as deep as a path can be, and takes none that are deeper', () => {
    const { tree } = client();
    const path = `${'/d'.repeat(2040)}/f`;
    const ENAMETOOLONG = 36;
    expect(client().tree.put(`${'/d'.repeat(20_000)}/f`, new Uint8Array(1))).toBe(ENAMETOOLONG);
    expect(tree.put(path, new Uint8Array(1))).toBe(tree.find(path));
    expect(tree.files()).toContain(path);
  });

  it('lists a folder in pieces that fit, and goes on behind what has been removed', () => {
    const { list, tree } = client();
    for (let i = 0; i < 9; i++) tree.put(`f${i}`, new Uint8Array(0));
    const all = list(0).map(([name]) => name);
    expect(all).toEqual(['.', '..', 'a', ...Array.from({ length: 9 }, (_, i) => `f${i}`)]);
    const found: string[] = [];
    let at = 0;
    for (;;) {
      const some = list(0, at, 60);
      if (some.length === 0) break;
      for (const [name, next] of some) {
        found.push(name);
        at = next;
        if (name.startsWith('f')) tree.remove(tree.find(name)!);
      }
    }
    expect(found).toEqual(all);
  });

  it('takes names and targets of links as bytes, which nothing else becomes', () => {
    const { good, ask, tree } = client();
    const raw = (writer: Writer, bytes: number[]): Writer => {
      writer.u16(bytes.length);
      for (const byte of bytes) writer.u8(byte);
      return writer;
    };
    const BOM = [0xef, 0xbb, 0xbf];
    const REPLACEMENT = [0xef, 0xbf, 0xbd];
    const names = [[0xff], [0xfe], [], BOM, REPLACEMENT, [0xed, 0xb2, 0x80]].map((end) => [0x78, ...end]);
    names.push([...BOM, 0x78]);
    const walkTo = (fid: number, name: number[]) => ask(110, raw(new Writer().u32(0).u32(fid).u16(1), name));
    names.forEach((name, index) => {
      ask(110, new Writer().u32(0).u32(1).u16(0));
      expect(ask(14, raw(new Writer().u32(1), name).u32(2).u32(0o644).u32(0)), `${name}`).not.toBe(17);
      good(118, new Writer().u32(1).u64(0).u32(1).u8(index));
    });
    names.forEach((name, index) => {
      walkTo(2, name);
      const answer = good(116, new Writer().u32(2).u64(0).u32(9));
      expect([answer.u32(), answer.u8()]).toEqual([1, index]);
    });
    const answer = good(40, new Writer().u32(0).u64(0).u32(4096));
    const end = answer.u32();
    const listed: number[][] = [];
    for (let at = 0; at < end; at += 24 + listed.at(-1)!.length) {
      answer.bytes(22);
      listed.push([...answer.bytes(answer.u16())]);
    }
    // Behind “.”, “..” and “a”.
    expect(listed.slice(3)).toEqual(names);
    // Renamed, linked to and removed by the same bytes.
    good(74, raw(raw(new Writer().u32(0), names[0]).u32(0), [0xfd]));
    expect(walkTo(3, names[0])).toBe(2);
    good(76, raw(new Writer().u32(0), [0xfd]).u32(0));
    good(16, raw(raw(new Writer().u32(0), [0x6c]), [0x74, 0xff, ...BOM]).u32(0));
    walkTo(4, [0x6c]);
    const target = good(22, new Writer().u32(4));
    expect([...target.bytes(target.u16())]).toEqual([0x74, 0xff, ...BOM]);
    expect(ask(118, new Writer().u32(4).u64(0).u32(1).u8(0))).toBe(22);
    // Bytes count, not characters: 255 at most.
    const long = (count: number) => raw(new Writer().u32(0), Array(count).fill(0xff)).u32(0o755).u32(0);
    expect([ask(72, long(256)), ask(72, long(255))]).toEqual([36, expect.any(Reader)]);
    expect(tree.files()).toContain('/x\udcfe');
  });

  it('keeps numbers of files whose names are no UTF-8', () => {
    const { tree, server, read, walk, good } = client();
    tree.put('d\udcff/f\udcfe', utf8('odd'));
    walk(1, 'd\udcff', 'f\udcfe');
    const { fids, messageMax } = server.save();
    good(120, new Writer().u32(1));
    server.restore({ messageMax, fids: JSON.parse(JSON.stringify(fids)) });
    expect(read(1, 0, 9)).toBe('odd');
  });

  it('lists a folder of 10,000 files, each once', () => {
    const { list, tree } = client();
    const names = Array.from({ length: 10_000 }, (_, i) => `file number ${i}`);
    for (const name of names) tree.put(name, new Uint8Array(0));
    const found: string[] = [];
    for (let at = 0; ; ) {
      const some = list(0, at, 8192 - 11);
      if (some.length === 0) break;
      for (const [name] of some) found.push(name);
      [, at] = some.at(-1)!;
    }
    expect(found.slice(3)).toEqual(names);
  });

  it('changes nothing in a read-only folder', () => {
    const { walk, ask } = client({ readOnly: true });
    walk(1, 'a', 'hello.txt');
    expect([
      ask(12, new Writer().u32(1).u32(1)),
      ask(118, new Writer().u32(1).u64(0).u32(1).u8(0)),
      ask(72, new Writer().u32(0).string('d').u32(0).u32(0)),
      ask(76, new Writer().u32(0).string('a').u32(0x200)),
    ]).toEqual([30, 30, 30, 30]);
  });

  it('answers anything with an answer', () => {
    const { server } = client();
    const random = randomBelow(1);
    const types = [
      8, 12, 14, 16, 18, 20, 22, 24, 26, 30, 40, 50, 52, 54, 70, 72, 74, 76, 100, 104, 108, 110, 116, 118,
      120, 122, 99,
    ];
    for (let i = 0; i < 20_000; i++) {
      const body = new Writer().u32(random(4));
      for (let k = random(12); k > 0; k--) {
        if (random(3) === 0) body.string(['a', '..', 'x', 'hello.txt'][random(4)]);
        else body.u8(random(4) ? random(3) : random(256));
      }
      const room = 11 + random(300);
      const answer = server.handle(message(types[random(types.length)], body), room);
      expect(answer.length).toBeGreaterThanOrEqual(7);
      expect(new DataView(answer.buffer, answer.byteOffset).getUint32(0, true)).toBe(answer.length);
    }
  });
});

describe('virtio-9p', () => {
  it('shows its tag and answers messages in buffers of any division', () => {
    const tree = new FileTree({ now: () => 0n });
    const type = new Virtio9p({ tree, tag: 'snow', log: new Log(), now: () => 0n });
    const { transport, memory } = mmioDevice(type);
    const [queue] = startDriver(transport, memory, { features: 1n });
    expect([transport.deviceId, transport.config(0, 2), transport.config(2, 4)]).toEqual([9, 4, 0x776f6e73]);
    const request = message(100, new Writer().u32(8192).string('9P2000.L'));
    memory.bytes.set(request, 0x8000);
    queue.add(
      [
        [0x8000, 4],
        [0x8004, request.length - 4],
      ],
      [
        [0x9000, 3],
        [0x9100, 100],
      ],
    );
    transport.notify(0);
    expect(queue.take()).toEqual([{ id: 0, length: 7 + 4 + 10 }]);
    expect([memory.bytes[0x9000], memory.bytes[0x9101]]).toEqual([21, 101]);
    // Too short for a message.
    queue.add([[0x8000, 4]], [[0x9000, 100]]);
    transport.notify(0);
    expect(queue.take()[0].length).toBe(0);
  });
});
