import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { FullConfig, FullResult, Reporter, Suite } from 'playwright/types/testReporter';

/**
 * Comes before all other reporters of `snowglobe test`: gives suites the names of their .vmtest files in the place of what was generated from them, and
 * leaves how the run ended to the command line.
 */
export default class VmTestReporter implements Reporter {
  onBegin({ rootDir }: FullConfig, suite: Suite): void {
    for (const project of suite.suites) {
      for (const file of project.suites) {
        const [test] = file.allTests();
        if (!test || file.type !== 'file') continue;
        file.title = relative(rootDir, test.location.file);
        file.location = { ...test.location, line: 0, column: 0 };
      }
    }
  }

  onEnd({ status }: FullResult): void {
    const path = process.env['SNOWGLOBE_TEST_STATUS'];
    if (path) writeFileSync(path, status);
  }

  printsToStdio(): boolean {
    return false;
  }
}
