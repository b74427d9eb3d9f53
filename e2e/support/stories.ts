// The stories page by role and name, and stories posted straight to the server.

import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { type Locator, type Page, expect } from '@playwright/test';
import { PASSWORD, typeOf } from './api';
import { files } from './files';
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

/**
 * Leads through everything that the page shows, in two browsers that must not be held up by motion; `look` is
 * called with the page, at rest, and where that is.
 */
export async function tourOfStories(
  first: EventPage,
  second: EventPage,
  url: string,
  look: (page: Page, where: string) => Promise<void>,
): Promise<void> {
  await first.page.goto(`${url}/stories`);
  await expect(first.page.getByRole('heading', { name: 'Sign in to see stories' })).toBeVisible();
  await look(first.page, 'stories-signed-out');
  const ada = await StoriesPage.of(first, url, 'ada', 'Ada Lovelace');
  const ben = await StoriesPage.of(second, url, 'ben', 'Ben');
  await look(ada.page, 'stories-none');
  await ben.post(files.hubble, 'The deep field, tonight at the observatory');
  await ben.post(files.portrait);
  await ada.post(files.cat, 'Chelsea');
  await ada.post(files.clip, 'Waves');
  await expect(ada.face('Ben')).toHaveAccessibleName('Ben, 2 new stories');
  await expect(ada.own.getByRole('listitem')).toHaveCount(2);
  await expect(ben.face('Ada Lovelace')).toBeVisible();
  await isDrawn(ada.own.locator('img'));
  await look(ada.page, 'stories');
  await ada.face('Ben').click();
  await isDrawn(ada.viewer.getByRole('img'));
  await ada.viewer.getByRole('button', { name: 'React with love' }).click();
  await look(ada.page, 'story');
  await ben.own.getByRole('button', { name: /deep field/ }).click();
  await ben.viewer.getByRole('button', { name: 'Seen by 1' }).click();
  await expect(ben.people.getByRole('listitem')).toHaveText([/Ada Lovelace.*❤️/]);
  await isDrawn(ben.viewer.getByRole('img'));
  await look(ben.page, 'story-audience');
  await ben.viewer.getByRole('button', { name: 'Delete story' }).click();
  await expect(ben.viewer.getByRole('group', { name: 'Delete this story?' })).toBeVisible();
  await look(ben.page, 'story-delete');
  await ada.page.keyboard.press('Escape');
  await expect(ada.viewer).toHaveCount(0);
  await ada.add.click();
  await ada.addDialog.getByRole('button', { name: 'Share' }).click();
  await expect(ada.addDialog.getByRole('alert')).toBeVisible();
  await ada.addDialog.getByLabel('Photo or video').setInputFiles(files.cat);
  await isDrawn(ada.addDialog.getByRole('img'));
  await look(ada.page, 'story-add');
}

/** Every one of these pictures has been loaded. */
async function isDrawn(pictures: Locator): Promise<void> {
  await expect(pictures.first()).toBeAttached();
  const drawn = () => pictures.evaluateAll((all) => all.every((one) => (one as HTMLImageElement).naturalWidth > 0));
  await expect.poll(drawn).toBe(true);
}
