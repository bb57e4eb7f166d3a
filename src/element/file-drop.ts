/** Files and folders that are dropped on the element: they go into a folder that the machine shares with its guest (9P). */
import { VmError } from '../core/errors.ts';
import type { Vm, VmFolder } from '../core/vm-api.ts';
import { toVmError } from './failure.ts';
import { formatBytes } from './format.ts';

/** A file that was dropped, and its path within what was dropped, such as `photos/2026/snow.png`. */
export interface DroppedFile {
  readonly path: string;
  readonly file: File;
}

/** What was dropped; `folders` has the paths of all folders in it, each after the one that it lies in. */
export interface FileDrop {
  readonly files: readonly DroppedFile[];
  readonly folders: readonly string[];
}

/** Whether something that is dragged has files. */
export const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false;

/** More than a shared folder takes: who drops a whole disk is not kept waiting for a listing of it. */
const ENTRIES_MAX = 100_000;

const fileOf = (entry: FileSystemFileEntry): Promise<File> =>
  new Promise((resolve, reject) => entry.file(resolve, reject));

/** All entries of a folder: the browser gives some at a time, and none at the end. */
async function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0 || all.length > ENTRIES_MAX) return all;
    all.push(...some);
  }
}

/**
 * What a drop brings, with what lies in its folders. Call it within the event: its list is empty afterwards.
 * @throws VmError if something cannot be read, or is too much
 */
export async function droppedFiles(data: DataTransfer): Promise<FileDrop> {
  const plain = [...data.files];
  const tops = [...data.items].flatMap((item) => (item.kind === 'file' ? [item.webkitGetAsEntry()] : []));
  // Files that a script has put there have no entries.
  if (tops.length === 0 || tops.some((entry) => entry === null))
    return { files: plain.map((file) => ({ path: file.name, file })), folders: [] };
  const files: DroppedFile[] = [];
  const folders: string[] = [];
  const waiting = (tops as FileSystemEntry[]).map((entry) => ({ entry, path: entry.name })).reverse();
  try {
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      const { entry, path } = next;
      if (entry.isDirectory) {
        folders.push(path);
        const inside = await entriesOf(entry as FileSystemDirectoryEntry);
        for (const one of inside.reverse()) waiting.push({ entry: one, path: `${path}/${one.name}` });
      } else files.push({ path, file: await fileOf(entry as FileSystemFileEntry) });
      if (files.length + folders.length + waiting.length > ENTRIES_MAX)
        throw new RangeError(`There are more than ${ENTRIES_MAX} files: drop fewer, or an archive of them.`);
    }
  } catch (error) {
    throw toVmError(error);
  }
  return { files, folders };
}

/** How a guest mounts a folder. */
export const mountCommand = (tag: string): string => `mount -t 9p -o trans=virtio ${tag} /mnt`;

/**
 * Puts what was dropped into a shared folder.
 * @returns what was done, for people
 * @throws VmError what does not fit, or cannot be read: what came before it is there
 */
export async function shareDrop(folder: VmFolder, { files, folders }: FileDrop): Promise<string> {
  const there = new Set(folder.list());
  // Before anything is read or written: what does not fit is not begun.
  const added = files.reduce((sum, { path, file }) => sum + (there.has(`/${path}`) ? 0 : file.size), 0);
  if (added > folder.room)
    throw new VmError(
      'too-large',
      `What was dropped (${formatBytes(added)}) has no room in the shared folder “${folder.tag}”, which takes ${formatBytes(folder.room)} more. Make it an image, and give it to the machine as a disk.`,
    );
  for (const path of folders) folder.mkdir(path);
  let bytes = 0;
  let replaced = 0;
  for (const { path, file } of files) {
    let content: Uint8Array;
    try {
      content = new Uint8Array(await file.arrayBuffer());
    } catch (error) {
      throw toVmError(error);
    }
    folder.write(path, content);
    if (there.has(`/${path}`)) replaced++;
    bytes += content.length;
  }
  const [first] = files;
  const what = files.length === 1 && first ? `“${first.path}”` : `${files.length} files`;
  const over =
    replaced === 0
      ? ''
      : files.length === 1
        ? ' in place of the one before'
        : `, ${replaced} of them in place of older ones`;
  return `${what} (${formatBytes(bytes)}) ${files.length === 1 ? 'lies' : 'lie'} in the shared folder “${folder.tag}”${over}. In the guest: ${mountCommand(folder.tag)}`;
}

export interface DropParts {
  vm(): Vm | null;
  /** Whether the element takes drops. */
  isOn(): boolean;
  /** Tells the page. @returns false: the page has taken it */
  tell(drop: FileDrop): boolean;
  /** Whether the machine is looked at only. */
  isReadOnly(): boolean;
  say(text: string): void;
}

/** Takes files that are dropped on a part of the page. */
export function takeDrops(target: HTMLElement, { vm, isOn, isReadOnly, tell, say }: DropParts): void {
  // Nested parts enter and leave, too.
  let depth = 0;
  const mark = (change: number): void => {
    depth = Math.max(0, depth + change);
    target.classList.toggle('dropping', depth > 0);
  };
  const wanted = (event: DragEvent): boolean => hasFiles(event) && isOn();
  target.addEventListener('dragenter', (event) => wanted(event) && mark(1));
  target.addEventListener('dragleave', (event) => wanted(event) && mark(-1));
  // Without this the browser leaves the page for the file, and the machine ends.
  target.addEventListener('dragover', (event) => wanted(event) && event.preventDefault());
  target.addEventListener('drop', async (event) => {
    mark(-depth);
    if (!wanted(event)) return;
    event.preventDefault();
    try {
      const drop = await droppedFiles(event.dataTransfer!);
      if (!tell(drop)) return;
      const machine = vm();
      if (isReadOnly()) say('This machine is looked at only: it takes no files.');
      else if (!machine || (machine.state !== 'running' && machine.state !== 'paused'))
        say('The machine does not run: files are for a guest that runs.');
      else if (!machine.folders[0])
        say(
          'This machine shares no folder with its guest: start it with one (-virtfs), and drop files here.',
        );
      else say(await shareDrop(machine.folders[0], drop));
    } catch (error) {
      say(toVmError(error).message);
    }
  });
}
