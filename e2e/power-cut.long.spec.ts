/** As power-cut.spec.ts, fifty times. */
import { test } from 'playwright/test';
import { PowerCuts } from './support/power-cut.ts';

test('no flushed write is lost, and nothing is damaged, when the tab or the browser is killed: 50 times', async ({
  browserName: _,
}, testInfo) => {
  test.setTimeout(2_700_000);
  const cuts = new PowerCuts(testInfo.outputDir);
  await cuts.open();
  try {
    for (let i = 0; i < 50; i++) {
      await cuts.cut(i % 2 === 0 ? 'browser' : 'tab', Math.random() * 6000);
      await cuts.verify();
    }
  } finally {
    await cuts.close();
  }
});
