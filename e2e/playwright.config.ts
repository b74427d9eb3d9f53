// How the browser tests run: in which browsers, how many at a time, what is kept of a failure.
//
// They need a built `touchline` (TOUCHLINE_BIN, by default the release binary) and start as many servers
// as they like, each on a port and a data directory of its own. Browsers of the system are used where they
// are; Playwright's own otherwise.

import { existsSync } from 'node:fs';
import { defineConfig } from '@playwright/test';

const system = (path: string) => (existsSync(path) ? path : undefined);
const chromium = system('/usr/bin/chromium');
const firefox = system('/usr/bin/firefox-esr');

export default defineConfig({
  testDir: 'tests',
  outputDir: 'test-results',
  preserveOutput: 'failures-only',
  globalSetup: './support/setup.ts',
  timeout: 45_000,
  expect: { timeout: 8_000 },
  fullyParallel: true,
  // Two browsers at a time leave a processor to nobody else: what is measured in milliseconds suffers.
  workers: 2,
  retries: 0,
  forbidOnly: true,
  reporter: [['list']],
  use: {
    locale: 'en-GB',
    // What a worker fetches cannot be watched or held back by a test; offline.spec.ts has one.
    serviceWorkers: 'block',
    timezoneId: 'UTC',
    viewport: { width: 1280, height: 900 },
    screenshot: 'only-on-failure',
    trace: 'off',
    actionTimeout: 10_000,
  },
  projects: [
    {
      name: 'chromium',
      use: {
        browserName: 'chromium',
        launchOptions: {
          executablePath: chromium,
          args: [
            '--no-sandbox',
            '--disable-gpu',
            '--disable-quic',
            '--no-first-run',
            '--disable-background-networking',
            '--disable-component-update',
            '--disable-sync',
          ],
        },
      },
    },
    {
      name: 'firefox',
      // What does not depend on the browser runs in one.
      grepInvert: /@chromium/,
      use: {
        browserName: 'firefox',
        ...(firefox ? { channel: 'moz-firefox', launchOptions: { executablePath: firefox } } : {}),
      },
    },
  ],
});
