// What one browser changes, another sees: items, statuses, the event itself. And what is written by
// somebody with bad intentions stays text.

import { NETWORK, expect, test } from '../support/fixtures';
import { files } from '../support/files';

test('E5 an edit and a deletion reach another browser', async ({ api, another, eventPage, page }) => {
  const event = await api.createEvent();
  await api.post(event.id, 'Ttypo');
  await api.post(event.id, 'Wrong match');
  const reader = await another();
  await reader.open(event.id);
  await eventPage.open(event.id);
  await page.bringToFront();

  await eventPage.choose(eventPage.item('Ttypo'), 'Edit text');
  const edit = page.getByRole('dialog', { name: 'Edit text' });
  await expect(edit.getByRole('textbox', { name: 'Text' })).toBeFocused();
  await edit.getByRole('textbox', { name: 'Text' }).fill('Typo, mended');
  await edit.getByRole('button', { name: 'Save' }).click();
  await expect(edit).toHaveCount(0);
  for (const seen of [eventPage, reader]) {
    await expect(seen.item('Typo, mended')).toContainText('edited');
    await expect(seen.item('Ttypo')).toHaveCount(0);
  }

  await eventPage.choose(eventPage.item('Wrong match'), 'Delete');
  const ask = page.getByRole('dialog', { name: 'Delete this update?' });
  await ask.getByRole('button', { name: 'Delete' }).click();
  for (const seen of [eventPage, reader]) {
    await expect(seen.item('Wrong match')).toHaveCount(0);
    await expect(seen.items).toHaveCount(1);
  }
});

test('E5 the status of an event reaches another browser', async ({ api, another, eventPage, page }) => {
  const event = await api.createEvent({ status: 'scheduled' });
  await eventPage.open(event.id);
  const reader = await another();
  await reader.open(event.id);
  await expect(reader.statusMenu).toHaveAccessibleName(/^Status: Scheduled/);

  for (const status of ['Live', 'Completed'] as const) {
    await eventPage.statusMenu.click();
    await page.getByRole('menuitemradio', { name: status }).click();
    await expect(eventPage.statusMenu).toHaveAccessibleName(new RegExp(`^Status: ${status}`));
    await expect(reader.statusMenu).toHaveAccessibleName(new RegExp(`^Status: ${status}`));
    await expect(reader.statusMenu).toContainText(status);
  }
});

test('E5 a change of title and the end of an event reach its page', async ({ api, eventPage, faults, page }) => {
  faults.allow(/404/);
  const event = await api.createEvent({ title: 'Regatta' });
  await eventPage.open(event.id);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Regatta');
  await api.patchEvent(event.id, { title: 'Regatta, second day' });
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Regatta, second day');
  await expect(page).toHaveTitle(/^Regatta, second day/);

  await api.deleteEvent(event.id);
  await expect(page.getByRole('heading', { name: 'This event has been deleted' })).toBeVisible();
  await page.reload();
  await expect(page.getByRole('heading', { name: 'Event not found' })).toBeVisible();
});

test('E5 an event that is deleted while the page is not connected has been deleted, and not never been', async ({
  api,
  faults,
  network,
  page,
  proxied,
}) => {
  faults.allow(...NETWORK, /404/);
  const event = await api.createEvent();
  await proxied.open(event.id);
  network.down();
  await api.deleteEvent(event.id);
  network.admit();
  await proxied.networkChanged();
  await expect(page.getByRole('heading', { name: 'This event has been deleted' })).toBeVisible({ timeout: 15_000 });
});

test('V7 V8 whatever is written is shown as text, and nothing of it runs', async ({
  api,
  eventPage,
  eventsPage,
  page,
}) => {
  const evil = (where: string) =>
    `<img src=x onerror="window.__xss='${where}'"><script>window.__xss='${where}'</script>"'\`{{7*7}}`;
  let asked = false;
  page.on('dialog', (dialog) => {
    asked = true;
    return dialog.dismiss();
  });
  const harmless = async () => {
    expect(await page.evaluate(() => (window as unknown as { __xss?: string }).__xss)).toBeUndefined();
    expect(await page.locator('img[src="x"]').count()).toBe(0);
    expect(await page.locator('#app script').count()).toBe(0);
    expect(asked).toBe(false);
  };
  const title = evil('t').slice(0, 120);
  const event = await api.createEvent({ title, description: evil('description'), place: evil('p').slice(0, 110) });
  const author = `<b onclick=alert(1)>${'x'.repeat(10)}</b>`;
  await api.post(event.id, evil('text'), author);
  await api.post(event.id, 'javascript:alert(1) and https://example.org/"onmouseover="alert(2)', author);
  await api.postFile(event.id, files.board, evil('caption'), author);

  await eventsPage.open();
  await expect(page.getByRole('link', { name: title })).toBeVisible();
  await harmless();

  await eventPage.open(event.id);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(title);
  await expect(eventPage.item(evil('text'))).toContainText(author);
  await expect(eventPage.item(evil('caption'))).toBeVisible();
  await api.post(event.id, evil('live'), author);
  await expect(eventPage.item(evil('live'))).toBeVisible();
  for (const link of await eventPage.items.getByRole('link').all()) {
    expect(await link.getAttribute('href')).toMatch(/^(?:\/|https?:\/\/)/);
  }

  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), eventPage.attach.click()]);
  const name = `<img src=x onerror=window.__xss='f'>.txt`;
  await chooser.setFiles([
    { name, mimeType: 'text/plain', buffer: Buffer.from('Notes') },
    { name: `<img src=x onerror=window.__xss='g'>.png`, mimeType: 'image/png', buffer: Buffer.from('not a picture') },
  ]);
  await expect(page.getByRole('alert').filter({ hasText: name })).toBeVisible();
  await expect(eventPage.attached).toHaveCount(1);
  await harmless();
});
