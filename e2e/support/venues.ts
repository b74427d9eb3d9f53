// The pages of venues, as people use them.

import type { Locator, Page } from '@playwright/test';
import { files } from './files';
import { expect } from './fixtures';
import type { EventPage } from './pages';
import { SignInPage } from './people';

export class VenuesPage {
  readonly cards: Locator;

  constructor(
    readonly page: Page,
    private readonly url: string,
  ) {
    this.cards = page.getByRole('list', { name: 'All venues' }).getByRole('listitem');
  }

  async open(): Promise<void> {
    await this.page.goto(`${this.url}/venues`);
    await expect(this.page.getByRole('heading', { name: 'Venues', level: 1 })).toBeVisible();
  }

  card(name: string): Locator {
    return this.cards.filter({ has: this.page.getByRole('link', { name }) });
  }

  /** Adds a venue by the dialog; the page is then the venue's. */
  async add(name: string, place = ''): Promise<VenuePage> {
    await this.page.getByRole('button', { name: 'New venue' }).click();
    const dialog = this.page.getByRole('dialog', { name: 'New venue' });
    await dialog.getByLabel('Name').fill(name);
    await dialog.getByLabel('Address').fill(place);
    await dialog.getByRole('button', { name: 'Add venue' }).click();
    await expect(this.page.getByRole('heading', { name, level: 1 })).toBeVisible();
    return new VenuePage(this.page);
  }
}

export class VenuePage {
  readonly now: Locator;
  readonly chart: Locator;
  readonly checks: Locator;
  readonly form: Locator;
  readonly promotions: Locator;

  constructor(readonly page: Page) {
    this.now = page.getByRole('region', { name: 'At the moment' });
    this.chart = this.now.getByRole('img', { name: /^Mood by hour/ });
    this.checks = page.getByRole('feed', { name: 'Vibe checks' }).getByRole('article');
    this.form = page.getByRole('form', { name: 'Vibe check' });
    this.promotions = page.getByRole('region', { name: 'Promotions' });
  }

  async open(address: string): Promise<void> {
    await this.page.goto(address);
    await expect(this.now).toBeVisible();
  }

  async say(said: { rating?: number; crowd?: string; text?: string; photo?: string }): Promise<void> {
    // What one presses is the label; the button lies beneath.
    for (const label of [said.rating?.toString(), said.crowd]) {
      if (label === undefined) continue;
      await this.form.getByText(label, { exact: true }).click();
      await expect(this.form.getByRole('radio', { name: label, exact: true })).toBeChecked();
    }
    if (said.text !== undefined) await this.form.getByLabel('In a line').fill(said.text);
    if (said.photo !== undefined) {
      await this.form.getByLabel('Photo', { exact: true }).setInputFiles(said.photo);
      await expect(this.form.getByRole('button', { name: 'Another photo' })).toBeVisible();
    }
    await this.form.getByRole('button', { name: 'Post vibe check' }).click();
  }

  async promote(title: string, startsInMs: number | undefined, endsInMs: number): Promise<void> {
    await this.promotions.getByRole('button', { name: 'Add a promotion' }).click();
    const dialog = this.page.getByRole('dialog', { name: 'New promotion' });
    await dialog.getByLabel('Title').fill(title);
    // The tests' browsers are in UTC.
    const local = (ms: number) => new Date(Date.now() + ms).toISOString().slice(0, 16);
    if (startsInMs !== undefined) await dialog.getByLabel('Starts at').fill(local(startsInMs));
    await dialog.getByLabel('Ends at').fill(local(endsInMs));
    await dialog.getByRole('button', { name: 'Add promotion' }).click();
    await expect(dialog).toHaveCount(0);
  }
}

const HOUR_MS = 3_600_000;

/** Every state of the pages of venues, one after the other. */
export async function tourOfVenues(
  host: EventPage,
  guest: EventPage,
  url: string,
  look: (page: Page, where: string) => Promise<void>,
): Promise<void> {
  await guest.page.goto(`${url}/venues`);
  await expect(guest.page.getByRole('heading', { name: 'No venues yet' })).toBeVisible();
  await look(guest.page, 'venues-none');
  await new SignInPage(host.page, url).asPerson('ada');
  const venues = new VenuesPage(host.page, url);
  await venues.open();
  await host.page.getByRole('button', { name: 'New venue' }).click();
  await expect(host.page.getByRole('dialog', { name: 'New venue' })).toBeVisible();
  await look(host.page, 'venue-new');
  await host.page.keyboard.press('Escape');
  await venues.add('The Weir', 'Fishmarket 2');
  await venues.open();
  const venue = await venues.add('The Lock', 'Canal 3, by the old bridge');
  await venue.say({ rating: 3, crowd: 'Steady', text: 'Warming up' });
  await expect(venue.checks).toHaveCount(1);
  await venue.say({ rating: 5, crowd: 'Packed', text: 'The band is on, and everybody sings', photo: files.board });
  await expect(venue.checks).toHaveCount(2);
  await expect.poll(() => venue.checks.getByRole('img').evaluate((one) => (one as HTMLImageElement).naturalWidth)).toBeGreaterThan(0);
  await venue.promote('Two for one on everything', undefined, 2 * HOUR_MS);
  await venue.promote('Open stage', HOUR_MS, 3 * HOUR_MS);
  await expect(venue.promotions.getByRole('listitem')).toHaveCount(2);
  await look(host.page, 'venue-host');
  const seen = new VenuePage(guest.page);
  await seen.open(host.page.url());
  await expect(seen.checks).toHaveCount(2);
  await look(guest.page, 'venue');
  await venues.open();
  await expect(venues.card('The Lock')).toContainText('Packed');
  await look(host.page, 'venues');
}
