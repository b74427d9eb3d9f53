// Many tabs of one browser: one connection, everything in every tab once, and a leader that may go at any time.

import type { BrowserContext, CDPSession, TestInfo } from '@playwright/test';
import type { Api } from '../support/api';
import { NETWORK, expect, test } from '../support/fixtures';
import { recordIndicator, report } from '../support/measure';
import { EventPage } from '../support/pages';
import { SignInPage } from '../support/people';

/** How long the tabs may be without news when the one that had the connection goes. */
const HAND_OVER_MS = 2000;
/** Meanwhile there is something new as often as this. */
const POST_EVERY_MS = 40;

/** Another tab of the same browser, on the same event. */
async function openTab(context: BrowserContext, url: string, event: string): Promise<EventPage> {
  const tab = new EventPage(await context.newPage(), url);
  await tab.open(event);
  return tab;
}

/** Notes when each item comes into the document, by the clock that pages and tests share. */
async function recordArrivals(tab: EventPage): Promise<void> {
  await tab.page.evaluate(() => {
    const arrived: Record<string, number> = {};
    Object.assign(window, { __arrived: arrived });
    new MutationObserver(() => {
      for (const row of document.querySelectorAll<HTMLElement>('[role=feed] article[data-offset]')) {
        arrived[row.dataset['offset'] ?? ''] ??= Date.now();
      }
    }).observe(document.body, { childList: true, subtree: true });
  });
}

function arrivals(tab: EventPage): Promise<Record<string, number>> {
  return tab.page.evaluate(() => (window as unknown as { __arrived: Record<string, number> }).__arrived);
}

/**
 * Ends the leading tab by `end` while items are posted one after the other. Measures, for each tab that is left, from
 * the end of the leader to the first item that was posted after it. The new leader comes first.
 */
async function handOver(
  api: Api,
  event: string,
  tabs: readonly EventPage[],
  end: () => Promise<unknown>,
  info: TestInfo,
): Promise<EventPage> {
  for (const tab of tabs) await recordArrivals(tab);
  for (let n = 0; n < 3; n += 1) await api.post(event, 'Before');
  const began = Date.now();
  const ended = end();
  const first = (await api.post(event, 'Update')).offset;
  while (Date.now() - began < HAND_OVER_MS) {
    await api.post(event, 'Update');
    await new Promise((done) => setTimeout(done, POST_EVERY_MS));
  }
  await ended;
  const offsets = (await api.allMedia(event)).map((media) => media.offset);
  await Promise.all(tabs.map((tab) => tab.expectExactly(offsets)));

  const took = new Map<EventPage, number>();
  for (const tab of tabs) {
    const since = Object.entries(await arrivals(tab)).filter(([offset]) => Number(offset) >= first);
    took.set(tab, Math.min(...since.map(([, at]) => at)) - began);
  }
  const leads = await Promise.all(tabs.map((tab) => tab.leads()));
  expect(leads.filter(Boolean), 'exactly one leads').toHaveLength(1);
  const leader = tabs[leads.indexOf(true)] as EventPage;
  report(info, 'close of the leader to first delivery, new leader', [took.get(leader) ?? Number.NaN]);
  const others = tabs.filter((tab) => tab !== leader).map((tab) => took.get(tab) ?? Number.NaN);
  if (others.length > 0) report(info, 'close of the leader to first delivery, others', others);
  expect(Math.max(...took.values()), 'from the end of the leader to the first delivery').toBeLessThan(HAND_OVER_MS);
  for (const tab of tabs) expect((await tab.counters()).holesRepaired).toBe(0);
  return leader;
}

test.describe('P9 hand-over', () => {
  // Windows would hold items back for up to a second, and that is not what is measured.
  test.use({ serverFlags: ['--window-event-ms', '0'] });

  test('P9 ten tabs have one connection, and its tab may be closed while things happen', async ({
    api,
    context,
    eventPage,
    server,
  }, info) => {
    const event = await api.createEvent();
    await eventPage.open(event.id);
    const others: EventPage[] = [];
    while (others.length < 9) others.push(await openTab(context, server.url, event.id));
    expect(await eventPage.leads()).toBe(true);
    await expect.poll(() => api.stats(event.id)).toEqual({ watchers: 1, subscriptions: 1 });

    await handOver(api, event.id, others, () => eventPage.page.close(), info);
    await expect.poll(() => api.stats(event.id)).toEqual({ watchers: 1, subscriptions: 1 });
  });

  test('P9 one leader after the other is closed, down to the last tab', async ({ api, context, eventPage, server }, info) => {
    const event = await api.createEvent();
    await eventPage.open(event.id);
    let leader = eventPage;
    let others = [await openTab(context, server.url, event.id), await openTab(context, server.url, event.id)];
    while (others.length > 0) {
      const going = leader;
      leader = await handOver(api, event.id, others, () => going.page.close(), info);
      others = others.filter((tab) => tab !== leader);
    }
    await leader.isLive();
  });

  test('P9 @chromium a leader that crashes hands over as quickly', async ({ api, context, eventPage, server }, info) => {
    const event = await api.createEvent();
    await eventPage.open(event.id);
    const others = [await openTab(context, server.url, event.id), await openTab(context, server.url, event.id)];
    await handOver(api, event.id, others, () => crash(context, eventPage), info);
    await expect.poll(() => api.stats(event.id)).toEqual({ watchers: 1, subscriptions: 1 });
  });

  // What the browser says to the page; that the page is then left alone it has to see to by itself. (Chromium
  // freezes no page that can be seen, and to it all pages of a test can.)
  for (const [what, target, going, coming] of [
    ['is frozen', 'document', 'freeze', 'resume'],
    ['goes into the back-forward cache', 'window', 'pagehide', 'pageshow'],
  ] as const) {
    test(`P9 a leader that ${what} hands over, and comes back as a follower`, async ({
      api,
      context,
      eventPage,
      server,
    }, info) => {
      const event = await api.createEvent();
      await eventPage.open(event.id);
      const others = [await openTab(context, server.url, event.id), await openTab(context, server.url, event.id)];
      const say = (name: string) =>
        eventPage.page.evaluate(
          ([target, name]) => {
            window[target].dispatchEvent(new PageTransitionEvent(name, { persisted: true }));
          },
          [target, name] as const,
        );
      let stood: string | null = null;
      const go = async () => {
        await say(going);
        stood = await eventPage.position(event.id);
      };
      const leader = await handOver(api, event.id, others, go, info);
      expect(await eventPage.position(event.id), 'the page heard nothing meanwhile').toBe(stood);
      expect(stood).not.toBe(await api.head(event.id));
      await say(coming);
      const all = await api.allMedia(event.id);
      await eventPage.expectExactly(all.map((media) => media.offset));
      await eventPage.isLive();
      expect(await eventPage.leads()).toBe(false);
      expect(await leader.leads()).toBe(true);
    });
  }
});

/** The tab's process ends as on a fault: nothing of the page runs any more. */
async function crash(context: BrowserContext, tab: EventPage): Promise<void> {
  const session = await context.newCDPSession(tab.page);
  const crashed = new Promise((done) => tab.page.once('crash', done));
  // The answer does not come any more.
  session.send('Page.crash').catch(() => undefined);
  await crashed;
}

test('P9 @chromium a leader that hangs is replaced, and serves nobody when it goes on', async ({
  api,
  context,
  eventPage,
  server,
}) => {
  const event = await api.createEvent();
  await eventPage.open(event.id);
  const tab = await openTab(context, server.url, event.id);
  const session: CDPSession = await context.newCDPSession(eventPage.page);
  await session.send('Debugger.enable');
  const paused = new Promise((done) => session.once('Debugger.paused', done));
  await session.send('Debugger.pause');
  // Whatever the page does next, it does not come to it.
  await api.post(event.id, 'Not seen there');
  await paused;
  await expect(tab.item('Not seen there')).toHaveCount(0);

  // Somebody looks at the other tab, which therefore makes sure of its leader.
  await tab.page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  // It waits for the answer to a heartbeat, then for one to a new virtual socket, five seconds each.
  await expect.poll(() => tab.leads(), { timeout: 25_000 }).toBe(true);
  await expect(tab.item('Not seen there')).toBeVisible();
  await tab.isLive();

  await session.send('Debugger.disable');
  const after = await api.post(event.id, 'For both');
  for (const each of [eventPage, tab]) await expect(each.item('For both')).toHaveCount(1);
  expect(await eventPage.leads()).toBe(false);
  expect((await eventPage.offsets())[0]).toBe(after.offset);
  await expect.poll(() => api.stats(event.id)).toEqual({ watchers: 1, subscriptions: 1 });
});

test('P9 @chromium a follower that crashes leaves no subscription behind', async ({ api, context, eventPage, server }) => {
  const event = await api.createEvent();
  const other = await api.createEvent();
  await eventPage.open(event.id);
  const tab = await openTab(context, server.url, other.id);
  await expect.poll(() => api.stats(other.id)).toEqual({ watchers: 1, subscriptions: 1 });
  await crash(context, tab);
  await expect.poll(() => api.stats(other.id)).toEqual({ watchers: 0, subscriptions: 0 });
  expect(await api.stats(event.id)).toEqual({ watchers: 1, subscriptions: 1 });
  expect(await eventPage.leads()).toBe(true);
});

test('P9 a follower shows how the connection is, and "Try now" there reaches the leader', async ({
  api,
  context,
  faults,
  network,
  proxied,
}) => {
  faults.allow(...NETWORK);
  const event = await api.createEvent();
  await proxied.open(event.id);
  const tab = await openTab(context, network.url, event.id);
  network.down();
  // Told that there is no network, the leader tries nothing by itself any more.
  await expect.poll(() => proxied.status()).toBe('reconnecting');
  await proxied.page.evaluate(() => window.dispatchEvent(new Event('offline')));
  await tab.expectStatus('offline');
  expect(await tab.status()).toBe('offline');
  await expect(tab.lost).toContainText('No network');
  const missed = await api.post(event.id, 'Missed meanwhile');
  network.admit();
  expect(await tab.status()).toBe('offline');

  await tab.tryNow.click();
  for (const each of [tab, proxied]) {
    await expect.poll(() => each.status(), { timeout: 1500 }).toBe('live');
    await each.expectExactly([missed.offset]);
    await expect(each.backOnline).toBeVisible();
  }
  expect(await proxied.leads()).toBe(true);
});

test('P9 E9 followers of a leader that polls do not poll', async ({ api, context, faults, network, proxied }) => {
  faults.allow(...NETWORK, /403/);
  const event = await api.createEvent();
  network.webSockets('forbid');
  await proxied.open(event.id);
  const tab = new EventPage(await context.newPage(), network.url);
  const asked: string[] = [];
  tab.page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await tab.open(event.id);
  for (const each of [proxied, tab]) {
    await each.expectStatus('polling');
    expect(await each.transport()).toBe('longPoll');
  }
  await api.post(event.id, 'For both');
  for (const each of [proxied, tab]) await expect(each.item('For both')).toHaveCount(1);
  expect(asked.filter((path) => path.startsWith('/api/poll') || path === '/ws')).toEqual([]);

  network.webSockets('pass');
  await proxied.networkChanged();
  for (const each of [proxied, tab]) await each.isLive();
});

test('P9 P5 the connection is made anew for all tabs, and no reader is told of a drop', async ({
  api,
  context,
  eventPage,
  server,
}) => {
  const event = await api.createEvent();
  await eventPage.open(event.id);
  const tab = await openTab(context, server.url, event.id);
  const indicators = [await recordIndicator(eventPage.page), await recordIndicator(tab.page)];
  const before = (await eventPage.counters()).connectionsOpened;

  // What a tab says to all others when somebody signs in there.
  await tab.page.evaluate(() => new BroadcastChannel('touchline.everybody').postMessage('reconnect'));
  await expect.poll(async () => (await eventPage.counters()).connectionsOpened).toBe(before + 1);
  await api.post(event.id, 'To whoever it is now');
  for (const each of [eventPage, tab]) await expect(each.item('To whoever it is now')).toHaveCount(1);
  await expect.poll(() => api.stats(event.id)).toEqual({ watchers: 1, subscriptions: 1 });
  for (const indicator of indicators) expect(await indicator()).toEqual({ statuses: ['live'], banners: 0 });
});

test('P9 P5 who signs in in a follower is served as who they are now, and not after signing out', async ({
  api,
  context,
  eventPage,
  faults,
  server,
}) => {
  // Firefox complains of a connection that is made anew while it is being made: signing out ends it, too.
  faults.allow(/40[134]/, ...NETWORK);
  const ada = await api.register('ada', 'Ada Lovelace');
  const event = await api.createEvent();
  const secret = await ada.createEvent({ title: 'A secret launch', visibility: 'private' });
  await eventPage.open(event.id);
  const tab = new EventPage(await context.newPage(), server.url);
  await new SignInPage(tab.page, server.url).asPerson('ada');
  await tab.page.getByRole('link', { name: 'A secret launch' }).click();
  await tab.isLoaded();
  await ada.post(secret.id, 'Only for us');
  await expect(tab.item('Only for us')).toBeVisible();
  expect(await tab.leads()).toBe(false);
  await expect.poll(() => ada.stats(secret.id)).toEqual({ watchers: 1, subscriptions: 1 });

  await eventPage.chooseFromAccount('Sign out');
  await expect(tab.signInLink).toBeVisible();
  await expect(tab.items).toHaveCount(0);
  await expect.poll(() => ada.stats(secret.id)).toEqual({ watchers: 0, subscriptions: 0 });
  await api.post(event.id, 'For everybody');
  await expect(eventPage.item('For everybody')).toHaveCount(1);
});

test('P9 E6 who watches is shown in every tab, in one that is opened later as well', async ({
  another,
  api,
  context,
  eventPage,
  server,
}) => {
  const event = await api.createEvent();
  await eventPage.open(event.id);
  const tab = await openTab(context, server.url, event.id);
  await (await another()).open(event.id);
  for (const each of [eventPage, tab]) await expect(each.page.getByText('2 watching')).toBeVisible();
  const late = await openTab(context, server.url, event.id);
  expect(await late.leads()).toBe(false);
  await expect(late.page.getByText('2 watching')).toBeVisible();
});

test('P9 without locks every tab has a connection of its own', async ({ api, context, eventPage, server }) => {
  await context.addInitScript(() => Object.defineProperty(navigator, 'locks', { value: undefined }));
  const event = await api.createEvent();
  await eventPage.open(event.id);
  const tab = await openTab(context, server.url, event.id);
  await expect.poll(() => api.stats(event.id)).toEqual({ watchers: 1, subscriptions: 2 });
  await api.post(event.id, 'for both');
  for (const each of [eventPage, tab]) await expect(each.item('for both')).toHaveCount(1);
});

test('P9 where locks are refused every tab has a connection of its own', async ({ api, context, eventPage, server }) => {
  await context.addInitScript(() => {
    const request = () => Promise.reject(new DOMException('not here', 'SecurityError'));
    Object.defineProperty(navigator, 'locks', { value: { request } });
  });
  const event = await api.createEvent();
  await eventPage.open(event.id);
  const tab = await openTab(context, server.url, event.id);
  await expect.poll(() => api.stats(event.id)).toEqual({ watchers: 1, subscriptions: 2 });
  await api.post(event.id, 'for both');
  for (const each of [eventPage, tab]) await expect(each.item('for both')).toHaveCount(1);
});

test('P9 two browsers, or a private window, have a connection each', async ({ another, api, eventPage }) => {
  const event = await api.createEvent();
  await eventPage.open(event.id);
  const other = await another();
  await other.open(event.id);
  await expect.poll(() => api.stats(event.id)).toEqual({ watchers: 2, subscriptions: 2 });
  for (const each of [eventPage, other]) expect(await each.leads()).toBe(true);
});

test('P9 tabs of two builds of the page do not share a connection', async ({ api, context, eventPage, server }) => {
  const event = await api.createEvent();
  await eventPage.open(event.id);
  const page = await context.newPage();
  // Before the program runs, its file has another name in the document. (A document that the test answers for
  // would not do: to Chromium it comes from nowhere, and may not connect to this machine.)
  await page.addInitScript(() => {
    new MutationObserver((_, observer) => {
      const link = document.querySelector('link[rel=modulepreload]');
      if (link === null) return;
      observer.disconnect();
      link.removeAttribute('integrity');
      link.setAttribute('href', (link.getAttribute('href') ?? '').replace(/\.js$/, '-older.js'));
    }).observe(document, { childList: true, subtree: true });
  });
  await page.route('**/*-older.js', (route) => route.fulfill({ body: '', contentType: 'text/javascript' }));
  const older = new EventPage(page, server.url);
  await older.open(event.id);
  await expect.poll(() => api.stats(event.id)).toEqual({ watchers: 1, subscriptions: 2 });
  for (const each of [eventPage, older]) expect(await each.leads()).toBe(true);
});
