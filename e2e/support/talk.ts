// Comments, likes and notifications, by role and name.

import { type Locator, type Page, expect } from '@playwright/test';
import { AnyPage, type EventPage } from './pages';

declare global {
  interface Window {
    /** The number on the app's icon, as the page set it last. */
    __badge?: number;
  }
}

/** Notes what the page puts on the app's icon, which no test can see. */
export async function recordBadge(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const set = (count: number) => {
      window.__badge = count;
      return Promise.resolve();
    };
    Object.assign(navigator, { setAppBadge: set, clearAppBadge: () => set(0) });
  });
}

/** The bell in the bar of any page. */
export function bell(page: Page): Locator {
  return page.getByRole('banner').getByRole('link', { name: /^Notifications/ });
}

/** The bell and the title say so; of the icon, where it is recorded. */
export async function expectUnread(page: Page, unread: number, timeout = 5_000): Promise<void> {
  const name = unread === 0 ? 'Notifications' : `Notifications, ${unread} unread`;
  await expect(bell(page)).toHaveAccessibleName(name, { timeout });
  await expect(page).toHaveTitle(unread === 0 ? /^[^(]/ : new RegExp(`^\\(${unread}\\) `));
  expect(await page.evaluate(() => window.__badge ?? -1)).toBe(unread);
}

export class NotificationsPage extends AnyPage {
  readonly list: Locator;
  readonly readAll: Locator;
  readonly muted: Locator;

  constructor(page: Page, url: string) {
    super(page, url);
    this.list = page.getByRole('list', { name: 'Notifications' });
    this.readAll = page.getByRole('button', { name: 'Mark all as read' });
    this.muted = page.getByRole('region', { name: 'Muted' });
  }

  async open(): Promise<void> {
    await this.page.goto(`${this.url}/notifications`);
    await this.isLive();
    await expect(this.list).toBeAttached();
  }

  row(text: string | RegExp): Locator {
    return this.list.getByRole('listitem').filter({ hasText: text });
  }

  unread(row: Locator): Locator {
    return row.getByRole('button', { name: 'Mark as read' });
  }
}

export function likeOf(item: Locator): Locator {
  return item.getByRole('button', { name: /^Like/ });
}

export function commentsOf(item: Locator): Locator {
  return item.getByRole('button', { name: /^Comments/ });
}

export class CommentsDialog {
  readonly dialog: Locator;
  readonly text: Locator;
  readonly send: Locator;
  readonly comments: Locator;

  constructor(page: Page) {
    this.dialog = page.getByRole('dialog', { name: 'Comments' });
    this.text = this.dialog.getByRole('textbox', { name: 'Your comment' });
    this.send = this.dialog.getByRole('button', { name: 'Comment', exact: true });
    this.comments = this.dialog.getByRole('list', { name: 'Comments' }).getByRole('listitem');
  }

  /** Opens it from an item. */
  async open(page: EventPage, text: string): Promise<void> {
    await commentsOf(page.item(text)).click();
    await expect(this.dialog).toBeVisible();
  }

  async say(text: string): Promise<void> {
    await this.text.fill(text);
    await this.send.click();
    await expect(this.text).toHaveValue('');
  }

  comment(text: string | RegExp): Locator {
    return this.comments.filter({ hasText: text });
  }
}
