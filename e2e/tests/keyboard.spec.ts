// Without a pointer: everything can be reached and done.

import type { Page } from '@playwright/test';
import { expect, test } from '../support/fixtures';
import { files } from '../support/files';

/** Presses Tab until the element has the focus. */
async function tabTo(page: Page, element: ReturnType<Page['getByRole']>, most = 40): Promise<void> {
  for (let pressed = 0; pressed < most; pressed += 1) {
    await page.keyboard.press('Tab');
    if (await element.evaluate((node) => node === document.activeElement)) return;
  }
  throw new Error('it cannot be reached by Tab');
}

test('E17 reached, written, posted, opened and changed by keyboard alone', async ({ api, eventPage, page }) => {
  const event = await api.createEvent();
  await api.postFile(event.id, files.board, 'A picture');
  await eventPage.open(event.id);
  await expect(eventPage.items).toHaveCount(1);

  await page.keyboard.press('Tab');
  const skip = page.getByRole('link', { name: 'Skip to content' });
  await expect(skip).toBeFocused();
  await expect(skip).toBeInViewport();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('main')).toBeFocused();

  await tabTo(page, eventPage.text);
  await page.keyboard.type('By keyboard');
  await tabTo(page, eventPage.name);
  await page.keyboard.type('Ada');
  await tabTo(page, eventPage.post);
  await page.keyboard.press('Enter');
  await expect(eventPage.item('By keyboard')).toHaveAttribute('data-media-id', /.+/);

  await eventPage.text.focus();
  await page.keyboard.type('By shortcut');
  await page.keyboard.press('Control+Enter');
  await expect(eventPage.item('By shortcut')).toHaveAttribute('data-media-id', /.+/);

  const more = eventPage.item('By shortcut').getByRole('button', { name: 'More' });
  await tabTo(page, more);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('menuitem', { name: 'Copy link' })).toBeFocused();
  await page.keyboard.press('ArrowDown');
  await expect(page.getByRole('menuitem', { name: 'Edit text' })).toBeFocused();
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('ArrowUp');
  await expect(page.getByRole('menuitem', { name: 'Delete' })).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('menu')).toHaveCount(0);
  await expect(more).toBeFocused();

  const photo = eventPage.item('A picture').getByRole('button', { name: /^Open: / });
  await tabTo(page, photo);
  await page.keyboard.press('Enter');
  await expect(eventPage.photoDialog).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(photo).toBeFocused();

  await eventPage.statusMenu.focus();
  await page.keyboard.press('Enter');
  await page.getByRole('menuitemradio', { name: 'Completed' }).focus();
  await page.keyboard.press('Enter');
  await expect(eventPage.statusMenu).toHaveAccessibleName(/^Status: Completed/);
  await expect(eventPage.statusMenu).toBeFocused();
});

test('E17 j and k walk from item to item', async ({ api, eventPage, page }) => {
  const event = await api.createEvent();
  await api.postMany(event.id, ['First', 'Second', 'Third']);
  await eventPage.open(event.id);
  await eventPage.items.first().focus();
  await expect(eventPage.item('Third')).toBeFocused();
  await page.keyboard.press('j');
  await expect(eventPage.item('Second')).toBeFocused();
  await page.keyboard.press('j');
  await expect(eventPage.item('First')).toBeFocused();
  await page.keyboard.press('k');
  await expect(eventPage.item('Second')).toBeFocused();
});
