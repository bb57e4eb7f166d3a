/** Files that are dropped on the page. */
import type { Page } from 'playwright/test';

export interface Dropped {
  name: string;
  content: Buffer;
}

/** Where a drop on the machine lands. */
export const CONSOLE = 'vm-console .stage';

/** Drops what lies on this computer, folders too, through the browser's own drag and drop. */
export async function dropPaths(page: Page, paths: readonly string[], target = CONSOLE): Promise<void> {
  const box = (await page.locator(target).boundingBox())!;
  const point = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  const data = { items: [], files: [...paths], dragOperationsMask: 1 };
  const session = await page.context().newCDPSession(page);
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
    await session.send('Input.dispatchDragEvent', { type, ...point, data });
  await session.detach();
}

/** Drops files as a person does: they enter, move over, and are let go of. @param target a selector */
export async function dropFiles(page: Page, files: readonly Dropped[], target = 'body'): Promise<void> {
  const packed = files.map(({ name, content }) => [name, content.toString('base64')] as const);
  await page.locator(target).evaluate((element, packed) => {
    const dataTransfer = new DataTransfer();
    for (const [name, content] of packed)
      dataTransfer.items.add(new File([Uint8Array.from(atob(content), (char) => char.charCodeAt(0))], name));
    const init = { dataTransfer, bubbles: true, composed: true, cancelable: true };
    for (const type of ['dragenter', 'dragover', 'drop']) element.dispatchEvent(new DragEvent(type, init));
  }, packed);
}
