import type { Page } from 'playwright/test';

/** Answers requests for `address` with a page that is isolated as the site is. */
export const serveIsolated = (page: Page, address: string, body: string): Promise<unknown> =>
  page.route(address, (route) =>
    route.fulfill({
      contentType: 'text/html',
      headers: {
        'Cross-Origin-Opener-Policy': 'same-origin',
        'Cross-Origin-Embedder-Policy': 'require-corp',
      },
      body: `<!doctype html>${body}`,
    }),
  );
