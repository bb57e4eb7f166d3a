/** What images are opened with. */
import type { BlockNode } from '../block/block-node.ts';
import type { MirrorNode } from '../block/filter/mirror-node.ts';
import type { OverlayNode } from '../block/filter/overlay-node.ts';
import type { BrowserCache } from '../block/stream/browser-cache.ts';
import type { DriveConfig, ImageSource, VmProgress } from '../core/vm-api.ts';
import type { StreamedNode } from './stream-watch.ts';

export interface ImageContext {
  /** Aborted when the machine is destroyed while it loads. */
  signal?: AbortSignal;
  /** What was fetched before; null: nothing is kept. */
  cache?: BrowserCache | null;
  /** Called with each image of a drive that comes over the network in pieces. */
  streamed?(drive: string, node: StreamedNode): void;
  /** Called with each file that backs an image, the nearest first. */
  backed?(file: BlockNode): void;
  /** Called while a file is loaded whole. */
  onProgress?(progress: VmProgress): void;
  /** Called with the disk that each image is, before anything is written over it; what it gives is read in its place. */
  record?(drive: string, node: BlockNode): BlockNode;
  /** Called with each disk whose writes stay in memory. */
  overlaid?(drive: string, disk: OverlaidDisk): void;
}

/** A disk whose writes are in memory, over an image that stays as it is. */
export interface OverlaidDisk {
  /** Where another node can take over. */
  place: MirrorNode;
  overlay: OverlayNode;
  image: ImageSource;
  format?: DriveConfig['format'] & string;
  /** Its backing files were chosen by the configuration, which no stored disk remembers. */
  chosenBacking: boolean;
  /** Tells the image from others. @throws VmError not-found */
  identity(): Promise<string>;
}

/** An address as the cache knows it; null: such are not kept. */
export function cacheKey(url: string): string | null {
  if (!URL.canParse(url, pageAddress())) return null;
  const { protocol, href } = new URL(url, pageAddress());
  return /^https?:$/.test(protocol) ? `file/${href.split('#', 1)[0]}` : null;
}

/** Of the page or worker; tests have none. */
export const pageAddress = (): string => globalThis.location?.href ?? 'http://localhost/';
