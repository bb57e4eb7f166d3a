/** What images are opened with. */
import type { BlockNode } from '../block/block-node.ts';
import type { BrowserCache } from '../block/stream/browser-cache.ts';
import type { VmProgress } from '../core/vm-api.ts';
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
}

/** An address as the cache knows it; null: such are not kept. */
export function cacheKey(url: string): string | null {
  if (!URL.canParse(url, pageAddress())) return null;
  const { protocol, href } = new URL(url, pageAddress());
  return /^https?:$/.test(protocol) ? `file/${href.split('#', 1)[0]}` : null;
}

/** Of the page or worker; tests have none. */
export const pageAddress = (): string => globalThis.location?.href ?? 'http://localhost/';
