// Many tabs of one browser: one connection, everything in every tab once, and a leader that may go at any time.

import { expect, test } from '../support/fixtures';
import { EventPage } from '../support/pages';

test('P9 ten tabs have one connection, and its tab may be closed while things happen', async ({
  api,
  context,
  eventPage,
  server,
}) => {
  const event = await api.createEvent();
  await eventPage.open(event.id);
  const others: EventPage[] = [];
  while (others.length < 9) {
    const tab = new EventPage(await context.newPage(), server.url);
    await tab.open(event.id);
    others.push(tab);
  }
  await expect.poll(() => api.stats(event.id)).toEqual({ watchers: 1, subscriptions: 1 });
  await api.post(event.id, 'before 1');
  for (const tab of [eventPage, ...others]) await expect(tab.item('before 1')).toHaveCount(1);

  const posts = (async () => {
    for (let n = 1; n <= 10; n += 1) await api.post(event.id, `while ${n};`);
  })();
  await eventPage.page.close();
  await posts;
  const closed = Date.now();
  for (const tab of others) await expect(tab.items).toHaveCount(11, { timeout: 2000 });
  expect(Date.now() - closed, 'the next tab took over').toBeLessThan(2000);
  for (const tab of others) {
    for (let n = 1; n <= 10; n += 1) await expect(tab.item(`while ${n};`)).toHaveCount(1);
  }
  await expect.poll(() => api.stats(event.id)).toEqual({ watchers: 1, subscriptions: 1 });
});

test('P9 without locks every tab has a connection of its own', async ({ api, context, eventPage, server }) => {
  await context.addInitScript(() => Object.defineProperty(navigator, 'locks', { value: undefined }));
  const event = await api.createEvent();
  await eventPage.open(event.id);
  const tab = new EventPage(await context.newPage(), server.url);
  await tab.open(event.id);
  await expect.poll(() => api.stats(event.id)).toEqual({ watchers: 1, subscriptions: 2 });
  await api.post(event.id, 'for both');
  for (const each of [eventPage, tab]) await expect(each.item('for both')).toHaveCount(1);
});

test('P9 two browsers have a connection each', async ({ another, api, eventPage }) => {
  const event = await api.createEvent();
  await eventPage.open(event.id);
  await (await another()).open(event.id);
  await expect.poll(() => api.stats(event.id)).toEqual({ watchers: 2, subscriptions: 2 });
});
