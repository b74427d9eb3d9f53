// The pages as a reader or a screen reader knows them: by role and name, never by class. What only the
// program itself knows comes from its own `window.__touchline`.

import { type Locator, type Page, expect } from '@playwright/test';

interface Diagnostics {
  status(): 'connecting' | 'live' | 'polling' | 'reconnecting' | 'offline';
  transport(): 'webSocket' | 'longPoll' | 'intervalPoll';
  counters(): Record<'connectionsOpened' | 'reconnects' | 'transportChanges' | 'publications' | 'holesRepaired' | 'doublesDropped' | 'snapshots', number>;
  leads(): boolean;
  position(topic: string): string | null;
}

declare global {
  interface Window {
    __touchline: Diagnostics;
  }
}

export class AnyPage {
  readonly connection: Locator;
  readonly lost: Locator;
  readonly tryNow: Locator;
  readonly backOnline: Locator;
  readonly voice: Locator;
  readonly signInLink: Locator;
  readonly accountMenu: Locator;

  constructor(
    readonly page: Page,
    protected readonly url: string,
  ) {
    this.connection = page.getByRole('region', { name: 'Connection' });
    this.lost = page.getByRole('complementary', { name: 'Connection lost' });
    this.tryNow = page.getByRole('button', { name: 'Try now' });
    this.backOnline = page.getByText('Back online', { exact: true });
    this.voice = page.getByRole('status');
    this.signInLink = page.getByRole('banner').getByRole('link', { name: 'Sign in' });
    this.accountMenu = page.getByRole('banner').getByRole('button', { name: /^Account of / });
  }

  /** Chooses from the menu of who is signed in. */
  async chooseFromAccount(entry: 'Account' | 'Sign out'): Promise<void> {
    await this.accountMenu.click();
    await this.page.getByRole('menuitem', { name: entry }).click();
  }

  /** The indicator says so. */
  async expectStatus(status: ReturnType<Diagnostics['status']>, timeout = 10_000): Promise<void> {
    await expect(this.connection).toHaveAttribute('data-status', status, { timeout });
  }

  async isLive(): Promise<void> {
    await this.expectStatus('live');
  }

  /** As when a machine changes its network: the page looks around at once instead of at its next try. */
  async networkChanged(): Promise<void> {
    await this.page.evaluate(() => window.dispatchEvent(new Event('online')));
  }

  /** What the state machine says, at once. */
  status(): Promise<string> {
    return this.page.evaluate(() => window.__touchline.status());
  }

  transport(): Promise<string> {
    return this.page.evaluate(() => window.__touchline.transport());
  }

  /** Whether this tab has the connection of all tabs. */
  leads(): Promise<boolean> {
    return this.page.evaluate(() => window.__touchline.leads());
  }

  counters(): Promise<ReturnType<Diagnostics['counters']>> {
    return this.page.evaluate(() => window.__touchline.counters());
  }
}

export class EventPage extends AnyPage {
  readonly timeline: Locator;
  readonly items: Locator;
  readonly text: Locator;
  readonly name: Locator;
  readonly post: Locator;
  readonly attach: Locator;
  readonly attached: Locator;
  readonly newUpdates: Locator;
  readonly back: Locator;
  readonly statusMenu: Locator;
  readonly photoDialog: Locator;

  constructor(page: Page, url: string) {
    super(page, url);
    this.timeline = page.getByRole('feed', { name: 'Timeline' });
    this.items = this.timeline.getByRole('article');
    this.text = page.getByRole('textbox', { name: 'What is happening?' });
    this.name = page.getByRole('textbox', { name: 'Your name' });
    this.post = page.getByRole('button', { name: 'Post', exact: true });
    this.attach = page.getByRole('button', { name: 'Attach files' });
    this.attached = page.getByRole('list', { name: 'Attached files' }).getByRole('listitem');
    this.newUpdates = page.getByRole('button', { name: /^\d+ new updates?$/ });
    this.back = page.getByRole('button', { name: 'Back to where you were' });
    this.statusMenu = page.getByRole('button', { name: /^Status: / });
    this.photoDialog = page.getByRole('dialog', { name: 'Photo' });
  }

  /** Opens the event's timeline and waits until it is live, by whichever transport, and its items are there. */
  async open(event: string, query = ''): Promise<void> {
    await this.page.goto(`${this.url}/events/${event}${query}`);
    await expect(this.connection).toHaveAttribute('data-status', /^(?:live|polling)$/, { timeout: 15_000 });
    await this.isLoaded();
  }

  /** Opens it without a server: what was kept of it is there. */
  async openKept(event: string): Promise<void> {
    await this.page.goto(`${this.url}/events/${event}`);
    await this.isLoaded();
  }

  /** The items have been read. The connection may be live before that. */
  async isLoaded(): Promise<void> {
    await expect(this.page.getByLabel('Timeline', { exact: true })).toHaveAttribute('aria-busy', 'false', { timeout: 15_000 });
  }

  /** The item that says this and nothing else: `Update 1` is not `Update 10`. */
  saying(text: string): Locator {
    return this.items.filter({ has: this.page.getByText(text, { exact: true }) });
  }

  item(text: string | RegExp): Locator {
    return this.items.filter({ hasText: text });
  }

  /** Opens an item's menu and chooses from it. */
  async choose(item: Locator, entry: 'Copy link' | 'Edit text' | 'Delete'): Promise<void> {
    await item.getByRole('button', { name: 'More' }).click();
    await item.getByRole('menuitem', { name: entry }).click();
  }

  filter(name: 'All' | 'Photos' | 'Videos' | 'Audio' | 'Text'): Locator {
    return this.page.getByRole('group', { name: 'Filter' }).getByRole('button', { name: `Filter: ${name}` });
  }

  async write(text: string, name?: string): Promise<void> {
    await this.text.fill(text);
    if (name !== undefined) await this.name.fill(name);
  }

  /** The offsets of the rows in the document, from the top. */
  offsets(): Promise<number[]> {
    return this.page.evaluate(() =>
      Array.from(document.querySelectorAll<HTMLElement>('[role=feed] article[data-offset]'), (row) =>
        Number(row.dataset['offset']),
      ),
    );
  }

  position(event: string): Promise<string | null> {
    return this.page.evaluate((topic) => window.__touchline.position(topic), `event:${event}`);
  }

  /** Waits until the page stands at `head`, then scrolls down to the beginning of the timeline. */
  async loadAll(event: string, head: string): Promise<void> {
    await expect.poll(() => this.position(event), { timeout: 15_000 }).toBe(head);
    const beginning = this.page.getByText('That is how it began.');
    await expect(async () => {
      await this.page.evaluate(() => window.scrollTo(0, document.documentElement.scrollHeight));
      await expect(beginning).toBeVisible({ timeout: 250 });
    }).toPass({ timeout: 15_000 });
  }

  /** Every item that the server has is on the page: each once, newest first. */
  async expectExactly(offsets: readonly number[], timeout = 10_000): Promise<void> {
    const wanted = [...offsets].sort((a, b) => b - a);
    await expect.poll(() => this.offsets(), { timeout }).toEqual(wanted);
  }
}

export class EventsPage extends AnyPage {
  readonly newEvent: Locator;
  readonly dialog: Locator;

  constructor(page: Page, url: string) {
    super(page, url);
    this.newEvent = page.getByRole('button', { name: 'New event' });
    this.dialog = page.getByRole('dialog', { name: 'New event' });
  }

  async open(): Promise<void> {
    await this.page.goto(`${this.url}/`);
    await this.isLive();
  }

  group(name: 'Live now' | 'Coming up' | 'Over'): Locator {
    return this.page.getByRole('region', { name: new RegExp(`^${name}`) });
  }

  card(title: string): Locator {
    return this.page.getByRole('listitem').filter({ has: this.page.getByRole('link', { name: title, exact: true }) });
  }
}
