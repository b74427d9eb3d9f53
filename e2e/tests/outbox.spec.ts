// Recorded without a network, sent when it is back: in order, once, whatever happens to the page in between (M3, M4).

import type { BrowserContext, Page } from '@playwright/test';
import { NETWORK, expect, test } from '../support/fixtures';
import { files } from '../support/files';
import { SignInPage } from '../support/people';

const texts = (count: number) => Array.from({ length: count }, (_, n) => `Minute ${n + 1}`);

/** Every first answer to a draft is lost, after the server has it. */
async function loseFirstAnswers(context: BrowserContext): Promise<void> {
  const seen = new Set<string>();
  await context.route('**/api/events/*/media', async (route) => {
    const request = route.request();
    if (request.method() !== 'POST') return route.continue();
    const { key } = request.postDataJSON() as { key: string };
    if (seen.has(key)) return route.continue();
    seen.add(key);
    await route.fetch();
    await route.abort('connectionreset');
  });
}

async function record(page: Page, all: string[]): Promise<void> {
  for (const text of all) {
    await page.getByRole('textbox', { name: 'What is happening?' }).fill(text);
    await page.getByRole('button', { name: 'Post', exact: true }).click();
    await expect(page.getByRole('article').filter({ hasText: text }).first()).toBeVisible();
  }
}

test('M3 M4 what was recorded offline survives the page and is sent in order, once', async ({ api, context, eventPage, faults, page, server }) => {
  faults.allow(...NETWORK);
  const event = await api.createEvent();
  await eventPage.open(event.id);
  await eventPage.write('', 'Grace');
  await context.setOffline(true);
  const all = texts(20);
  await record(page, all);
  await expect(page.getByRole('button', { name: '20 waiting' })).toBeVisible();
  await page.close();
  expect(await api.allMedia(event.id)).toEqual([]);

  await context.setOffline(false);
  await loseFirstAnswers(context);
  const again = await context.newPage();
  await again.goto(`${server.url}/events/${event.id}`);
  const began = Date.now();
  await expect.poll(async () => (await api.allMedia(event.id)).length, { timeout: 20_000 }).toBe(20);
  await expect(again.getByRole('article')).toHaveCount(20);
  await expect(again.getByRole('button', { name: /waiting/ })).toHaveCount(0, { timeout: 20_000 });
  console.log(`20 drafts, every first answer lost: sent after ${Date.now() - began} ms`);
  const sent = (await api.allMedia(event.id)).map((media) => media.text).reverse();
  expect(sent).toEqual(all);
});

test('M3 20 drafts are sent within 5 s of the return of the network, into the same nodes', async ({ api, context, eventPage, faults, page }) => {
  faults.allow(...NETWORK);
  const event = await api.createEvent();
  await eventPage.open(event.id);
  await eventPage.write('', 'Grace');
  await context.setOffline(true);
  await record(page, texts(20));
  const nodes = await page.getByRole('article').elementHandles();
  await context.setOffline(false);
  const began = Date.now();
  await expect(page.locator('article[data-media-id]')).toHaveCount(20);
  const took = Date.now() - began;
  expect(took).toBeLessThan(5_000);
  for (const node of nodes) expect(await node.evaluate((element) => element.isConnected)).toBe(true);
});

test('M3 a photo taken offline is there after a restart, and goes with its text', async ({ api, context, eventPage, faults, page, server }) => {
  faults.allow(...NETWORK);
  const event = await api.createEvent();
  await eventPage.open(event.id);
  await eventPage.write('From the stand', 'Grace');
  await page.getByLabel('Files', { exact: true }).setInputFiles(files.board);
  await context.setOffline(true);
  await eventPage.post.click();
  await expect(page.getByRole('button', { name: '1 waiting' })).toBeVisible();
  await page.close();
  await context.setOffline(false);
  const again = await context.newPage();
  await again.goto(`${server.url}/`);
  await expect.poll(async () => (await api.allMedia(event.id)).map((media) => [media.kind, media.text])).toEqual([['photo', 'From the stand']]);
});

test('M3 a refused draft is parked alone, is edited, and goes', async ({ api, eventPage, faults, page }) => {
  faults.allow(/422/);
  const event = await api.createEvent();
  await eventPage.open(event.id);
  await page.route('**/api/events/*/media', async (route) => {
    const body = route.request().method() === 'POST' ? (route.request().postDataJSON() as { text: string }) : null;
    if (body?.text !== 'Rude') return route.continue();
    const error = { code: 'invalid', message: 'Not in these words.', field: 'text' };
    await route.fulfill({ status: 422, json: { error } });
  });
  await eventPage.write('', 'Grace');
  await record(page, ['Rude', 'Kind']);
  await expect(eventPage.item('Kind')).toHaveAttribute('data-media-id', /.+/);
  await expect(eventPage.item('Rude')).toContainText('Not sent. Not in these words.');
  await page.getByRole('button', { name: '1 waiting' }).click();
  const dialog = page.getByRole('dialog', { name: 'Waiting to be sent' });
  await dialog.getByRole('button', { name: 'Edit' }).click();
  await dialog.getByRole('textbox', { name: 'Text' }).fill('Polite');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog).toContainText('Everything has been sent.');
  await expect.poll(async () => (await api.allMedia(event.id)).map((media) => media.text)).toEqual(['Polite', 'Kind']);
});

test('M4 two tabs send each draft once', async ({ api, context, eventPage, faults, page, server }) => {
  faults.allow(...NETWORK);
  const event = await api.createEvent();
  await eventPage.open(event.id);
  await eventPage.write('', 'Grace');
  const other = await context.newPage();
  await other.goto(`${server.url}/events/${event.id}`);
  const keys: string[] = [];
  context.on('request', (request) => {
    if (request.method() === 'POST' && request.url().endsWith('/media')) keys.push((request.postDataJSON() as { key: string }).key);
  });
  await expect(other.getByRole('textbox', { name: 'What is happening?' })).toBeVisible();
  await context.setOffline(true);
  await record(page, texts(5));
  await expect(other.getByRole('article')).toHaveCount(5);
  await context.setOffline(false);
  await expect(page.locator('article[data-media-id]')).toHaveCount(5);
  await expect(other.locator('article[data-media-id]')).toHaveCount(5);
  expect(new Set(keys).size).toBe(5);
  expect((await api.allMedia(event.id)).map((media) => media.text).reverse()).toEqual(texts(5));
});

test('M3 a browser that keeps nothing says so, and sends all the same', async ({ api, eventPage, page }) => {
  await page.addInitScript(() => {
    Object.defineProperty(window, 'indexedDB', { get: () => undefined });
  });
  const event = await api.createEvent();
  await eventPage.open(event.id);
  await eventPage.write('Kick-off', 'Grace');
  await eventPage.post.click();
  await expect(eventPage.item('Kick-off')).toHaveAttribute('data-media-id', /.+/);
  await expect(page.getByRole('alert').filter({ hasText: 'keep this page open' })).toBeVisible();
});

test('M3 who signs out while something waits is asked', async ({ api, context, eventPage, faults, page, server }) => {
  faults.allow(...NETWORK);
  const event = await api.createEvent();
  await api.register('grace', 'Grace');
  await new SignInPage(page, server.url).asPerson('grace');
  await eventPage.open(event.id);
  await context.setOffline(true);
  await record(page, ['Not yet']);
  await expect(page.getByRole('button', { name: '1 waiting' })).toBeVisible();
  const asked = new Promise<string>((done) => page.once('dialog', (dialog) => void dialog.dismiss().then(() => done(dialog.message()))));
  await eventPage.chooseFromAccount('Sign out');
  expect(await asked).toContain('1 not sent yet');
  await context.setOffline(false);
  await expect(eventPage.item('Not yet')).toHaveAttribute('data-media-id', /.+/);
});
