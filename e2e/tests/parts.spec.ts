// The program in parts: what only follows an event fetches one, the other pages bring theirs when they are opened.

import { NETWORK, expect, test } from '../support/fixtures';

const LATER = '**/later-*.wasm';

test('E17 a timeline is shown without the pages beside it, which are fetched when they are opened', async ({ api, eventPage, page }) => {
  const event = await api.createEvent();
  await api.post(event.id, 'Off we go');
  const fetched: string[] = [];
  page.on('request', (request) => fetched.push(new URL(request.url()).pathname));
  const desk = () => fetched.filter((path) => path.includes('/later-desk-'));

  await eventPage.open(event.id);
  await expect(eventPage.item('Off we go')).toBeVisible();
  // Who may post has the composer as well.
  await expect(eventPage.post).toBeVisible();
  expect(fetched.filter((path) => path.includes('/later-write-'))).toHaveLength(1);
  expect(fetched.filter((path) => path.endsWith('_bg.wasm'))).toHaveLength(1);
  expect(desk()).toHaveLength(0);

  await page.getByRole('link', { name: 'Sign in' }).first().click();
  await expect(page.getByRole('form', { name: 'Sign in' })).toBeVisible();
  expect(desk()).toHaveLength(1);
  await page.goBack();
  await expect(eventPage.item('Off we go')).toBeVisible();
  await page.goForward();
  await expect(page.getByRole('form', { name: 'Sign in' })).toBeVisible();
  expect(desk(), 'once is enough').toHaveLength(1);
});

test('E17 a page whose part does not arrive says so, and comes when it is asked for again', async ({ faults, page, server }) => {
  faults.allow(...NETWORK, /Failed to fetch|NetworkError|loader-/);
  await page.route(LATER, (route) => route.abort());
  await page.goto(`${server.url}/signin`);
  const notice = page.getByRole('alert').filter({ hasText: 'This part of the page could not be loaded' });
  await expect(notice).toBeVisible();
  await page.unroute(LATER);
  await notice.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByRole('form', { name: 'Sign in' })).toBeVisible();
  await expect(notice).toHaveCount(0);
});
