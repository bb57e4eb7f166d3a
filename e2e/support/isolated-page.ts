import type { Page } from 'playwright/test';
import { ISOLATION_HEADERS } from '../../src/cli/static-server.ts';

/** Answers requests for `address` with a page that is isolated as the site is. */
export const serveIsolated = (page: Page, address: string, body: string): Promise<unknown> =>
  page.route(address, (route) =>
    route.fulfill({
      contentType: 'text/html',
      headers: ISOLATION_HEADERS,
      body: `<!doctype html>${body}`,
    }),
  );
