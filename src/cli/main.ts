import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from './guest-files.ts';
import { helpText, parseCommand } from '../command/options.ts';
import { EXIT_FAILED, EXIT_OK, EXIT_USAGE } from './report.ts';
import { run } from './run.ts';
import { UsageError } from '../command/usage-error.ts';

const version = (): string => JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')).version;

async function main(argv: readonly string[]): Promise<number> {
  if (argv[0] === 'test') {
    const { runTests } = await import('./vmtest/run-tests.ts');
    return runTests(argv.slice(1));
  }
  const command = parseCommand(argv);
  switch (command.kind) {
    case 'help':
      process.stdout.write(helpText());
      return EXIT_OK;
    case 'version':
      process.stdout.write(`snowglobe ${version()}\n`);
      return EXIT_OK;
    case 'text':
      process.stdout.write(command.text);
      return EXIT_OK;
    case 'run':
      return run(command.options);
  }
}

const status = await main(process.argv.slice(2)).catch((error: unknown) => {
  if (error instanceof UsageError) {
    process.stderr.write(`snowglobe: ${error.message}\n`);
    return EXIT_USAGE;
  }
  process.stderr.write(`snowglobe: ${error instanceof Error ? error.message : error}\n`);
  return EXIT_FAILED;
});
// Not process.exitCode: an open stdin, or a browser that is still starting, would keep the process.
process.exit(status);
