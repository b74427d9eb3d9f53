// For somebody who reads: nothing moves under their eyes, what is new waits where they can find it, and
// every item has an address.

import type { Page } from '@playwright/test';
import { expect, test } from '../support/fixtures';
import { files } from '../support/files';
import { see } from '../support/lifecycle';
import { firstInView, topOf } from '../support/measure';

const texts = (count: number, what = 'Update') => Array.from({ length: count }, (_, n) => `${what} ${n + 1}`);

/** Scrolls to the middle and waits until the browser has come to rest there. The items must be there already. */
async function scrollAway(page: Page): Promise<{ offset: string; top: number }> {
  await page.mouse.move(640, 600);
  await page.mouse.wheel(0, 3200);
  // Not by `scrollend`: Firefox has none for a wheel that is driven.
  await page.evaluate(
    () =>
      new Promise<void>((done) => {
        let last = -1;
        let still = 0;
        const look = () => {
          still = window.scrollY > 1000 && window.scrollY === last ? still + 1 : 0;
          last = window.scrollY;
          if (still >= 10) done();
          else requestAnimationFrame(look);
        };
        look();
      }),
  );
  return firstInView(page);
}

test('E17 nothing moves under a reader who has scrolled; a button shows what is new, another the way back', async ({
  api,
  eventPage,
  page,
}) => {
  const event = await api.createEvent();
  await api.postMany(event.id, texts(40, 'An older update, with a number:'));
  await eventPage.open(event.id);
  const reading = await scrollAway(page);

  await api.postMany(event.id, texts(3, 'News'));
  await expect(eventPage.newUpdates).toHaveText('3 new updates');
  await api.postFile(event.id, files.board, 'A picture');
  await expect(eventPage.newUpdates).toHaveText('4 new updates');
  expect(Math.abs((await topOf(page, reading.offset)) - reading.top)).toBeLessThanOrEqual(1);
  expect((await firstInView(page)).offset).toBe(reading.offset);
  await expect(page).toHaveTitle(/^\(4\) /);
  await expect(eventPage.voice).toContainText('new update');

  await eventPage.newUpdates.click();
  await expect(eventPage.item('A picture')).toBeInViewport();
  await expect(eventPage.newUpdates).toHaveCount(0);
  await expect(page).toHaveTitle(/^Harbour race/);
  await eventPage.expectExactly((await api.allMedia(event.id)).slice(0, 34).map((media) => media.offset).concat(
    (await eventPage.offsets()).slice(34),
  ));

  await eventPage.back.click();
  await expect
    .poll(async () => Math.abs((await topOf(page, reading.offset)) - reading.top))
    .toBeLessThanOrEqual(1);
  await expect(eventPage.back).toHaveCount(0);
});

test('E17 what waits above a reader goes on waiting when older items come below', async ({ api, eventPage, page }) => {
  const event = await api.createEvent();
  await api.postMany(event.id, texts(60, 'An older update, with a number:'));
  let release = () => {};
  const gate = new Promise<void>((done) => (release = done));
  await page.route('**/api/events/*/media?*before=*', async (route) => {
    await gate;
    await route.continue();
  });
  await eventPage.open(event.id);
  const reading = await scrollAway(page);
  await api.postMany(event.id, texts(3, 'News'));
  await expect(eventPage.newUpdates).toHaveText('3 new updates');

  release();
  await expect.poll(async () => (await eventPage.offsets()).length).toBe(60);
  await expect(eventPage.newUpdates).toHaveText('3 new updates');
  await expect(eventPage.item('News')).toHaveCount(0);
  expect(Math.abs((await topOf(page, reading.offset)) - reading.top)).toBeLessThanOrEqual(1);
  await eventPage.newUpdates.click();
  await expect(eventPage.items.first()).toContainText('News 3');
});

test('E17 a change or a deletion above a reader moves nothing either', async ({ api, eventPage, page }) => {
  const event = await api.createEvent();
  const posted = await api.postMany(event.id, texts(40, 'An older update, with a number:'));
  await eventPage.open(event.id);
  const reading = await scrollAway(page);
  const newest = posted.at(-1)?.id ?? '';
  const second = posted.at(-2)?.id ?? '';

  await api.patchMedia(event.id, newest, Array.from({ length: 8 }, () => 'Much longer than before.').join('\n'));
  await expect(eventPage.items.first()).toContainText('Much longer than before.');
  await expect
    .poll(async () => Math.abs((await topOf(page, reading.offset)) - reading.top))
    .toBeLessThanOrEqual(1);

  await api.deleteMedia(event.id, second);
  await expect(page.locator(`[data-media-id="${second}"]`)).toHaveCount(0);
  await expect
    .poll(async () => Math.abs((await topOf(page, reading.offset)) - reading.top))
    .toBeLessThanOrEqual(1);
});

test('E17 the first items of a page that nobody sees count as unread too, and are there when it is seen', async ({
  api,
  eventPage,
  page,
}) => {
  const event = await api.createEvent();
  await eventPage.open(event.id);
  await expect(page.getByText('Nothing has happened yet')).toBeVisible();

  await see(page, 'hidden');
  await api.postMany(event.id, texts(2));
  await expect(page).toHaveTitle(/^\(2\) Harbour race/);
  await api.post(event.id, 'And a third');
  await expect(page).toHaveTitle(/^\(3\) Harbour race/);
  await see(page, 'visible');
  await expect(eventPage.items).toHaveCount(3);
  await expect(eventPage.newUpdates).toHaveCount(0);
  await expect(page).toHaveTitle(/^Harbour race/);
});

test('E17 a page that nobody sees counts what is unread in its title', async ({ api, eventPage, page }) => {
  const event = await api.createEvent();
  await api.post(event.id, 'Seen already');
  await eventPage.open(event.id);
  await expect(eventPage.items).toHaveCount(1);

  await see(page, 'hidden');
  await api.postMany(event.id, texts(2));
  await expect(page).toHaveTitle(/^\(2\) Harbour race/);
  await see(page, 'visible');
  await eventPage.newUpdates.click();
  await expect(page).toHaveTitle(/^Harbour race/);
  await expect(eventPage.items).toHaveCount(3);
});

test('E17 older items come as the reader goes down, without a jump', async ({ api, eventPage, page }) => {
  const event = await api.createEvent();
  const posted = await api.postMany(event.id, texts(130));
  let release = () => {};
  const gate = new Promise<void>((done) => (release = done));
  await page.route('**/api/events/*/media?*before=*', async (route) => {
    await gate;
    await route.continue();
  });
  await eventPage.open(event.id);
  await expect(eventPage.items).toHaveCount(30);
  const reading = await scrollAway(page);
  await expect(page.getByRole('button', { name: 'Loading…' })).toBeAttached();

  release();
  await expect.poll(async () => (await eventPage.offsets()).length).toBeGreaterThan(30);
  expect(Math.abs((await topOf(page, reading.offset)) - reading.top)).toBeLessThanOrEqual(1);
  await eventPage.loadAll(event.id, await api.head(event.id));
  await eventPage.expectExactly(posted.map((media) => media.offset));
});

test('E17 a reload and the way back lead to where the reader was; a new visit begins at the top', async ({ api, eventPage, page }) => {
  const event = await api.createEvent();
  await api.postMany(event.id, texts(100, 'An older update, with a number:'));
  await eventPage.open(event.id);
  const reading = await scrollAway(page);
  // Rows above have parts of pixels, and are laid out anew on the way: no reader sees two pixels of a jump that is none.
  const isThere = () => expect.poll(async () => Math.abs((await topOf(page, reading.offset)) - reading.top)).toBeLessThan(2);
  // The place is kept once the page has come to rest.
  await expect.poll(() => page.evaluate(() => history.state as unknown)).toContain(event.id);

  await page.reload();
  await isThere();
  await api.postMany(event.id, texts(2, 'News'));
  await expect(eventPage.newUpdates).toHaveText('2 new updates');
  await isThere();

  await page.getByRole('link', { name: 'Touchline' }).click();
  await expect(page.getByRole('heading', { name: 'Events', level: 1 })).toBeVisible();
  // More than a page of them: the place is further down than before.
  await api.postMany(event.id, texts(60, 'More'));
  await page.goBack();
  await isThere();
  await expect(eventPage.item('News 2')).toHaveCount(1);

  await page.getByRole('link', { name: 'Touchline' }).click();
  await page.getByRole('link', { name: 'Harbour race' }).click();
  await expect(eventPage.item('More 60')).toBeInViewport();
  expect(await page.evaluate(() => window.scrollY)).toBe(0);
});

test('E17 the filter shows one kind, stays in the address, and holds for what arrives', async ({
  api,
  eventPage,
  page,
}) => {
  const event = await api.createEvent();
  await api.post(event.id, 'Only words');
  await api.postFile(event.id, files.board, 'A picture');
  await api.postFile(event.id, files.mp3, 'A sound');
  await eventPage.open(event.id);
  await expect(eventPage.filter('All')).toHaveAttribute('aria-pressed', 'true');

  await eventPage.filter('Photos').click();
  await expect(eventPage.filter('Photos')).toHaveAttribute('aria-pressed', 'true');
  await expect(eventPage.filter('All')).toHaveAttribute('aria-pressed', 'false');
  await expect(eventPage.items).toHaveCount(1);
  await expect(page).toHaveURL(/[?&]kind=photo$/);

  await api.post(event.id, 'More words');
  await api.postFile(event.id, files.portrait, 'Another picture');
  await expect(eventPage.item('Another picture')).toBeVisible();
  await expect(eventPage.items).toHaveCount(2);

  await page.reload();
  await expect(eventPage.filter('Photos')).toHaveAttribute('aria-pressed', 'true');
  await expect(eventPage.items).toHaveCount(2);
  await eventPage.filter('Audio').click();
  await expect(eventPage.item('A sound')).toBeVisible();
  await expect(eventPage.items).toHaveCount(1);
  await eventPage.filter('Videos').click();
  await expect(page.getByText('Nothing of this kind yet')).toBeVisible();
  await eventPage.filter('All').click();
  await expect(eventPage.items).toHaveCount(5);
  await expect(page).toHaveURL(/\/events\/[^?]+$/);
});

test('E17 a filter that is chosen before the timeline is there leaves nothing out', async ({ api, eventPage, page, server }) => {
  const event = await api.createEvent();
  await api.post(event.id, 'Only words');
  await api.postFile(event.id, files.board, 'A picture');
  let release = () => {};
  const gate = new Promise<void>((done) => (release = done));
  await page.route('**/api/events/*/media?*', async (route) => {
    if (!route.request().url().includes('kind=')) await gate;
    await route.continue();
  });
  await page.goto(`${server.url}/events/${event.id}`);
  await eventPage.filter('Photos').click();
  await expect(eventPage.items).toHaveCount(1);

  const overtaken = page.waitForResponse((response) => /\/media\?(?!.*kind=)/.test(response.url()));
  release();
  await (await overtaken).finished();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Harbour race');
  await api.postFile(event.id, files.portrait, 'Another picture');
  await expect(eventPage.item('Another picture')).toBeVisible();
  await expect(eventPage.items).toHaveCount(2);
});

test('E17 a link to an item leads to it, on the page or beyond it', async ({ api, eventPage, page }) => {
  const event = await api.createEvent();
  const posted = await api.postMany(event.id, texts(60));
  const near = posted.at(-15);
  const far = posted[0];

  await eventPage.open(event.id, `?item=${near?.id}`);
  const item = page.locator(`[data-media-id="${near?.id}"]`);
  await expect(item).toBeInViewport();
  await expect(item).toBeFocused();

  await eventPage.open(event.id, `?item=${far?.id}`);
  const linked = page.getByRole('region', { name: 'Linked update' });
  await expect(linked.getByText('Update 1', { exact: true })).toBeVisible();
  await linked.getByRole('button', { name: 'Close linked update' }).click();
  await expect(linked).toHaveCount(0);
});

test('E17 a link to an item that is gone says so', async ({ api, eventPage, faults, page }) => {
  faults.allow(/404/);
  const event = await api.createEvent();
  const [gone] = await api.postMany(event.id, texts(2));
  await api.deleteMedia(event.id, gone?.id ?? '');
  await eventPage.open(event.id, `?item=${gone?.id}`);
  await expect(page.getByText('The update that this link points at has been deleted.')).toBeVisible();
});

test('E17 the light-box opens, walks and closes by keyboard, and gives the focus back', async ({ api, eventPage, page }) => {
  const event = await api.createEvent();
  await api.postFile(event.id, files.board, 'First', 'Ada');
  await api.postFile(event.id, files.portrait, 'Second', 'Grace');
  await api.postFile(event.id, files.cat, 'Third', 'Edsger');
  await eventPage.open(event.id);
  const photo = eventPage.item('Third').getByRole('button', { name: /^Open: / });

  await photo.focus();
  await page.keyboard.press('Enter');
  await expect(eventPage.photoDialog).toBeVisible();
  await expect(eventPage.photoDialog).toContainText('1 of 3');
  await expect(eventPage.photoDialog).toContainText('Third');
  const image = eventPage.photoDialog.getByRole('img', { name: 'Photo by Edsger' });
  await expect.poll(() => image.evaluate((node) => (node as HTMLImageElement).naturalWidth)).toBeGreaterThan(0);
  await page.keyboard.press('ArrowRight');
  await expect(eventPage.photoDialog).toContainText('2 of 3');
  await expect(eventPage.photoDialog).toContainText('Second');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  await expect(eventPage.photoDialog).toContainText('3 of 3');
  await page.keyboard.press('ArrowLeft');
  await expect(eventPage.photoDialog).toContainText('2 of 3');

  await page.keyboard.press('Escape');
  await expect(eventPage.photoDialog).toHaveCount(0);
  await expect(photo).toBeFocused();
});

test('E17 @chromium photos have their place before they load: nothing shifts', async ({ api, eventPage, page }) => {
  const event = await api.createEvent();
  for (const file of [files.board, files.portrait, files.cat, files.hubble]) await api.postFile(event.id, file, 'A picture');
  let release = () => {};
  const gate = new Promise<void>((done) => (release = done));
  await page.route('**/media/**', async (route) => {
    if (route.request().resourceType() === 'image') await gate;
    await route.continue();
  });
  await page.addInitScript(() => {
    const shifts: number[] = [];
    Object.assign(window, { __shifts: shifts });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) shifts.push((entry as unknown as { value: number }).value);
    }).observe({ type: 'layout-shift', buffered: true });
  });
  await eventPage.open(event.id);
  await expect(eventPage.items).toHaveCount(4);
  const boxes = () => eventPage.items.evaluateAll((rows) => rows.map((row) => row.getBoundingClientRect().toJSON() as object));
  const before = await boxes();
  await page.evaluate(() => ((window as unknown as { __shifts: number[] }).__shifts.length = 0));
  const images = eventPage.items.getByRole('img');

  release();
  await expect
    .poll(() => images.evaluateAll((all) => all.slice(0, 2).every((image) => (image as HTMLImageElement).naturalWidth > 0)))
    .toBe(true);
  expect(await boxes()).toEqual(before);
  // The frame that follows has been laid out, and its shifts reported.
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  const shifts = await page.evaluate(() => (window as unknown as { __shifts: number[] }).__shifts);
  expect(shifts.reduce((sum, shift) => sum + shift, 0)).toBeLessThan(0.005);
  await expect(images.first()).toHaveAttribute('width', /^\d+$/);
});
