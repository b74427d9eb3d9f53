// Who watches: counted for the page and for the server, and forgotten at once when somebody leaves.

import { expect, test } from '../support/fixtures';
import { EventPage } from '../support/pages';

test('E6 E7 the watchers are counted, and leaving counts at once', async ({ api, another, eventPage, page }) => {
  const event = await api.createEvent();
  await eventPage.open(event.id);
  await expect(page.getByText('1 watching')).toBeVisible();

  const other = await another();
  await other.open(event.id);
  await expect(page.getByText('2 watching')).toBeVisible();
  await expect(other.page.getByText('2 watching')).toBeVisible();
  expect(await api.stats(event.id)).toEqual({ watchers: 2, subscriptions: 2 });

  const left = Date.now();
  await other.page.close();
  await expect.poll(() => api.stats(event.id), { intervals: [20] }).toEqual({ watchers: 1, subscriptions: 1 });
  expect(Date.now() - left, 'no timeout was waited for').toBeLessThan(1500);
  await expect(page.getByText('1 watching')).toBeVisible({ timeout: 3000 });
});

test('E6 E7 two tabs are one watcher; going to another page ends the subscription', async ({
  api,
  context,
  eventPage,
  page,
  server,
}) => {
  const event = await api.createEvent();
  await eventPage.open(event.id);
  const tab = new EventPage(await context.newPage(), server.url);
  await tab.open(event.id);
  await expect.poll(() => api.stats(event.id)).toEqual({ watchers: 1, subscriptions: 1 });

  await tab.page.getByRole('link', { name: 'All events' }).click();
  await expect.poll(() => api.stats(event.id), { intervals: [20] }).toEqual({ watchers: 1, subscriptions: 1 });

  await page.goto('about:blank');
  await expect.poll(() => api.stats(event.id), { intervals: [20] }).toEqual({ watchers: 0, subscriptions: 0 });
});
