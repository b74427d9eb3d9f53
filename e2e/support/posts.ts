// The board of posts, by role and name.

import { createServer, type Server as Http } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Locator, type Page, expect } from '@playwright/test';
import type { Api } from './api';
import { AnyPage, type EventPage } from './pages';
import { SignInPage } from './people';

export type Column = 'Drafts' | 'Scheduled' | 'Publishing' | 'Published' | 'Failed';

export class PostsPage extends AnyPage {
  readonly newPost: Locator;
  readonly cards: Locator;
  readonly sheet: Locator;
  readonly text: Locator;
  readonly at: Locator;
  readonly place: Locator;
  readonly shareWith: Locator;

  constructor(page: Page, url: string) {
    super(page, url);
    this.newPost = page.getByRole('button', { name: 'New post' });
    this.cards = page.getByRole('article');
    this.sheet = page.getByRole('dialog', { name: 'Post', exact: true });
    this.text = this.sheet.getByLabel('Text');
    this.at = this.sheet.getByLabel('Goes out at');
    this.place = this.sheet.getByLabel('Goes to');
    this.shareWith = this.sheet.getByLabel('Share with');
  }

  /** The board of somebody who signs in on this page. */
  static async of(page: Page, url: string, name: string): Promise<PostsPage> {
    await new SignInPage(page, url).asPerson(name);
    const board = new PostsPage(page, url);
    await board.open();
    return board;
  }

  async open(): Promise<void> {
    await this.page.goto(`${this.url}/posts`);
    await expect(this.page.getByRole('heading', { name: 'Posts', level: 1 })).toBeVisible();
    await this.isLive();
    await this.isLoaded();
  }

  /** The posts have been read. */
  async isLoaded(): Promise<void> {
    const board = this.page.getByRole('group', { name: 'Posts by status' });
    await expect(board.or(this.page.getByRole('heading', { name: 'Nothing written yet' }))).toBeVisible();
  }

  column(name: Column): Locator {
    return this.page.getByRole('region', { name: new RegExp(`^${name} `) });
  }

  /** The post whose first line this is, where it is to be. */
  card(name: Column, text: string): Locator {
    return this.column(name).getByRole('article', { name: text, exact: true });
  }

  async choose(card: Locator, entry: 'Publish now' | 'Back to draft' | 'Delete' | 'Work on it no more'): Promise<void> {
    await card.getByRole('button', { name: /^More about/ }).click();
    await this.page.getByRole('menuitem', { name: entry }).click();
  }

  /** Opens the editor of a post. */
  async edit(card: Locator): Promise<void> {
    await card.getByRole('button', { name: 'Edit' }).click();
    await expect(this.sheet).toBeVisible();
  }

  press(button: 'Save' | 'Save as draft' | 'Schedule' | 'Publish now' | 'Try again'): Promise<void> {
    return this.sheet.getByRole('button', { name: button, exact: true }).click();
  }

  /** Writes a draft to an end. */
  async draft(text: string): Promise<void> {
    await this.newPost.click();
    await this.text.fill(text);
    await this.press('Save as draft');
    await expect(this.card('Drafts', text)).toBeVisible();
  }
}

/** A day and time as the field for it takes it, in UTC, as the tests' browsers have it. */
export function inSeconds(seconds: number): string {
  return new Date(Date.now() + seconds * 1000).toISOString().slice(0, 19);
}

/** Somewhere that posts are sent to. It answers with `status`, and notes what came. */
export class Receiver {
  status = 204;
  readonly ids: string[] = [];

  private constructor(private readonly http: Http) {}

  static async start(status: number): Promise<Receiver> {
    const receiver = new Receiver(
      createServer((request, response) => {
        receiver.ids.push(String(request.headers['webhook-id']));
        request.resume();
        response.writeHead(receiver.status).end();
      }),
    );
    receiver.status = status;
    await new Promise<void>((done) => receiver.http.listen(0, '127.0.0.1', done));
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.http.address() as AddressInfo).port}/hook`;
  }

  async stop(): Promise<void> {
    this.http.closeAllConnections();
    await new Promise((done) => this.http.close(done));
  }
}

/**
 * Leads through everything that the page shows, of `ada`, who has nothing yet, and who is signed in on this page;
 * `look` is called with the page, at rest, and where that is.
 */
export async function tourOfPosts(
  { page }: EventPage,
  url: string,
  api: Api,
  look: (page: Page, where: string) => Promise<void>,
): Promise<void> {
  const ada = await api.register('ada', 'Ada Lovelace');
  await api.register('grace', 'Grace Hopper');
  const event = await ada.createEvent({ title: 'Launch day at the harbour' });
  const board = await PostsPage.of(page, url, 'ada');
  await expect(page.getByRole('heading', { name: 'Nothing written yet' })).toBeVisible();
  await look(page, 'posts-empty');
  const receiver = await Receiver.start(410);
  try {
    const hook = await ada.createWebhook(receiver.url);
    const timeline = { kind: 'event', eventId: event.id } as const;
    const webhook = { kind: 'webhook', webhookId: hook.id } as const;
    const day = 24 * 3600;
    const draft = await ada.createPost('What the mayor is going to say\n\nTo be checked with her office.', [timeline]);
    await ada.sharePost(draft.id, 'grace');
    const scheduled = await ada.createPost('Doors open at nine. Come early, the quay is small.', [timeline, webhook]);
    await ada.schedulePost(scheduled.id, new Date(Date.now() + 2 * day * 1000).toISOString());
    await ada.publishPost((await ada.createPost('She floats!', [timeline])).id);
    await ada.publishPost((await ada.createPost('For the papers: she floats.', [timeline, webhook])).id);
    await board.open();
    await expect(board.card('Failed', 'For the papers: she floats.')).toContainText('the receiver answered 410');
    await expect(board.card('Published', 'She floats!')).toBeVisible();
    await look(page, 'posts');
    await board.card('Drafts', 'What the mayor is going to say').getByRole('button', { name: /^More about/ }).click();
    await expect(page.getByRole('menu')).toBeVisible();
    await look(page, 'posts-menu');
    await page.getByRole('menuitem', { name: 'Delete' }).click();
    await expect(page.getByRole('dialog', { name: 'Delete this post?' })).toBeVisible();
    await look(page, 'posts-delete');
    await page.keyboard.press('Escape');
    await board.edit(board.card('Drafts', 'What the mayor is going to say'));
    await look(page, 'posts-editor');
    await board.place.selectOption({ label: 'New webhook…' });
    await board.sheet.getByLabel('Address').fill('nonsense');
    await board.sheet.getByRole('button', { name: 'Add webhook' }).click();
    await expect(board.sheet.getByRole('alert').filter({ hasText: 'not an address' })).toBeVisible();
    await board.sheet.getByLabel('Address').fill('https://hooks.example/launch');
    await board.sheet.getByRole('button', { name: 'Add webhook' }).click();
    await expect(board.sheet.getByLabel('Secret for checking signatures')).toBeVisible();
    await look(page, 'posts-webhook');
  } finally {
    await receiver.stop();
  }
}
