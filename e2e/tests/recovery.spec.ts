// What happens in between arrives, once, in order: after a lost network, a killed server, a restart, a
// reload, a page that was left and come back to.

import { NETWORK, expect, test } from '../support/fixtures';
import { report } from '../support/measure';
import { Writer } from '../support/writer';

const texts = (count: number, what = 'Update') => Array.from({ length: count }, (_, n) => `${what} ${n + 1}`);

test('E8 two hundred and fifty items missed while offline are all there, once, in order', async ({
  api,
  context,
  faults,
  network,
  proxied,
}) => {
  faults.allow(...NETWORK);
  const event = await api.createEvent();
  const before = await api.postMany(event.id, texts(3, 'Before'));
  await proxied.open(event.id);
  await proxied.isLive();
  await proxied.expectExactly(before.map((media) => media.offset));

  network.down();
  await context.setOffline(true);
  await expect.poll(() => proxied.status()).toMatch(/^(?:reconnecting|offline)$/);
  const missed = await api.postMany(event.id, texts(250, 'Missed'));
  expect(await proxied.offsets()).toHaveLength(3);
  network.admit();
  await context.setOffline(false);

  await proxied.loadAll(event.id, await api.head(event.id));
  await proxied.expectExactly([...before, ...missed].map((media) => media.offset));
  await expect(proxied.items.first()).toContainText('Missed 250');
  const counters = await proxied.counters();
  expect(counters.holesRepaired).toBe(0);
  await proxied.isLive();
});

test('E8 a server that is killed and started again: caught up within 2 s of its return', async ({
  api,
  faults,
  network,
  proxied,
  server,
}, info) => {
  faults.allow(...NETWORK);
  const event = await api.createEvent();
  await proxied.open(event.id);
  await proxied.isLive();
  const all: number[] = [];
  const took: number[] = [];

  for (let round = 1; round <= 3; round += 1) {
    all.push((await api.post(event.id, `Before kill ${round}`)).offset);
    await server.kill();
    network.cut();
    await expect.poll(() => proxied.status()).toBe('reconnecting');
    await server.start();
    const back = Date.now();
    const posted = await api.post(event.id, `After return ${round}`);
    all.push(posted.offset);
    await proxied.item(posted.text ?? '').waitFor({ state: 'attached', timeout: 5000 });
    took.push(Date.now() - back);
    await proxied.isLive();
  }

  report(info, 'server back to caught up', took);
  expect(Math.max(...took)).toBeLessThan(2200);
  expect(took.sort((a, b) => a - b)[1]).toBeLessThan(2000);
  await proxied.expectExactly(all);
});

test('E8 @chromium a network that breaks again and again while posts keep coming loses nothing', async ({
  api,
  faults,
  network,
  proxied,
}) => {
  faults.allow(...NETWORK);
  const event = await api.createEvent();
  await proxied.open(event.id);
  await proxied.isLive();
  const writer = new Writer(api, event.id);

  for (let round = 1; round <= 6; round += 1) {
    const seen = writer.count;
    await expect.poll(() => writer.count).toBeGreaterThan(seen + 3);
    network.cut();
    await expect.poll(async () => (await proxied.counters()).reconnects, { timeout: 10_000 }).toBeGreaterThanOrEqual(round);
  }

  const offsets = await writer.stop();
  await proxied.expectExactly(offsets);
  expect((await proxied.counters()).holesRepaired).toBe(0);
});

test.describe('with quick heartbeats', () => {
  test.use({ serverFlags: ['--heartbeat-interval-ms', '1000', '--heartbeat-timeout-ms', '4000'] });

  test('E10 @chromium a connection that has gone silent is found out and replaced', async ({
    api,
    faults,
    network,
    proxied,
  }) => {
    faults.allow(...NETWORK);
    const event = await api.createEvent();
    await proxied.open(event.id);
    await proxied.isLive();

    network.silence();
    const missed = await api.post(event.id, 'Said into the void');

    await expect(proxied.item('Said into the void')).toBeVisible({ timeout: 20_000 });
    await proxied.isLive();
    await proxied.expectExactly([missed.offset]);
    await expect.poll(async () => api.stats(event.id), { timeout: 10_000 }).toEqual({ watchers: 1, subscriptions: 1 });
  });
});

test.describe('with a short drain', () => {
  test.use({ serverFlags: ['--drain-span-ms', '800'] });

  test('P10 a restart in good order: the page is told, comes back and has lost nothing', async ({
    api,
    faults,
    page,
    proxied,
    server,
  }) => {
    faults.allow(...NETWORK);
    await page.addInitScript(() => {
      const delays: number[] = [];
      Object.assign(window, { __delays: delays });
      const Native = window.WebSocket;
      window.WebSocket = class extends Native {
        constructor(...given: ConstructorParameters<typeof Native>) {
          super(...given);
          this.addEventListener('message', ({ data }) => {
            const frame = JSON.parse(String(data)) as { type: string; payload: { delayMs: number } };
            if (frame.type === 'reconnect') delays.push(frame.payload.delayMs);
          });
        }
      };
    });
    const event = await api.createEvent();
    await proxied.open(event.id);
    await proxied.isLive();
    const writer = new Writer(api, event.id);
    await expect.poll(() => writer.count).toBeGreaterThan(5);

    await server.stop();
    await server.start();

    const seen = writer.count;
    await expect.poll(() => writer.count).toBeGreaterThan(seen + 5);
    const offsets = await writer.stop();
    await proxied.expectExactly(offsets);
    await proxied.isLive();
    expect(server.log).toContain('draining');
    const delays = await page.evaluate(() => (window as unknown as { __delays: number[] }).__delays);
    expect(delays, 'one frame said when to come back').toHaveLength(1);
    expect(delays[0]).toBeLessThanOrEqual(800);
  });
});

test.describe('with a log that is soon forgotten', () => {
  test.use({ serverFlags: ['--retain-event-count', '10', '--retain-every-s', '1'] });

  test('E8 E17 what the log has forgotten comes from a snapshot, and a gap says what is not shown yet', async ({
    api,
    faults,
    network,
    proxied,
  }) => {
    faults.allow(...NETWORK);
    const event = await api.createEvent();
    const all = await api.postMany(event.id, texts(5, 'Before'));
    await proxied.open(event.id);
    await proxied.isLive();
    await proxied.expectExactly(all.map((media) => media.offset));
    const stoodAt = (await proxied.position(event.id)) ?? '';

    network.down();
    await expect.poll(() => proxied.status()).toBe('reconnecting');
    all.push(...(await api.postMany(event.id, texts(80, 'Missed'))));
    await expect.poll(() => api.isRecoverable(event.id, stoodAt)).toBe(false);
    network.admit();

    await expect(proxied.item('Missed 80')).toBeVisible();
    const gap = proxied.timeline.getByRole('article', { name: 'Some updates are not shown' });
    await expect(gap).toHaveCount(1);
    const shown = await proxied.offsets();
    expect(shown.slice(-5), 'what was there stays').toEqual(all.slice(0, 5).map((media) => media.offset).reverse());
    await expect(async () => {
      if ((await gap.count()) > 0) await gap.getByRole('button', { name: 'Load' }).click({ timeout: 1000 });
      await expect(gap).toHaveCount(0, { timeout: 1000 });
    }).toPass({ timeout: 10_000 });
    await proxied.expectExactly(all.map((media) => media.offset));
  });
});

test('E8 a page that is reloaded, or left and come back to, shows everything once', async ({ api, eventPage, page }) => {
  const event = await api.createEvent();
  const posted = await api.postMany(event.id, texts(5));
  await eventPage.open(event.id);
  await eventPage.expectExactly(posted.map((media) => media.offset));

  await page.reload();
  await eventPage.isLive();
  await eventPage.expectExactly(posted.map((media) => media.offset));

  await page.goto('about:blank');
  posted.push(await api.post(event.id, 'While it was away'));
  await page.goBack();
  await eventPage.isLive();
  await eventPage.expectExactly(posted.map((media) => media.offset));

  await page.getByRole('link', { name: 'All events' }).click();
  await expect(page.getByRole('heading', { name: 'Events', level: 1 })).toBeVisible();
  posted.push(await api.post(event.id, 'While the list was shown'));
  await page.goBack();
  await eventPage.expectExactly(posted.map((media) => media.offset));
  await expect.poll(() => api.stats(event.id)).toEqual({ watchers: 1, subscriptions: 1 });
});
