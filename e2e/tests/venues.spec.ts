// Venues: how it is there, live in everybody's browser.

import { files } from '../support/files';
import { expect, test } from '../support/fixtures';
import { SignInPage } from '../support/people';
import { VenuePage, VenuesPage } from '../support/venues';

test.beforeEach(async ({ api }) => {
  await api.register('ada', 'Ada');
  await api.register('ben', 'Ben');
});

test('V9 a venue that one adds is on everybody’s list, and what is said there as well', async ({ another, page, server }) => {
  await new SignInPage(page, server.url).asPerson('ada');
  const listed = new VenuesPage((await another()).page, server.url);
  await listed.open();
  await expect(listed.page.getByRole('heading', { name: 'No venues yet' })).toBeVisible();
  const mine = new VenuesPage(page, server.url);
  await mine.open();
  const venue = await mine.add('The Lock', 'Canal 3');
  await expect(listed.card('The Lock')).toContainText('Nobody has said how it is yet');
  await venue.say({ rating: 4, crowd: 'Busy' });
  await expect(listed.card('The Lock')).toContainText('Busy');
  await expect(listed.card('The Lock')).toContainText('4.0 of 5');
  await expect(listed.card('The Lock')).toContainText('1 vibe check');
  await listed.card('The Lock').getByRole('link', { name: 'The Lock' }).click();
  await expect(new VenuePage(listed.page).now).toContainText('4.0 of 5');
});

test('V1 V9 what guests say appears at once, with its photo, and counts', async ({ another, page, server }) => {
  await new SignInPage(page, server.url).asPerson('ada');
  const mine = new VenuesPage(page, server.url);
  await mine.open();
  const venue = await mine.add('The Lock');
  const other = (await another()).page;
  await new SignInPage(other, server.url).asPerson('ben');
  const guest = new VenuePage(other);
  await guest.open(page.url());
  await venue.say({ rating: 2, crowd: 'Quiet', text: 'Early yet' });
  const first = guest.checks.first();
  await expect(first).toContainText('Early yet');
  await first.evaluate((node) => Object.assign(node, { kept: true }));
  await guest.say({ rating: 5, crowd: 'Packed', text: '<b>Full</b> house', photo: files.board });
  await expect(venue.checks).toHaveCount(2);
  await expect(venue.checks.first()).toContainText('<b>Full</b> house');
  await expect(venue.checks.first().getByRole('img', { name: 'Photo by Ben' })).toBeVisible();
  await expect(venue.now).toContainText('3.5 of 5');
  await expect(venue.now).toContainText('Packed');
  await expect(venue.chart).toHaveAccessibleName(/3\.5 of 5/);
  // What was there before is the same element still.
  expect(await guest.checks.last().evaluate((node) => 'kept' in node)).toBe(true);
  // One's own is one's own to delete, and the host's; another guest's is not.
  await expect(guest.checks.last().getByRole('button', { name: /^Delete/ })).toHaveCount(0);
  await venue.checks.first().getByRole('button', { name: 'Delete the vibe check of Ben' }).click();
  await expect(guest.checks).toHaveCount(1);
  await expect(guest.now).toContainText('2.0 of 5');
  await expect(guest.chart).toHaveAccessibleName(/2\.0 of 5, quiet/);
});

test('V8 nothing said is not sent, and says why', async ({ page, server }) => {
  await new SignInPage(page, server.url).asPerson('ada');
  const mine = new VenuesPage(page, server.url);
  await mine.open();
  const venue = await mine.add('The Lock');
  await venue.say({});
  await expect(venue.form.getByRole('alert').filter({ hasText: 'Say something first' })).toBeVisible();
  await venue.say({ text: 'Better now' });
  await expect(venue.checks).toHaveCount(1);
  await expect(venue.form.getByLabel('In a line')).toHaveValue('');
});

test('V1 V9 a promotion is shown while it runs and goes by itself', async ({ another, api, page, server }) => {
  const ada = await api.signIn('ada');
  const made = await ada.createVenue('The Lock');
  const guest = new VenuePage(page);
  await guest.open(`${server.url}/venues/${made.id}`);
  const host = new VenuePage((await another()).page);
  await new SignInPage(host.page, server.url).asPerson('ada');
  await host.open(`${server.url}/venues/${made.id}`);
  await host.promote('Open stage', undefined, 3_600_000);
  const shown = guest.promotions.getByRole('listitem').filter({ hasText: 'Open stage' });
  await expect(shown).toContainText('On now');
  // It is over sooner than was said, and nobody does anything for it to go.
  const soon = new Date(Date.now() + 1_500).toISOString();
  await ada.changePromotion(made.id, (await ada.promotions(made.id))[0]?.id ?? '', { endsAt: soon });
  await expect(shown).toHaveCount(0);
  await expect(host.promotions.getByRole('listitem')).toHaveCount(0);
});

test('V9 its host edits and deletes a venue, and guests see it', async ({ another, page, server }) => {
  await new SignInPage(page, server.url).asPerson('ada');
  const mine = new VenuesPage(page, server.url);
  await mine.open();
  await mine.add('The Lock');
  const guest = (await another()).page;
  await new VenuePage(guest).open(page.url());
  await expect(guest.getByLabel('Your name')).toBeVisible();
  await expect(guest.getByRole('button', { name: 'Edit' })).toHaveCount(0);
  await page.getByRole('button', { name: 'Edit' }).click();
  const dialog = page.getByRole('dialog', { name: 'Edit venue' });
  await dialog.getByLabel('Name').fill('The Weir');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(guest.getByRole('heading', { name: 'The Weir', level: 1 })).toBeVisible();
  await expect(guest).toHaveTitle(/The Weir/);
  await page.getByRole('button', { name: 'Delete venue' }).click();
  await page.getByRole('button', { name: 'Delete it for good' }).click();
  await expect(page.getByRole('heading', { name: 'No venues yet' })).toBeVisible();
  await expect(guest.getByRole('heading', { name: 'There is no such venue' })).toBeVisible();
});
