import { defineConfig } from 'vitest/config';

/** `SNOWGLOBE_LONG=1` (npm run test:long) runs *.long.test.ts and nothing else; an ordinary run leaves them out. */
const long = process.env.SNOWGLOBE_LONG === '1';

export default defineConfig({
  test: {
    include: long
      ? ['{src,assembly,scripts,tests}/**/*.long.test.{ts,mjs}']
      : ['{src,assembly,scripts,tests}/**/*.test.{ts,mjs}'],
    exclude: ['**/node_modules/**', 'build/**', '.cache/**', ...(long ? [] : ['**/*.long.test.{ts,mjs}'])],
    environment: 'node',
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: long ? 600_000 : 30_000,
    hookTimeout: 60_000,
  },
});
