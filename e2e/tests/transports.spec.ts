// Down the ladder and up again: WebSocket, held polls, polls at an interval. No gap and no double at any
// change of transport, while posts keep coming.

import { installClock } from '../support/clock';
import { NETWORK, expect, test } from '../support/fixtures';
import { recordIndicator } from '../support/measure';
import { Writer } from '../support/writer';

for (const policy of ['forbid', 'drop'] as const) {
  test(`E9 V5 WebSocket refused (${policy}): live by polling, then back to WebSocket, no hole and no double`, async ({
    api,
    faults,
    network,
    page,
    proxied,
  }) => {
    faults.allow(...NETWORK, /403/);
    const event = await api.createEvent();
    network.webSockets(policy);
    const writer = new Writer(api, event.id);
    await proxied.open(event.id);
    await proxied.expectStatus('polling');
    expect(await proxied.transport()).toBe('longPoll');

    const seen = writer.count;
    await expect.poll(() => writer.count).toBeGreaterThan(seen + 10);
    await expect(proxied.saying(`Update ${seen + 5}`)).toBeVisible();
    await expect(proxied.lost).toHaveCount(0);

    const indicator = await recordIndicator(page);
    network.webSockets('pass');
    await proxied.networkChanged();
    await proxied.isLive();
    expect(await proxied.transport()).toBe('webSocket');

    const later = writer.count;
    await expect.poll(() => writer.count).toBeGreaterThan(later + 10);
    const offsets = await writer.stop();
    await proxied.loadAll(event.id, await api.head(event.id));
    await proxied.expectExactly(offsets);
    expect((await indicator()).statuses, 'the reader sees no gap').toEqual(['polling', 'live']);
    expect((await proxied.counters()).holesRepaired).toBe(0);
  });
}

test('E9 a WebSocket that worked, is lost and refused: polling takes over, and gives way again', async ({
  api,
  faults,
  network,
  proxied,
}) => {
  faults.allow(...NETWORK, /403/);
  const event = await api.createEvent();
  await proxied.open(event.id);
  await proxied.isLive();
  const writer = new Writer(api, event.id);

  network.webSockets('forbid');
  network.cut();
  await expect.poll(() => proxied.status()).toBe('polling');
  const seen = writer.count;
  await expect(proxied.saying(`Update ${seen + 5}`)).toBeVisible();

  network.webSockets('pass');
  await proxied.networkChanged();
  await expect.poll(() => proxied.status()).toBe('live');
  const offsets = await writer.stop();
  await proxied.loadAll(event.id, await api.head(event.id));
  await proxied.expectExactly(offsets);
});

test('V5 polls that cannot be held: the page asks at its interval, and climbs back by itself', async ({
  api,
  faults,
  network,
  page,
  proxied,
}) => {
  faults.allow(...NETWORK, /403/);
  await installClock(page);
  const event = await api.createEvent();
  network.webSockets('forbid');
  network.breakPollsAfter(150);
  await proxied.open(event.id);
  await expect.poll(() => proxied.transport(), { timeout: 15_000 }).toBe('intervalPoll');
  await expect.poll(() => proxied.status()).toBe('polling');

  // The default interval is half a minute, give or take a quarter of that.
  // An answer takes real time, and may come after the page's hurried clock has given it up: then it asks again.
  const isAskedFor = (text: string) =>
    expect(async () => {
      await page.clock.runFor(40_000);
      await expect(proxied.item(text)).toBeVisible({ timeout: 1_000 });
    }).toPass({ timeout: 15_000 });
  const first = await api.post(event.id, 'Asked for at the interval');
  await isAskedFor('Asked for at the interval');
  const second = await api.post(event.id, 'And once more');
  await isAskedFor('And once more');

  network.breakPollsAfter(undefined);
  network.webSockets('pass');
  await expect(async () => {
    await page.clock.runFor(20_000);
    expect(await proxied.status()).toBe('live');
  }).toPass({ timeout: 15_000 });
  await proxied.expectExactly([first.offset, second.offset]);
});
