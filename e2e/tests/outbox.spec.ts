// Recorded without a network, sent when it is back: in order, once, whatever happens to the page in between (M3, M4).

import type { Page } from '@playwright/test';
import { NETWORK, expect, test } from '../support/fixtures';
import { files } from '../support/files';
import { SignInPage } from '../support/people';

const texts = (count: number) => Array.from({ length: count }, (_, n) => `Minute ${n + 1}`);

async function record(page: Page, all: string[]): Promise<void> {
  for (const text of all) {
    await page.getByRole('textbox', { name: 'What is happening?' }).fill(text);
    await page.getByRole('button', { name: 'Post', exact: true }).click();
    await expect(page.getByRole('article').filter({ hasText: text }).first()).toBeVisible();
  }
}

test('M3 M4 what was recorded offline survives the page and is sent in order, once, though every first answer is lost', async ({ api, context, faults, network, page, proxied }) => {
  faults.allow(...NETWORK);
  const event = await api.createEvent();
  await proxied.open(event.id);
  await proxied.write('', 'Grace');
  network.down();
  const all = texts(20);
  await record(page, all);
  await expect(page.getByRole('button', { name: '20 waiting' })).toBeVisible();
  await page.close();
  expect(await api.allMedia(event.id)).toEqual([]);

  network.loseEveryOtherAnswer('POST', `/api/events/${event.id}/media`);
  network.admit();
  const again = await context.newPage();
  const began = Date.now();
  await again.goto(`${network.url}/events/${event.id}`);
  await expect.poll(async () => (await api.allMedia(event.id)).length, { timeout: 20_000 }).toBe(20);
  await expect(again.getByRole('article')).toHaveCount(20);
  await expect(again.getByRole('button', { name: /waiting/ })).toHaveCount(0, { timeout: 20_000 });
  test.info().annotations.push({ type: 'took', description: `${Date.now() - began} ms` });
  expect(network.answersLost).toBe(20);
  expect((await api.allMedia(event.id)).map((media) => media.text).reverse()).toEqual(all);
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

/** A wide photograph that says where it was taken, and lies on its side. */
async function fromACamera(page: Page): Promise<Buffer> {
  const drawn = await page.evaluate(() => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 4000, height: 800 });
    const context = canvas.getContext('2d');
    if (!context) throw new Error('no canvas');
    const sky = context.createLinearGradient(0, 0, 4000, 800);
    sky.addColorStop(0, '#135');
    sky.addColorStop(1, '#fc6');
    context.fillStyle = sky;
    context.fillRect(0, 0, 4000, 800);
    return canvas.toDataURL('image/jpeg', 0.95).split(',')[1] ?? '';
  });
  const jpeg = Buffer.from(drawn, 'base64');
  // Orientation 6 is a quarter turn; the rest is a note of the camera's.
  const tiff = Buffer.concat([
    Buffer.from('4d4d002a00000008', 'hex'),
    Buffer.from('0002', 'hex'),
    Buffer.from('011200030000000100060000', 'hex'),
    Buffer.from('010e00020000001400000026', 'hex'),
    Buffer.from('00000000', 'hex'),
    Buffer.from('51.5560 N, 0.2796 W\0', 'latin1'),
  ]);
  const exif = Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), tiff]);
  const head = Buffer.from([0xff, 0xe1, (exif.length + 2) >> 8, (exif.length + 2) & 0xff]);
  return Buffer.concat([jpeg.subarray(0, 2), head, exif, jpeg.subarray(2)]);
}

test('M3 E16 a photo taken offline leaves the device small and without what the camera wrote, before its item', async ({ api, faults, network, page, proxied }) => {
  faults.allow(...NETWORK);
  const event = await api.createEvent();
  await proxied.open(event.id);
  const photo = await fromACamera(page);
  expect(photo.includes('51.5560 N')).toBe(true);
  await proxied.write('From the stand', 'Grace');
  network.down();
  await page.getByLabel('Files', { exact: true }).setInputFiles({ name: 'IMG_0001.jpg', mimeType: 'image/jpeg', buffer: photo });
  await proxied.post.click();
  const item = proxied.item('From the stand');
  await expect(page.getByRole('button', { name: '1 waiting' })).toBeVisible();
  await expect.poll(() => item.getByRole('img').first().evaluate((image: HTMLImageElement) => image.naturalHeight), 'the preview').toBeGreaterThan(0);
  const posted: string[] = [];
  page.on('response', (response) => {
    if (response.request().method() === 'POST' && response.ok()) posted.push(new URL(response.url()).pathname);
  });
  const upload = network.listenTo('POST', '/api/uploads');
  network.admit();
  await proxied.networkChanged();
  // A server that is built without optimisation takes its time with it.
  await expect(item).toHaveAttribute('data-media-id', /.+/, { timeout: 30_000 });
  expect(posted).toEqual(['/api/uploads', `/api/events/${event.id}/media`]);
  const bytes = upload.bytes();
  const jpeg = bytes.subarray(bytes.indexOf(Buffer.from([0xff, 0xd8, 0xff])));
  expect(jpeg.length).toBeGreaterThan(1_000);
  expect(bytes.length).toBeLessThan(photo.length);
  for (const trace of ['Exif', '51.5560 N']) expect(bytes.includes(trace), trace).toBe(false);
  // The first frame header says how large it is: upright, and as long as the server keeps it.
  const frame = [0xc0, 0xc2].map((kind) => jpeg.indexOf(Buffer.from([0xff, kind]))).find((at) => at > 0) ?? 0;
  expect([jpeg.readUInt16BE(frame + 7), jpeg.readUInt16BE(frame + 5)]).toEqual([512, 2560]);
  const [media] = await api.allMedia(event.id);
  expect([media?.kind, media?.text]).toEqual(['photo', 'From the stand']);
});

test('M3 a refused draft is parked alone, is edited, and goes', async ({ api, eventPage, faults, page }) => {
  faults.allow(/422/);
  const event = await api.createEvent();
  await eventPage.open(event.id);
  let refused = false;
  await page.route('**/api/events/*/media', async (route) => {
    if (route.request().method() !== 'POST' || refused) return route.continue();
    refused = true;
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
  const answers: number[] = [];
  context.on('response', (response) => {
    if (response.request().method() === 'POST' && response.url().endsWith('/media')) answers.push(response.status());
  });
  await expect(other.getByRole('textbox', { name: 'What is happening?' })).toBeVisible();
  await context.setOffline(true);
  await record(page, texts(5));
  await expect(other.getByRole('article')).toHaveCount(5);
  await context.setOffline(false);
  await expect(page.locator('article[data-media-id]')).toHaveCount(5);
  await expect(other.locator('article[data-media-id]')).toHaveCount(5);
  // What the server has already it answers with 200: a tab that is slower than its lease may be overtaken, but they do
  // not both send everything.
  expect(answers.filter((status) => status === 201)).toHaveLength(5);
  expect(answers.length).toBeLessThan(8);
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
