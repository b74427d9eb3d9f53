// What the reader is told about the connection: nothing of a short drop, the truth about a long one.

import { NETWORK, expect, test } from '../support/fixtures';
import { recordIndicator } from '../support/measure';

test('P8 a drop shorter than two seconds shows nothing', async ({ api, faults, network, page, proxied }) => {
  faults.allow(...NETWORK);
  const event = await api.createEvent();
  await proxied.open(event.id);
  await proxied.isLive();
  const indicator = await recordIndicator(page);

  network.cut();
  await expect.poll(async () => (await proxied.counters()).reconnects).toBe(1);
  await api.post(event.id, 'And on it goes');
  await expect(proxied.item('And on it goes')).toBeVisible();

  expect(await indicator()).toEqual({ statuses: ['live'], banners: 0 });
});

test('P8 a longer drop: one banner with the countdown, then "Back online" for a moment', async ({
  api,
  faults,
  network,
  page,
  proxied,
}) => {
  faults.allow(...NETWORK);
  const event = await api.createEvent();
  await proxied.open(event.id);
  await proxied.isLive();
  await page.evaluate(() => {
    const seen = { downAt: 0, bannerAt: 0 };
    Object.assign(window, { __seen: seen });
    setInterval(() => {
      if (!seen.downAt && window.__touchline.status() === 'reconnecting') seen.downAt = performance.now();
    }, 5);
    new MutationObserver(() => {
      const there = document.querySelector('[aria-label="Connection lost"]') !== null;
      if (there && !seen.bannerAt) seen.bannerAt = performance.now();
    }).observe(document.body, { childList: true, subtree: true });
  });

  network.down();
  await expect(proxied.lost).toBeVisible();
  const { downAt, bannerAt } = await page.evaluate(
    () => (window as unknown as { __seen: { downAt: number; bannerAt: number } }).__seen,
  );
  expect(bannerAt - downAt, 'not before two seconds').toBeGreaterThan(1900);
  expect(bannerAt - downAt, 'and not long after').toBeLessThan(3000);
  await expect(proxied.lost).toHaveCount(1);
  await expect(proxied.lost).toContainText(/Out of date since \d{1,2}:\d{2}/);
  await expect(proxied.lost).toContainText(/Next try in \d+ s/);
  await proxied.expectStatus('reconnecting');
  await expect(proxied.connection).toContainText('Reconnecting');
  await expect(proxied.voice).toContainText('Connection lost');
  const missed = await api.post(event.id, 'Missed meanwhile');

  await expect(proxied.tryNow).toBeEnabled();

  network.admit();
  await expect(proxied.backOnline).toBeVisible();
  await expect(proxied.lost).toHaveCount(0);
  await proxied.isLive();
  await proxied.expectExactly([missed.offset]);
  await expect(proxied.backOnline).toHaveCount(0);
});

test('P8 "Try now" tries at once, whatever the browser believes', async ({ api, faults, network, page, proxied }) => {
  faults.allow(...NETWORK);
  const event = await api.createEvent();
  await proxied.open(event.id);
  await proxied.isLive();

  network.down();
  await expect.poll(() => proxied.status()).toBe('reconnecting');
  // Told that there is no network, the page tries nothing by itself any more.
  await page.evaluate(() => window.dispatchEvent(new Event('offline')));
  await expect(proxied.lost).toContainText('No network');
  const missed = await api.post(event.id, 'Missed meanwhile');
  network.admit();
  expect(await proxied.status()).toBe('offline');

  await proxied.tryNow.click();
  await expect.poll(() => proxied.status(), { timeout: 1500 }).toBe('live');
  await expect(proxied.backOnline).toBeVisible();
  await proxied.expectExactly([missed.offset]);
});

test('P8 without a network the page says so, and comes back when there is one', async ({
  api,
  context,
  faults,
  network,
  proxied,
}) => {
  faults.allow(...NETWORK);
  const event = await api.createEvent();
  await proxied.open(event.id);
  await proxied.isLive();

  network.down();
  await context.setOffline(true);
  await proxied.expectStatus('offline');
  await expect(proxied.lost).toContainText('No network');
  await expect(proxied.lost).toHaveCount(1);
  await api.post(event.id, 'Missed meanwhile');

  network.admit();
  await context.setOffline(false);
  await proxied.isLive();
  await expect(proxied.backOnline).toBeVisible();
  await expect(proxied.item('Missed meanwhile')).toBeVisible();
});

test('P8 the indicator stands on every page', async ({ api, eventsPage, page, server, faults }) => {
  faults.allow(/404/);
  const event = await api.createEvent();
  for (const path of ['/', `/events/${event.id}`]) {
    await page.goto(server.url + path);
    await eventsPage.isLive();
    await expect(eventsPage.connection).toContainText('Live');
  }
  await page.goto(`${server.url}/nowhere`);
  await expect(eventsPage.connection).toBeVisible();
});
