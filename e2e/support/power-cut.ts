/**
 * A browser that dies while a Linux guest writes to stored disks, and what must be there afterwards: everything that the guest knew to be
 * flushed. Needs the image riscv64-disks, qemu-img and e2fsprogs.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, expect, type Page } from 'playwright/test';
import { chromiumLaunchOptions } from '../../src/cli/chromium.ts';
import { RunnerPage } from '../../src/cli/runner-page.ts';
import { type SiteServer, startSiteServer } from '../../src/cli/site-server.ts';
import { openModulePage } from './bundle.ts';
import { exportDisk } from './export-disk.ts';
import { write } from './files.ts';
import { image } from './images.ts';
import { LOAD, PROMPT } from './linux-shell.ts';
import { noise } from './noise.ts';

declare const store: typeof import('../browser/store.ts');

const MIB = 1048576;
const BLOCK = 4096;
/** Blocks that are written in turn, far enough from each other that each lies in another record. */
const BLOCKS = 40;
const BLOCK_STEP = 25;
const DISKS = ['Blocks', 'Files'] as const;

/** Kills what a power cut or an overfull computer would: the whole browser, or the tab's process alone. */
export type Cut = 'browser' | 'tab';

/** Files that are written in turn: all of them fit on the disk. */
const FILES = 400;

/** Begins at number $1: block after block, and file after file, each flushed before its number is said. */
const WRITE = [
  `cd /; ${LOAD}; mkdir -p /d`,
  // Which disk comes first is the order in which the kernel finds them.
  'for d in vda vdb; do [ $(cat /sys/block/$d/size) = 8193 ] && ln -s /dev/$d /blocks || ln -s /dev/$d /files; done',
  'mount -t ext4 /files /d || echo MOUNT FAI""LED',
  'cat > /load <<"END"',
  'i=$1; while :; do',
  `yes $i | head -c 4096 | dd of=/blocks bs=4096 seek=$((i % ${BLOCKS} * ${BLOCK_STEP})) conv=notrunc,fsync 2>/dev/null || echo DISK FAI""LED`,
  `yes $i | head -c 9000 | dd of=/d/f$((i % ${FILES})) conv=fsync 2>/dev/null || echo FILE FAI""LED`,
  'echo "<$i>"; i=$((i + 1)); done',
  'END',
].join('\n');

/** Ends the processes of the browser with this profile, and no others. */
function killBrowser(profile: string): void {
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      if (words.includes(`--user-data-dir=${profile}`)) process.kill(Number(pid), 'SIGKILL');
    } catch {
      // It ended meanwhile.
    }
  }
}

export class PowerCuts {
  private readonly profile = mkdtempSync(join(tmpdir(), 'snowglobe-cut-'));
  private readonly folder: string;
  private site!: SiteServer;
  private context: BrowserContext | null = null;
  private readonly images: string[] = [];
  /** The last number that the guest said. */
  private flushed = 0;

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    this.folder = folder;
  }

  async open(): Promise<void> {
    this.site = await startSiteServer();
    const files = join(this.folder, 'files.img');
    execFileSync('mke2fs', ['-q', '-F', '-t', 'ext4', '-b', '4096', files, '24M']);
    this.images.push(write(this.folder, 'blocks.img', noise(4 * MIB + 512, 4)), files);
  }

  async close(): Promise<void> {
    await this.context?.close();
    await this.site.close();
    rmSync(this.profile, { recursive: true, force: true });
  }

  private async page(): Promise<Page> {
    this.context ??= await chromium.launchPersistentContext(this.profile, chromiumLaunchOptions());
    return this.context.newPage();
  }

  /** Lets the guest write, and pulls the plug at a random moment. @returns how many numbers it said */
  async cut(how: Cut, delayMs: number): Promise<number> {
    const page = await this.page();
    const vm = (await RunnerPage.open(page, this.site)).createVm();
    let text = '';
    let failed: unknown = null;
    vm.on('serial', ({ bytes }) => {
      text += Buffer.from(bytes).toString('latin1');
    });
    vm.on('error', (error) => {
      failed = error;
    });
    const first = this.flushed + 1;
    await vm.boot({
      ...image('riscv64-disks'),
      append: 'console=ttyS0 quiet cryptomgr.notests',
      memory: 192,
      drives: DISKS.map((persist, i) => ({ file: this.images[i], interface: 'virtio', persist })),
    });
    const said = async (what: string | RegExp): Promise<void> => {
      await expect.poll(() => failed ?? text, { timeout: 60_000 }).toMatch(what);
    };
    await said(PROMPT);
    await vm.send(`${WRITE}\nsh /load ${first}\n`);
    await said(`<${first}>`);
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    if (how === 'browser') {
      killBrowser(this.profile);
      await this.context!.close().catch(() => {});
      this.context = null;
    } else {
      const session = await page.context().newCDPSession(page);
      await Promise.race([
        session.send('Page.crash').catch(() => {}),
        new Promise<void>((resolve) => page.once('crash', () => resolve())),
      ]);
      await page.close();
    }
    expect(text).not.toContain('FAILED');
    const numbers = [...text.matchAll(/<(\d+)>/g)].map(([, number]) => Number(number));
    this.flushed = Math.max(...numbers);
    return numbers.length;
  }

  /** Opens the browser again and looks at both disks. */
  async verify(): Promise<void> {
    const page = await this.page();
    await openModulePage(page, `${this.site.url}/`, 'e2e/browser/store.ts', 'store');
    const disks = await page.evaluate(async (names) => {
      const all = store.storedDisks();
      return Promise.all(
        names.map(async (name) => {
          const { id } = (await store.take(all.findDisk(name)))!;
          return { id, problems: await store.take(all.checkDisk(id)) };
        }),
      );
    }, DISKS);
    expect(disks.map(({ problems }) => problems)).toEqual([[], []]);
    const [blocks, files] = disks.map(({ id }) => id);
    const raw = await exportDisk(page, blocks, 'raw', join(this.folder, 'blocks.raw'));
    this.lookAtBlocks(readFileSync(raw));
    const packed = await exportDisk(page, files, 'qcow2', join(this.folder, 'files.qcow2'));
    expect(execFileSync('qemu-img', ['check', packed], { encoding: 'utf8' })).toContain(
      'No errors were found',
    );
    const tree = join(this.folder, 'files.raw');
    execFileSync('qemu-img', ['convert', '-O', 'raw', packed, tree]);
    this.lookAtFiles(tree);
    await page.close();
  }

  /** A block has the last number that was flushed to it, or a later one that was on its way. */
  private lookAtBlocks(disk: Buffer): void {
    for (let number = Math.max(1, this.flushed - BLOCKS + 1); number <= this.flushed; number++) {
      const at = (number % BLOCKS) * BLOCK_STEP * BLOCK;
      const text = disk.subarray(at, at + BLOCK).toString('latin1');
      const found = Number.parseInt(text, 10);
      expect(found, `block of number ${number}`).toBeGreaterThanOrEqual(number);
      expect(found % BLOCKS).toBe(number % BLOCKS);
      expect(text).toBe(`${found}\n`.repeat(BLOCK).slice(0, BLOCK));
    }
    // What lies between them was never written.
    const untouched = noise(disk.length, 4);
    expect(
      disk.subarray(BLOCK, BLOCK * BLOCK_STEP).equals(untouched.subarray(BLOCK, BLOCK * BLOCK_STEP)),
    ).toBe(true);
  }

  /** The journal is replayed, and nothing else is wrong; every file whose number was said has its content. */
  private lookAtFiles(disk: string): void {
    const replayed = run('e2fsck', ['-f', '-p', disk]);
    expect(replayed.status, replayed.output).toBeLessThanOrEqual(1);
    const checked = run('e2fsck', ['-f', '-n', disk]);
    expect(checked.status, checked.output).toBe(0);
    const files = join(this.folder, 'files');
    rmSync(files, { recursive: true, force: true });
    mkdirSync(files);
    execFileSync('debugfs', ['-R', `rdump / ${files}`, disk], { stdio: 'pipe' });
    for (let number = Math.max(1, this.flushed - 60); number <= this.flushed; number++) {
      const text = readFileSync(join(files, `f${number % FILES}`), 'latin1');
      expect(text, `file of number ${number}`).toBe(`${number}\n`.repeat(9000).slice(0, 9000));
    }
  }
}

function run(program: string, args: string[]): { status: number; output: string } {
  try {
    return { status: 0, output: execFileSync(program, args, { encoding: 'utf8', stdio: 'pipe' }) };
  } catch (error) {
    const { status, stdout, stderr } = error as { status: number; stdout: string; stderr: string };
    return { status, output: stdout + stderr };
  }
}
