// The list of events, live.

import { expect, test } from '../support/fixtures';

test('E16 E17 an empty list invites; the dialog makes an event and goes there', async ({ api, eventsPage, page }) => {
  await eventsPage.open();
  await expect(page.getByRole('heading', { name: 'Nothing is on yet' })).toBeVisible();

  await eventsPage.newEvent.click();
  const { dialog } = eventsPage;
  await expect(dialog.getByRole('textbox', { name: 'Title' })).toBeFocused();
  await dialog.getByRole('button', { name: 'Create event' }).click();
  await expect(dialog.getByRole('alert')).toContainText('title');
  await dialog.getByRole('textbox', { name: 'Title' }).fill('Night at the harbour');
  await dialog.getByRole('textbox', { name: 'Place' }).fill('Pier 4');
  await dialog.getByRole('textbox', { name: 'Description' }).fill('Bands, boats and lights.');
  await dialog.getByRole('combobox', { name: 'Status' }).selectOption({ label: 'Scheduled' });
  await dialog.getByRole('button', { name: 'Create event' }).click();

  await expect(page).toHaveURL(/\/events\/[^/?]+$/);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Night at the harbour');
  await expect(page.getByText('Pier 4')).toBeVisible();
  const id = page.url().split('/').at(-1) ?? '';
  expect(await api.patchEvent(id, {})).toMatchObject({ title: 'Night at the harbour', status: 'scheduled' });
});

test('E5 events appear, move between the groups and go, by themselves', async ({ api, eventsPage }) => {
  await api.createEvent({ title: 'Already there', status: 'completed' });
  await eventsPage.open();
  await expect(eventsPage.group('Over').getByRole('link', { name: 'Already there' })).toBeVisible();

  const event = await api.createEvent({ title: 'Cup final', status: 'scheduled' });
  await expect(eventsPage.group('Coming up').getByRole('link', { name: 'Cup final' })).toBeVisible();
  await api.patchEvent(event.id, { status: 'live' });
  await expect(eventsPage.group('Live now').getByRole('link', { name: 'Cup final' })).toBeVisible();
  await expect(eventsPage.group('Coming up')).toHaveCount(0);
  await api.patchEvent(event.id, { status: 'cancelled' });
  await expect(eventsPage.group('Over').getByRole('link', { name: 'Cup final' })).toBeVisible();
  await expect(eventsPage.card('Cup final')).toContainText('Cancelled');
  await api.patchEvent(event.id, { title: 'Cup final, called off' });
  await expect(eventsPage.card('Cup final, called off')).toBeVisible();
  await api.deleteEvent(event.id);
  await expect(eventsPage.card('Cup final, called off')).toHaveCount(0);
  await expect(eventsPage.card('Already there')).toBeVisible();
});

test('E17 unknown addresses are answered with a way home', async ({ eventsPage, faults, page, server }) => {
  faults.allow(/404/);
  await page.goto(`${server.url}/no/such/page`);
  await expect(page.getByRole('heading', { name: 'Page not found' })).toBeVisible();
  await page.goto(`${server.url}/events/no-such-event`);
  await expect(page.getByRole('heading', { name: 'Event not found' })).toBeVisible();
  await page.getByRole('main').getByRole('link', { name: 'All events' }).click();
  await expect(page.getByRole('heading', { name: 'Events', level: 1 })).toBeVisible();
  await eventsPage.isLive();
});
