// The stories page by role and name, and stories posted straight to the server.

import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { type Locator, type Page, expect } from '@playwright/test';
import { PASSWORD, typeOf } from './api';
import { AnyPage, type EventPage } from './pages';

export interface Story {
  id: string;
  text?: string;
}

export class StoriesPage extends AnyPage {
  readonly add: Locator;
  readonly addDialog: Locator;
  readonly rail: Locator;
  readonly own: Locator;
  readonly viewer: Locator;
  readonly people: Locator;

  constructor(page: Page, url: string) {
    super(page, url);
    this.add = page.getByRole('button', { name: 'Add a story' });
    this.addDialog = page.getByRole('dialog', { name: 'Add a story' });
    this.rail = page.getByRole('list', { name: 'People with stories' });
    this.own = page.getByRole('region', { name: 'Your stories' });
    this.viewer = page.getByRole('dialog', { name: /^Story by / });
    this.people = this.viewer.getByRole('list', { name: 'Seen by' });
  }

  /** A browser of somebody with a new account, on the stories page. */
  static async of(other: EventPage, url: string, name: string, displayName: string): Promise<StoriesPage> {
    const stories = new StoriesPage(other.page, url);
    const data = { name, displayName, password: PASSWORD };
    const made = await other.page.context().request.post(`${url}/api/accounts`, { data });
    expect(made.status()).toBe(201);
    await stories.open();
    return stories;
  }

  async open(): Promise<void> {
    await this.page.goto(`${this.url}/stories`);
    await expect(this.page.getByRole('heading', { name: 'Stories', level: 1 })).toBeVisible();
    await this.isLive();
    // What has no stories says so; what has some has a rail or a region of one's own.
    await expect(
      this.rail.or(this.own).or(this.page.getByRole('heading', { name: 'No stories at the moment' })).first(),
    ).toBeVisible();
  }

  face(name: string): Locator {
    return this.rail.getByRole('button', { name: new RegExp(`^${name}, `) });
  }

  /** Posts a story with this browser's session, past its page. */
  async post(path: string, text = ''): Promise<Story> {
    const { request } = this.page.context();
    const file = { name: basename(path), mimeType: typeOf(path), buffer: await readFile(path) };
    const sent = await request.post(`${this.url}/api/uploads`, { multipart: { file } });
    expect(sent.status()).toBe(201);
    const { uploadId }: { uploadId: string } = await sent.json();
    const posted = await request.post(`${this.url}/api/stories`, { data: { uploadId, text } });
    expect(posted.status()).toBe(201);
    return posted.json();
  }
}
