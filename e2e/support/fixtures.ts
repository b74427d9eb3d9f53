// What every test starts from: a server of its own, a network in front of it, its REST interface, pages that
// are watched for faults. A test takes what it names.

import { test as base, type Browser, type BrowserContextOptions } from '@playwright/test';
import { Api } from './api';
import { EventPage, EventsPage } from './pages';
import { Faults, NETWORK } from './faults';
import { Network } from './network';
import { Server } from './server';

export { expect } from '@playwright/test';
export { NETWORK };

interface Fixtures {
  /** Flags of the server; set by `test.use`. */
  serverFlags: string[];
  server: Server;
  network: Network;
  api: Api;
  faults: Faults;
  /** The page of the test, as a timeline, straight from the server. */
  eventPage: EventPage;
  /** The same through the network of the test. */
  proxied: EventPage;
  eventsPage: EventsPage;
  /** Another browser on the same server: own storage, own connection. */
  another: (options?: BrowserContextOptions & { url?: string }) => Promise<EventPage>;
}

export const test = base.extend<Fixtures>({
  serverFlags: [[], { option: true }],

  server: async ({ serverFlags }, use, info) => {
    const server = await Server.start(serverFlags);
    await use(server);
    await server.dispose();
    if (info.status !== info.expectedStatus) {
      await info.attach('server.log', { body: server.log, contentType: 'text/plain' });
    }
  },

  network: async ({ server }, use) => {
    const network = await Network.start(server.port);
    await use(network);
    await network.dispose();
  },

  api: async ({ server }, use) => use(new Api(server)),

  faults: [
    // The server outlives the verdict: that it goes is no fault.
    async ({ context, server: _server }, use) => {
      const faults = new Faults();
      faults.watch(context);
      await use(faults);
      base.expect(faults.unexpected, 'faults that the test did not provoke').toEqual([]);
    },
    { auto: true },
  ],

  eventPage: async ({ page, server }, use) => use(new EventPage(page, server.url)),

  proxied: async ({ page, network }, use) => use(new EventPage(page, network.url)),

  eventsPage: async ({ page, server }, use) => use(new EventsPage(page, server.url)),

  another: async ({ browser, server, faults }, use) => {
    const contexts: Awaited<ReturnType<Browser['newContext']>>[] = [];
    await use(async ({ url, ...options } = {}) => {
      const context = await browser.newContext({ locale: 'en-GB', timezoneId: 'UTC', serviceWorkers: 'block', ...options });
      contexts.push(context);
      faults.watch(context);
      return new EventPage(await context.newPage(), url ?? server.url);
    });
    for (const context of contexts) await context.close();
  },
});
