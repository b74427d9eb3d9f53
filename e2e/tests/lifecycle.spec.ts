// M9: a page that nobody sees rests, and is current when it is seen again; networks and clocks may change meanwhile.

import { NETWORK, expect, test } from '../support/fixtures';
import { armed, recordTimers, recordWire, see, sent, setClock, settableClock, sockets, turn } from '../support/lifecycle';
import { MatchPage, Pitch } from '../support/matches';

/** A hidden page's timers wait at least this long: a heartbeat, and nothing else. */
const SLOW_MS = 20_000;
/** On return a page is current within this. */
const CURRENT_MS = 2_000;
const HOUR_MS = 3_600_000;

test('M9 nothing of a hidden page runs but a slow heartbeat', async ({ api, eventPage, page, server }) => {
  const event = await api.createEvent();
  const pitch = await Pitch.of(api, event.id);
  await pitch.record({ kind: 'kickOff' }, 60);
  await recordTimers(page);
  const match = new MatchPage(page, server.url);
  await match.open(pitch.match.id);
  await page.getByLabel('My picture is behind by').selectOption('60');
  await page.getByLabel('My picture is behind by').selectOption('0');
  await expect(match.clock).toHaveText(/^1:\d\d$/);
  // One a second for the clock of the match, while somebody looks.
  expect(await armed(page)).toContain(1_000);
  const restful = async () => (await armed(page)).filter((wait) => wait < SLOW_MS);
  await see(page, 'hidden');
  // What was begun once may end: that the connection has held for ten seconds, for instance.
  await expect.poll(restful, { timeout: 15_000 }).toEqual([]);
  expect((await armed(page)).length).toBeGreaterThan(0);
  await see(page, 'visible');
  await expect.poll(() => armed(page)).toContain(1_000);

  // On a timeline as well, and after something has happened there.
  await eventPage.open(event.id);
  await see(page, 'hidden');
  await api.post(event.id, 'Unseen');
  await expect(page).toHaveTitle(/^\(1\) /);
  await expect.poll(restful, { timeout: 15_000 }).toEqual([]);
});

test('M9 a hidden page sends no frame of its own, and asks at once when it is seen', async ({ api, eventPage, page }) => {
  const event = await api.createEvent();
  await recordWire(page);
  await eventPage.open(event.id);
  await eventPage.isLive();
  await see(page, 'hidden');
  const before = (await sent(page)).length;
  // Time passes for whatever would be sent by itself; two items come in meanwhile.
  for (const unread of [1, 2]) {
    await api.post(event.id, `Update ${unread}`);
    await expect(page).toHaveTitle(new RegExp(`^\\(${unread}\\) `));
    await page.evaluate(() => new Promise((done) => setTimeout(done, 1_500)));
  }
  expect((await sent(page)).slice(before)).toEqual([]);
  await see(page, 'visible');
  await expect.poll(async () => (await sent(page)).slice(before).filter((frame) => frame.includes('ping')).length).toBe(1);
});

test('M9 a page whose socket died unnoticed is current within two seconds of being seen', async ({ api, faults, network, page, proxied }) => {
  faults.allow(...NETWORK);
  const event = await api.createEvent();
  await proxied.open(event.id);
  await proxied.isLive();
  await see(page, 'hidden');
  // Half-open: nothing goes through, and nobody is told.
  network.silence();
  await api.post(event.id, 'Missed');
  const begun = Date.now();
  await see(page, 'visible');
  await expect(proxied.item('Missed')).toBeVisible({ timeout: CURRENT_MS });
  expect(Date.now() - begun).toBeLessThan(CURRENT_MS);
});

test('M9 out of the back-forward cache a page is current within two seconds', async ({ api, eventPage, page }) => {
  const event = await api.createEvent();
  await eventPage.open(event.id);
  await eventPage.isLive();
  await turn(page, 'pagehide');
  // The server counts nobody: the socket went with the page.
  await api.untilNobodyWatches(event.id);
  await api.post(event.id, 'Missed in the cache');
  const begun = Date.now();
  await turn(page, 'pageshow');
  await expect(eventPage.item('Missed in the cache')).toBeVisible({ timeout: CURRENT_MS });
  expect(Date.now() - begun).toBeLessThan(CURRENT_MS);
  await expect(eventPage.item('Missed in the cache')).toHaveCount(1);
});

test('M9 frozen and resumed, a page is current within two seconds', async ({ api, eventPage, page }) => {
  const event = await api.createEvent();
  await eventPage.open(event.id);
  await eventPage.isLive();
  // As browsers tell it: a headless one that shows all its pages freezes none of them.
  const become = (state: 'freeze' | 'resume') => page.evaluate((name) => document.dispatchEvent(new Event(name)), state);
  await become('freeze');
  await api.untilNobodyWatches(event.id);
  await api.post(event.id, 'Missed in the ice');
  const begun = Date.now();
  await become('resume');
  await expect(eventPage.item('Missed in the ice')).toBeVisible({ timeout: CURRENT_MS });
  expect(Date.now() - begun).toBeLessThan(CURRENT_MS);
});

test('M9 another network is noticed at once where the browser tells of it', async ({ api, faults, network, page, proxied }) => {
  faults.allow(...NETWORK);
  const event = await api.createEvent();
  await page.addInitScript(() => {
    if (!('connection' in navigator)) Object.defineProperty(navigator, 'connection', { value: new EventTarget() });
  });
  await recordWire(page);
  await proxied.open(event.id);
  await proxied.isLive();
  const before = (await sent(page)).length;
  const change = () => page.evaluate(() => (navigator as unknown as { connection: EventTarget }).connection.dispatchEvent(new Event('change')));
  await change();
  await expect.poll(async () => (await sent(page)).slice(before).filter((frame) => frame.includes('ping')).length).toBe(1);
  // What is open stays behind in the old network; the new one lets through.
  network.silence();
  await change();
  await api.post(event.id, 'From the new network');
  await expect(proxied.item('From the new network')).toBeVisible({ timeout: 5_000 });
});

test('M9 offline and online again: current within two seconds', async ({ api, context, eventPage, faults, page }) => {
  faults.allow(...NETWORK);
  const event = await api.createEvent();
  await eventPage.open(event.id);
  await eventPage.isLive();
  await context.setOffline(true);
  await expect.poll(() => page.evaluate(() => navigator.onLine)).toBe(false);
  await api.post(event.id, 'Missed offline');
  const begun = Date.now();
  await context.setOffline(false);
  await expect(eventPage.item('Missed offline')).toBeVisible({ timeout: CURRENT_MS });
  expect(Date.now() - begun).toBeLessThan(CURRENT_MS);
});

for (const [what, skew] of [['forwards', 3 * HOUR_MS], ['backwards', -3 * HOUR_MS]] as const) {
  test(`M9 a wall clock that jumps ${what} breaks neither the clock of a match nor the connection`, async ({ api, page, server }) => {
    const pitch = await Pitch.of(api, (await api.createEvent()).id);
    await pitch.record({ kind: 'kickOff' }, 600);
    await settableClock(page);
    await recordWire(page);
    const match = new MatchPage(page, server.url);
    await match.open(pitch.match.id);
    await expect(match.clock).toHaveText(/^10:\d\d$/);
    const opened = await sockets(page);
    expect(opened).toBeGreaterThan(0);
    await setClock(page, skew);
    // It goes on from where it was, by the server's time.
    await expect.poll(async () => (await match.clock.textContent()) ?? '', { timeout: CURRENT_MS + 1_000 }).toMatch(/^10:\d\d$/);
    const then = (await match.clock.textContent()) ?? '';
    await expect(match.clock).not.toHaveText(then);
    await expect(match.clock).toHaveText(/^10:\d\d$/);
    await pitch.record({ kind: 'goal', side: 'home' });
    await match.expectScore('France 1–0 Croatia');
    await expect(match.line('Goal')).toContainText('11’');
    // A delay counts from there as well: what is long past is shown, what is new is not.
    await page.getByLabel('My picture is behind by').selectOption('90');
    await match.expectScore('France against Croatia');
    await page.getByLabel('My picture is behind by').selectOption('0');
    await match.expectScore('France 1–0 Croatia');
    expect(await sockets(page), 'the connection was kept').toBe(opened);
    // And back again.
    await setClock(page, 0);
    await expect.poll(async () => (await match.clock.textContent()) ?? '', { timeout: CURRENT_MS + 1_000 }).toMatch(/^10:\d\d$/);
  });
}
