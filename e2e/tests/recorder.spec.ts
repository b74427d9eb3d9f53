// Recording from the touchline with no signal (M2–M4, M10): through the recorder page's own buttons, with everything that
// can happen to network, page and browser before it is sent.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, Locator, Page } from '@playwright/test';
import type { Api } from '../support/api';
import { expect, NETWORK, test as base } from '../support/fixtures';
import { MatchPage, Pitch, RecorderPage } from '../support/matches';

interface Fixtures {
  /** Starts the one browser of this test, on the disk that it had before. */
  start: (options?: { offline: boolean }) => Promise<BrowserContext>;
}

const test = base.extend<Fixtures>({
  start: async ({ playwright, browserName, faults }, use, info) => {
    const disk = await mkdtemp(join(tmpdir(), 'touchline-browser-'));
    const started: BrowserContext[] = [];
    await use(async (options) => {
      const context = await playwright[browserName].launchPersistentContext(disk, {
        ...info.project.use.launchOptions,
        locale: 'en-GB',
        timezoneId: 'UTC',
        serviceWorkers: options?.offline ? 'allow' : 'block',
      });
      started.push(context);
      faults.watch(context);
      return context;
    });
    for (const context of started) await context.close();
    await rm(disk, { recursive: true, force: true });
  },
});

const FRANCE = ['Lloris', 'Pavard', 'Varane', 'Umtiti', 'Pogba', 'Griezmann', 'Giroud', 'Mbappé', 'Kanté', 'Matuidi'];
const CROATIA = ['Subašić', 'Vrsaljko', 'Lovren', 'Vida', 'Strinić', 'Rakitić', 'Brozović', 'Rebić', 'Modrić', 'Perišić'];
/** Each of them once: an order that shows. */
const TWENTY = FRANCE.flatMap((name, at) => [
  { side: 'home', team: 'France', name },
  { side: 'away', team: 'Croatia', name: CROATIA[at] ?? '' },
]);

async function recordTwenty(recorder: RecorderPage): Promise<void> {
  for (const { team, name } of TWENTY) await recorder.press('Injury', team, new RegExp(`\\b${name}$`));
}

/** Who was injured, in the order of the log. */
async function injured(api: Api, pitch: Pitch): Promise<string[]> {
  const names = new Map(TWENTY.map(({ side, name }) => [pitch.player(side as 'home' | 'away', name), name]));
  const log = await api.log(pitch.match.id);
  return log.filter((entry) => entry.kind === 'injury').map((entry) => names.get(entry.player ?? '') ?? '?');
}

async function rows(lines: Locator) {
  return Promise.all((await lines.all()).map((line) => line.elementHandle()));
}

/** Time from the first to the last of them, as the server stored them. */
async function span_ms(api: Api, pitch: Pitch): Promise<number> {
  const times = (await api.log(pitch.match.id)).filter((entry) => entry.kind === 'injury').map((entry) => Date.parse(entry.createdAt));
  return Math.max(...times) - Math.min(...times);
}

/** The database of the outbox, by how much lies in it. */
const kept = (page: Page) =>
  page.evaluate(
    () =>
      new Promise<number>((done) => {
        const opening = indexedDB.open('touchline.outbox');
        opening.onsuccess = () => {
          const count = opening.result.transaction('drafts').objectStore('drafts').count();
          count.onsuccess = () => {
            opening.result.close();
            done(count.result);
          };
        };
      }),
  );

for (const end of ['is closed', 'crashes @chromium'] as const) {
  test(`M3 M4 20 events recorded offline are sent within 5 s, in order, once, when the browser ${end} in between`, async ({ another, api, faults, network, server, start }) => {
    faults.allow(...NETWORK);
    const event = await api.createEvent();
    const pitch = await Pitch.of(api, event.id);
    await pitch.record({ kind: 'kickOff' }, 600);
    await pitch.record({ kind: 'goal', side: 'home', player: pitch.player('home', 'Giroud') }, 300);
    const watcher = new MatchPage((await another()).page, server.url);
    await watcher.open(pitch.match.id);
    await watcher.filter.getByRole('button', { name: 'Everything' }).click();
    await expect(watcher.lines).toHaveCount(2);
    const before = await rows(watcher.lines);

    const first = await start();
    const recorder = new RecorderPage(await first.newPage(), network.url);
    await recorder.open(pitch.match.id);
    network.down();
    await recordTwenty(recorder);
    await expect(recorder.page.getByText('20 waiting to be sent')).toBeVisible();
    await expect.poll(() => kept(recorder.page)).toBe(20);
    if (end === 'is closed') {
      await first.close();
    } else {
      const gone = new Promise((done) => first.once('close', done));
      const session = await first.newCDPSession(recorder.page);
      session.send('Browser.crash').catch(() => undefined);
      await gone;
    }
    expect(await injured(api, pitch)).toEqual([]);

    network.admit();
    const again = new RecorderPage(await (await start()).newPage(), network.url);
    await again.open(pitch.match.id);
    const begun = Date.now();
    await expect(again.sent).toBeVisible({ timeout: 15_000 });
    const took = Date.now() - begun;
    test.info().annotations.push({ type: 'took', description: `${took} ms, from first to last ${await span_ms(api, pitch)} ms` });
    expect(took).toBeLessThan(5_000);
    expect(await injured(api, pitch)).toEqual(TWENTY.map(({ name }) => name));
    await expect(again.lines).toHaveCount(22);
    expect(await kept(again.page)).toBe(0);

    await expect(watcher.lines).toHaveCount(22);
    for (const row of before) expect(await row?.evaluate((node) => node.isConnected), 'a row from before').toBe(true);
  });
}

test('M3 M10 the recorder opens offline from a cold start, with what waits, and records; back online all is sent in the same rows', async ({ api, faults, network, start }) => {
  faults.allow(...NETWORK);
  const event = await api.createEvent();
  const pitch = await Pitch.of(api, event.id);
  await pitch.record({ kind: 'kickOff' }, 600);
  const first = await start({ offline: true });
  const recorder = new RecorderPage(await first.newPage(), network.url);
  await recorder.open(pitch.match.id);
  await expect
    .poll(() =>
      recorder.page.evaluate(async (match) => {
        const kept = (await (await caches.open('read')).keys()).map((request) => new URL(request.url).pathname);
        const shell = (await caches.keys()).some((name) => name.startsWith('shell-'));
        return navigator.serviceWorker.controller !== null && shell && kept.includes(`/api/matches/${match}/events`) && kept.includes('/api/session');
      }, pitch.match.id),
    )
    .toBe(true);
  network.down();
  await recorder.press('Injury', 'France', /Giroud$/);
  await expect.poll(() => kept(recorder.page)).toBe(1);
  await first.close();

  const cold = new RecorderPage(await (await start({ offline: true })).newPage(), network.url);
  await cold.page.goto(`${network.url}/matches/${pitch.match.id}/record`);
  await cold.expectScore('France 0–0 Croatia');
  await expect(cold.page.getByText('1 waiting to be sent')).toBeVisible();
  await cold.press('Goal', 'Croatia', /Modrić$/, 'No assist');
  await cold.expectScore('France 0–1 Croatia');
  await expect(cold.page.getByText('2 waiting to be sent')).toBeVisible();
  const shown = await rows(cold.lines);
  network.admit();
  const begun = Date.now();
  await expect(cold.sent).toBeVisible({ timeout: 15_000 });
  const took = Date.now() - begun;
  test.info().annotations.push({ type: 'took', description: `${took} ms` });
  expect(took).toBeLessThan(5_000);
  for (const row of shown) expect(await row?.evaluate((node) => node.isConnected), 'a row from before').toBe(true);
  expect((await api.log(pitch.match.id)).map((entry) => entry.kind)).toEqual(['kickOff', 'injury', 'goal']);
});

test('M3 M4 of 20 events every first answer is lost: each is there once, in order, within 5 s', async ({ api, faults, network, page }) => {
  faults.allow(...NETWORK);
  const event = await api.createEvent();
  const pitch = await Pitch.of(api, event.id);
  await pitch.record({ kind: 'kickOff' }, 600);
  const recorder = new RecorderPage(page, network.url);
  await recorder.open(pitch.match.id);
  network.down();
  await recordTwenty(recorder);
  await expect(page.getByText('20 waiting to be sent')).toBeVisible();
  network.loseEveryOtherAnswer('POST', `/api/matches/${pitch.match.id}/events`);
  network.admit();
  const begun = Date.now();
  await expect(recorder.sent).toBeVisible({ timeout: 20_000 });
  const took = Date.now() - begun;
  test.info().annotations.push({ type: 'took', description: `${took} ms, from first to last ${await span_ms(api, pitch)} ms` });
  expect(network.answersLost).toBe(20);
  expect(await injured(api, pitch)).toEqual(TWENTY.map(({ name }) => name));
  await expect(recorder.lines).toHaveCount(21);
  expect(took).toBeLessThan(5_000);
});

test('M3 M4 what was recorded without a network and is undone was never sent', async ({ api, faults, network, page }) => {
  faults.allow(...NETWORK);
  const event = await api.createEvent();
  const pitch = await Pitch.of(api, event.id);
  const recorder = new RecorderPage(page, network.url);
  await recorder.open(pitch.match.id);
  network.down();
  // Not the first of the lane: that one has been tried, and the server could have it.
  await recorder.press('Kick-off', 'Goal', 'Croatia', 'Nobody named');
  await recorder.expectScore('France 0–1 Croatia');
  await recorder.press('Undo');
  await recorder.expectScore('France 0–0 Croatia');
  await expect(page.getByText('1 waiting to be sent')).toBeVisible();
  await expect(recorder.line('Goal')).toHaveCount(0);
  network.admit();
  await recorder.networkChanged();
  await expect(recorder.sent).toBeVisible({ timeout: 15_000 });
  expect((await api.log(pitch.match.id)).map((entry) => entry.kind)).toEqual(['kickOff']);
});

test('M3 what was refused stays parked alone over a reload, is tried again and discarded', async ({ api, faults, network, page }) => {
  faults.allow(...NETWORK, /422/);
  const event = await api.createEvent();
  const pitch = await Pitch.of(api, event.id);
  await pitch.record({ kind: 'kickOff' }, 60);
  const recorder = new RecorderPage(page, network.url);
  await recorder.open(pitch.match.id);
  network.down();
  await recorder.press('Injury', 'France', /Giroud$/, 'Save', 'France', /Lloris$/);
  await pitch.leaves('home', 'Giroud');
  network.admit();
  await recorder.networkChanged();
  await expect(recorder.refused).toContainText('Injury was not taken: ', { timeout: 15_000 });
  await expect(recorder.sent).toBeVisible();
  await expect.poll(() => kept(page)).toBe(1);
  await recorder.open(pitch.match.id);
  await expect(recorder.refused).toContainText('Injury was not taken: ');
  const tries: number[] = [];
  page.on('response', (response) => {
    if (response.request().method() === 'POST') tries.push(response.status());
  });
  await recorder.refused.getByRole('button', { name: 'Retry' }).click();
  await expect.poll(() => tries).toEqual([422]);
  await expect(recorder.refused).toContainText('Injury was not taken: ');
  await recorder.refused.getByRole('button', { name: 'Discard' }).click();
  await expect(recorder.refused).toBeHidden();
  await expect.poll(() => kept(page)).toBe(0);
  expect((await api.log(pitch.match.id)).map((entry) => entry.kind)).toEqual(['kickOff', 'save']);
});

test('M3 P9 a tab that has no connection of its own records all the same, and two tabs show the same', async ({ api, context, faults, network, page }) => {
  faults.allow(...NETWORK);
  const event = await api.createEvent();
  const pitch = await Pitch.of(api, event.id);
  const leader = new RecorderPage(page, network.url);
  await leader.open(pitch.match.id);
  const follower = new RecorderPage(await context.newPage(), network.url);
  await follower.open(pitch.match.id);
  await follower.press('Kick-off');
  await expect(follower.sent).toBeVisible();
  await expect(leader.line('Kick-off')).toBeVisible();
  network.down();
  await follower.press('Goal', 'France', /Giroud$/, 'No assist');
  await leader.expectScore('France 1–0 Croatia');
  await expect(leader.page.getByText('1 waiting to be sent')).toBeVisible();
  const row = await leader.line('Giroud').elementHandle();
  network.admit();
  await expect(follower.sent).toBeVisible({ timeout: 15_000 });
  await expect(leader.sent).toBeVisible();
  expect(await row?.evaluate((node) => node.isConnected), 'the row is the same').toBe(true);
  expect((await api.log(pitch.match.id)).map((entry) => entry.kind)).toEqual(['kickOff', 'goal']);
});

test('M3 whoever leaves is asked only while something would be lost', async ({ api, another, faults, network, page }) => {
  faults.allow(...NETWORK);
  const event = await api.createEvent();
  const pitch = await Pitch.of(api, event.id);
  const asked: string[] = [];
  const leave = async (of: RecorderPage) => {
    of.page.on('dialog', (dialog) => void dialog.accept().then(() => asked.push(dialog.type())));
    network.down();
    await of.press('Kick-off');
    await expect(of.page.getByText('1 waiting to be sent')).toBeVisible();
  };
  const keeps = new RecorderPage(page, network.url);
  await keeps.open(pitch.match.id);
  await leave(keeps);
  await expect.poll(() => kept(page)).toBe(1);
  const closed = new Promise((done) => page.once('close', done));
  await page.close({ runBeforeUnload: true });
  await closed;
  expect(asked).toEqual([]);
  network.admit();

  const other = (await another({ url: network.url })).page;
  await other.addInitScript(() => {
    Object.defineProperty(window, 'indexedDB', { get: () => undefined });
  });
  const forgets = new RecorderPage(other, network.url);
  await forgets.open(pitch.match.id);
  await leave(forgets);
  await expect(other.getByRole('alert').filter({ hasText: 'keep this page open' })).toBeVisible();
  const gone = new Promise((done) => other.once('close', done));
  await other.close({ runBeforeUnload: true });
  await gone;
  expect(asked).toEqual(['beforeunload']);
});
