// The app without a network (M10): opened cold, with what was last read, and never of two builds at once.

import { cp, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Page } from '@playwright/test';
import { expect, NETWORK, test } from '../support/fixtures';
import { EventPage } from '../support/pages';
import { Server } from '../support/server';

test.use({ serviceWorkers: 'allow' });

/** Waits until a worker serves the page and keeps the app and what the page has read. */
async function isKept(page: Page, ...read: string[]): Promise<void> {
  await expect
    .poll(() =>
      page.evaluate(async (addresses) => {
        if (!navigator.serviceWorker.controller) return false;
        const shell = (await caches.keys()).some((name) => name.startsWith('shell-'));
        const kept = await (await caches.open('read')).keys();
        const paths = kept.map((request) => new URL(request.url).pathname);
        return shell && addresses.every((address) => paths.includes(address));
      }, read),
    )
    .toBe(true);
}

test('M10: the timeline last seen opens without a network, says of when it is, and goes on when there is one', async ({
  api,
  eventPage,
  faults,
  server,
}) => {
  faults.allow(...NETWORK);
  const event = await api.createEvent({ title: 'At the edge of the pitch', status: 'live' });
  await api.post(event.id, 'before the signal went');
  await eventPage.open(event.id);
  await expect(eventPage.items.first()).toContainText('before the signal went');
  await isKept(eventPage.page, '/api/session', `/api/events/${event.id}`, `/api/events/${event.id}/media`);

  await server.kill();
  const cold = new EventPage(await eventPage.page.context().newPage(), server.url);
  await eventPage.page.close();
  await cold.openKept(event.id);
  await expect(cold.items.first()).toContainText('before the signal went');
  await expect(cold.lost).toContainText(/As of \d{1,2}:\d{2}/);

  await server.start();
  await api.post(event.id, 'after it');
  await expect(cold.items.first()).toContainText('after it');
  await expect(cold.items).toHaveCount(2);
  await expect(cold.lost).toHaveCount(0);
});

test('M10: a page that nobody has read yet says so, in the app and not in the browser\'s words', async ({
  api,
  eventPage,
  faults,
  server,
}) => {
  faults.allow(...NETWORK);
  const [read, other] = [await api.createEvent({ title: 'Read' }), await api.createEvent({ title: 'Not read' })];
  await eventPage.open(read.id);
  await isKept(eventPage.page, `/api/events/${read.id}`);
  await server.kill();
  await eventPage.page.goto(`${server.url}/events/${other.id}`);
  await expect(eventPage.page.getByText('The server cannot be reached.')).toBeVisible();
});

test('M10, P5: who signs out leaves nothing of what they have read behind', async ({ api, eventPage, faults, server }) => {
  faults.allow(...NETWORK);
  const event = await api.createEvent({ title: 'Shared computer' });
  await eventPage.open(event.id);
  await isKept(eventPage.page, `/api/events/${event.id}`);
  const status = await eventPage.page.evaluate(async () => (await fetch('/api/session', { method: 'DELETE' })).status);
  expect(status).toBeLessThan(300);
  expect(await eventPage.page.evaluate(async () => (await caches.keys()).filter((name) => !name.startsWith('shell-')))).toEqual([]);
  await server.kill();
  await eventPage.page.goto(`${server.url}/events/${event.id}`);
  await expect(eventPage.page.getByText('The server cannot be reached.')).toBeVisible();
});

/** The same app as another build: other names, and a word in its page that tells it from the first. */
async function otherBuild(from: string): Promise<string> {
  const to = await mkdtemp(join(tmpdir(), 'touchline-dist-'));
  await cp(from, to, { recursive: true });
  const names = await readdir(to);
  const hashed = names.filter((name) => /-[0-9a-f]{16}[._]/.test(name) && /\.(js|wasm)$/.test(name));
  const hashes = new Set(hashed.map((name) => /-([0-9a-f]{16})[._]/.exec(name)![1]!));
  const other = (text: string) => [...hashes].reduce((all, hash) => all.replaceAll(hash, [...hash].reverse().join('')), text);
  for (const name of names) {
    const file = join(to, name);
    if (/\.(br|gz)$/.test(name)) {
      await rm(file);
      continue;
    }
    if (/\.(js|html)$/.test(name)) {
      const text = other(await readFile(file, 'utf8'));
      await writeFile(file, text.replace('<html lang="en"', '<html lang="en" data-build="other"').replace("VERSION = '", "VERSION = 'other-"));
    } else if (name.endsWith('.wasm')) {
      // The program names its later parts.
      await writeFile(file, Buffer.from(other((await readFile(file)).toString('latin1')), 'latin1'));
    }
    if (other(name) !== name) await rename(file, join(to, other(name)));
  }
  return to;
}

test('M10: a new build takes over whole, and a page of the old one goes on with its own code @chromium', async ({
  browser,
  faults,
}) => {
  const dist = resolve(import.meta.dirname, '..', process.env['TOUCHLINE_ASSETS_DIR'] ?? '../dist');
  const live = await mkdtemp(join(tmpdir(), 'touchline-live-'));
  const next = await otherBuild(dist);
  await cp(dist, live, { recursive: true });
  const server = await Server.start(['--assets-dir', live]);
  try {
    const context = await browser.newContext({ serviceWorkers: 'allow' });
    faults.watch(context);
    const old = await context.newPage();
    await old.goto(server.url);
    await isKept(old, '/api/events');

    await rm(live, { recursive: true });
    await rename(next, live);
    // A page that was opened before goes on, and fetches what it had not needed yet.
    await old.getByRole('link', { name: 'Sign in' }).click();
    await expect(old.getByRole('heading', { name: 'Sign in' })).toBeVisible();

    const fresh = await context.newPage();
    await fresh.goto(server.url);
    await expect(fresh.locator('html')).toHaveAttribute('data-build', 'other');
    await fresh.getByRole('link', { name: 'Sign in' }).click();
    await expect(fresh.getByRole('heading', { name: 'Sign in' })).toBeVisible();
    await expect
      .poll(() => fresh.evaluate(async () => (await caches.keys()).filter((name) => name.startsWith('shell-')).length))
      .toBe(2);

    faults.allow(...NETWORK);
    await server.kill();
    await fresh.goto(server.url);
    await expect(fresh.locator('html')).toHaveAttribute('data-build', 'other');
    await fresh.getByRole('link', { name: 'Sign in' }).click();
    await expect(fresh.getByRole('heading', { name: 'Sign in' })).toBeVisible();
    await context.close();
  } finally {
    await server.dispose();
    await rm(live, { recursive: true, force: true });
    await rm(next, { recursive: true, force: true });
  }
});
