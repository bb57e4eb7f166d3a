/** Stored disks after the browser was killed under write load. Needs the image riscv64-disks, qemu-img and e2fsprogs. */
import { test } from 'playwright/test';
import { PowerCuts } from './support/power-cut.ts';

test('no flushed write is lost, and nothing is damaged, when the tab or the browser is killed: 5 times', async ({
  browserName: _,
}, testInfo) => {
  test.setTimeout(300_000);
  const cuts = new PowerCuts(testInfo.outputDir);
  await cuts.open();
  try {
    for (const how of ['browser', 'tab', 'browser', 'tab', 'browser'] as const) {
      await cuts.cut(how, Math.random() * 1000);
      await cuts.verify();
    }
  } finally {
    await cuts.close();
  }
});
