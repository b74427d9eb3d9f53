// For somebody who posts: text and files by every way in, what happens meanwhile, and what when it fails.

import { readFile, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { JSHandle, Page } from '@playwright/test';
import { typeOf } from '../support/api';
import { NETWORK, expect, test } from '../support/fixtures';
import { files } from '../support/files';

/** A file as it comes with a drop or a paste. */
async function transferOf(page: Page, path: string): Promise<JSHandle<DataTransfer>> {
  const bytes = (await readFile(path)).toString('base64');
  return page.evaluateHandle(
    ([bytes, name, type]) => {
      const transfer = new DataTransfer();
      const data = Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0));
      transfer.items.add(new File([data], name, { type }));
      return transfer;
    },
    [bytes, basename(path), typeOf(path)] as const,
  );
}

test('E17 a text is posted, and the name remembered', async ({ api, eventPage, page }) => {
  const event = await api.createEvent();
  await eventPage.open(event.id);
  await eventPage.write('Kick-off in the rain', 'Grace');
  await eventPage.post.click();

  const item = eventPage.item('Kick-off in the rain');
  await expect(item).toHaveAttribute('data-media-id', /.+/);
  await expect(item).toContainText('Grace');
  await expect(eventPage.text).toHaveValue('');
  await page.reload();
  await expect(eventPage.name).toHaveValue('Grace');
  await expect(eventPage.items).toHaveCount(1);
});

test('E17 nothing below moves when an item that is being sent is confirmed', async ({ api, eventPage, page }) => {
  const event = await api.createEvent();
  await api.post(event.id, 'What was there');
  await eventPage.open(event.id);
  let release = () => {};
  const gate = new Promise<void>((done) => (release = done));
  await page.route('**/api/events/*/media', async (route) => {
    if (route.request().method() === 'POST') await gate;
    await route.continue();
  });
  await eventPage.write('Off we go', 'Grace');
  await eventPage.post.click();
  const echo = eventPage.item('Off we go');
  await expect(echo).toContainText('Sending…');
  const below = eventPage.item('What was there');
  const during = await below.boundingBox();
  const own = await echo.boundingBox();

  release();
  await expect(echo).toHaveAttribute('data-media-id', /.+/);
  await expect(echo).not.toContainText('Sending…');
  expect(await below.boundingBox()).toEqual(during);
  expect(await echo.boundingBox()).toEqual(own);
});

test('E17 without a word or without a name nothing is posted, and the page says why', async ({ api, eventPage, page }) => {
  const event = await api.createEvent();
  await eventPage.open(event.id);
  await eventPage.post.click();
  await expect(page.getByRole('alert').filter({ hasText: 'Write something' })).toBeVisible();
  await eventPage.write('Who am I?');
  await eventPage.post.click();
  await expect(page.getByRole('alert').filter({ hasText: 'Say who you are' })).toBeVisible();
  await expect(eventPage.name).toBeFocused();
  expect(await api.allMedia(event.id)).toEqual([]);
});

test('E16 E17 a photo: preview, then its place from the first moment to the last', async ({ api, eventPage, page }) => {
  const event = await api.createEvent();
  await eventPage.open(event.id);
  let release = () => {};
  const gate = new Promise<void>((done) => (release = done));
  await page.route('**/api/events/*/media', async (route) => {
    if (route.request().method() === 'POST') await gate;
    await route.continue();
  });
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), eventPage.attach.click()]);
  await chooser.setFiles(files.hubble);
  await expect(eventPage.attached).toHaveCount(1);
  const preview = eventPage.attached.getByRole('img', { name: basename(files.hubble) });
  await expect.poll(() => preview.evaluate((node) => (node as HTMLImageElement).naturalWidth)).toBe(1000);
  await eventPage.write('A deep field', 'Ada');

  await eventPage.post.click();
  const item = eventPage.item('A deep field');
  await expect(item).not.toHaveAttribute('data-media-id');
  await expect(item.getByRole('progressbar', { name: 'Sent' })).toBeVisible();
  await expect(eventPage.attached).toHaveCount(0);
  const frame = item.getByRole('button', { name: /^Open: / });
  const during = await frame.boundingBox();

  release();
  await expect(item).toHaveAttribute('data-media-id', /.+/, { timeout: 15_000 });
  await expect(item.getByRole('progressbar')).toHaveCount(0);
  const image = item.getByRole('img', { name: 'Photo by Ada' });
  await expect(image).toHaveAttribute('width', '1000');
  await expect(image).toHaveAttribute('height', '872');
  await expect.poll(() => image.evaluate((node) => (node as HTMLImageElement).naturalWidth)).toBeGreaterThan(0);
  expect(await frame.boundingBox()).toEqual(during);
  const [media] = await api.allMedia(event.id);
  expect(media).toMatchObject({ kind: 'photo', text: 'A deep field', attachment: { width: 1000, height: 872 } });
});

test('E17 a large upload shows how far it has come', async ({ api, network, proxied }, info) => {
  const event = await api.createEvent();
  await proxied.open(event.id);
  const [chooser] = await Promise.all([proxied.page.waitForEvent('filechooser'), proxied.attach.click()]);
  // Silence after the last frame of a real sound: more than what the system's buffers swallow at once.
  const long = info.outputPath('long.mp3');
  await writeFile(long, Buffer.concat([await readFile(files.mp3), Buffer.alloc(24_000_000)]));
  await chooser.setFiles(long);
  await proxied.write('A long recording', 'Ada');

  network.throttleUploads(3_000_000);
  await proxied.post.click();
  const item = proxied.item('A long recording');
  await expect(item).toContainText(/Sending… [1-9]\d? %/);
  await expect(item.getByRole('progressbar', { name: 'Sent' })).toHaveAttribute('value', /^[1-9]\d?$/);
  network.throttleUploads(undefined);
  await expect(item).toHaveAttribute('data-media-id', /.+/, { timeout: 20_000 });
});

test('E17 a picture that is pasted is attached and posted', async ({ api, eventPage, page }) => {
  const event = await api.createEvent();
  await eventPage.open(event.id);
  const transfer = await transferOf(page, files.portrait);
  await eventPage.text.focus();
  await eventPage.text.evaluate((area, clipboardData) => {
    const paste = new ClipboardEvent('paste', { bubbles: true, cancelable: true });
    // Firefox lets no script put files into an event of its making.
    Object.defineProperty(paste, 'clipboardData', { value: clipboardData });
    area.dispatchEvent(paste);
  }, transfer);
  await expect(eventPage.attached).toHaveCount(1);
  await eventPage.write('From the clipboard', 'Ada');
  await eventPage.post.click();
  await expect(eventPage.item('From the clipboard')).toHaveAttribute('data-media-id', /.+/);
  expect((await api.allMedia(event.id))[0]).toMatchObject({ kind: 'photo', attachment: { width: 240, height: 360 } });
});

test('E17 files that are dropped are attached, and can be taken off again', async ({ api, eventPage, page }) => {
  const event = await api.createEvent();
  await eventPage.open(event.id);
  const dataTransfer = await transferOf(page, files.board);
  await page.dispatchEvent('main', 'dragover', { dataTransfer });
  await expect(page.getByText('Drop to attach')).toBeVisible();
  await page.dispatchEvent('main', 'drop', { dataTransfer });
  await expect(page.getByText('Drop to attach')).toHaveCount(0);
  await expect(eventPage.attached).toHaveCount(1);
  await page.getByRole('button', { name: 'Remove board.jpg' }).click();
  await expect(eventPage.attached).toHaveCount(0);

  await page.dispatchEvent('main', 'drop', { dataTransfer: await transferOf(page, files.board) });
  await eventPage.write('Dropped', 'Ada');
  await eventPage.post.click();
  await expect(eventPage.item('Dropped')).toHaveAttribute('data-kind', 'photo');
  await expect(eventPage.item('Dropped')).toHaveAttribute('data-media-id', /.+/);
});

test('E16 E17 video and sound can be posted and played', async ({ api, eventPage, page }) => {
  const event = await api.createEvent();
  await eventPage.open(event.id);
  const chosen = [files.clip, files.mp3, files.ogg];
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), eventPage.attach.click()]);
  await chooser.setFiles(chosen);
  await expect(eventPage.attached).toHaveCount(3);
  await eventPage.write('Seen and heard', 'Ada');
  await eventPage.post.click();
  await expect(page.locator('article[data-media-id]')).toHaveCount(3, { timeout: 15_000 });

  // As everybody else sees them, from the server.
  await page.reload();
  await expect(eventPage.items).toHaveCount(3);
  for (const [selector, duration] of [['video', 1.6], ['audio', 1]] as const) {
    const players = page.locator(selector);
    for (const player of await players.all()) {
      await expect
        .poll(() => player.evaluate((node) => (node as HTMLMediaElement).readyState), { timeout: 10_000 })
        .toBeGreaterThanOrEqual(1);
      expect(await player.evaluate((node) => (node as HTMLMediaElement).duration)).toBeCloseTo(duration, 0);
      await player.evaluate(async (node) => {
        (node as HTMLMediaElement).muted = true;
        await (node as HTMLMediaElement).play();
      });
      await expect.poll(() => player.evaluate((node) => (node as HTMLMediaElement).currentTime)).toBeGreaterThan(0);
    }
  }
  await expect(page.locator('audio')).toHaveCount(2);
  await expect(page.locator('video')).toHaveCount(1);
});

test('E16 a file that is not what it claims to be is refused, visibly, and can be discarded', async ({
  api,
  eventPage,
  faults,
  page,
}) => {
  faults.allow(/415/);
  const event = await api.createEvent();
  await eventPage.open(event.id);
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), eventPage.attach.click()]);
  await chooser.setFiles({ name: 'notes.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('This is no picture.') });
  await eventPage.write('A picture, honestly', 'Ada');
  await eventPage.post.click();

  const item = eventPage.item('A picture, honestly');
  await expect(item).toContainText('Not sent.');
  await expect(item.getByRole('button', { name: 'Retry' })).toBeVisible();
  expect(await api.allMedia(event.id)).toEqual([]);
  await item.getByRole('button', { name: 'Discard' }).click();
  await expect(page.getByText('A picture, honestly')).toHaveCount(0);
});

test('E16 a file of a kind that is not taken is refused when it is chosen', async ({ api, eventPage, page }) => {
  const event = await api.createEvent();
  await eventPage.open(event.id);
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), eventPage.attach.click()]);
  await chooser.setFiles({ name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('Notes') });
  await expect(page.getByRole('alert').filter({ hasText: 'notes.txt' })).toContainText('cannot be posted');
  await expect(eventPage.attached).toHaveCount(0);
});

test('M4 E16 an answer that is lost on the way: the retry has the same key and makes no second item', async ({
  api,
  faults,
  network,
  proxied,
}) => {
  faults.allow(...NETWORK);
  const event = await api.createEvent();
  await proxied.open(event.id);
  await proxied.isLive();
  network.loseNextAnswer('POST', `/api/events/${event.id}/media`);
  await proxied.write('Only once', 'Ada');
  await proxied.post.click();

  await expect(proxied.item('Only once')).toHaveAttribute('data-media-id', /.+/);
  await expect.poll(() => network.answersLost).toBe(1);
  await expect(proxied.item('Only once')).not.toContainText('Sending');
  await expect(proxied.item('Only once')).toHaveCount(1);
  const stored = await api.allMedia(event.id);
  expect(stored).toHaveLength(1);
  expect(stored[0]?.key).toMatch(/.{16,}/);
});

test('M3 M4 E17 a post that cannot be sent waits on the page, goes by itself when that works, and is one item', async ({
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
  network.down();
  await proxied.write('Sooner or later', 'Ada');
  await proxied.post.click();

  const item = proxied.item('Sooner or later');
  await expect(page.getByRole('button', { name: '1 waiting' })).toBeVisible();
  await expect(item).toContainText('Sending…');
  // A time would say that it is there.
  await expect(item.getByRole('time')).toHaveCount(0);
  network.admit();
  await expect(item).toHaveAttribute('data-media-id', /.+/);
  await expect(item).toHaveCount(1);
  expect(await api.allMedia(event.id)).toHaveLength(1);
});
