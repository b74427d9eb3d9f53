// The server's REST interface for tests: makes what a page is to show, and reads back what is stored. It
// goes to the server directly, never through the network of the test.

import { basename } from 'node:path';
import { readFile } from 'node:fs/promises';
import { expect } from '@playwright/test';
import type { Match } from './matches';
import type { Server } from './server';

export type EventStatus = 'scheduled' | 'live' | 'completed' | 'cancelled';

export type Visibility = 'public' | 'unlisted' | 'private';
export type Role = 'viewer' | 'contributor' | 'owner';

/** What accounts of tests sign in with. */
export const PASSWORD = 'correct horse battery';

export interface Event {
  id: string;
  visibility?: Visibility;
  title: string;
  status: EventStatus;
  mediaCount: number;
}

export interface Media {
  id: string;
  offset: number;
  kind: 'text' | 'photo' | 'video' | 'audio';
  text?: string;
  key?: string;
  author: { name: string };
  attachment?: { width?: number; height?: number; url: string; contentType: string };
}

export type Destination = { kind: 'event'; eventId: string } | { kind: 'webhook'; webhookId: string };

interface Page<T> {
  items: T[];
  next?: string;
  cursor: string;
}

const TYPES: Record<string, string> = {
  jpg: 'image/jpeg',
  png: 'image/png',
  webm: 'video/webm',
  mp3: 'audio/mpeg',
  ogg: 'audio/ogg',
};

/** The media type that a browser gives a file of this name. */
export function typeOf(path: string): string {
  return TYPES[path.split('.').at(-1) ?? ''] ?? 'application/octet-stream';
}

export class Api {
  /** `cookie` is that of somebody who is signed in; without, a visitor asks. */
  constructor(
    private readonly server: Server,
    private readonly cookie?: string,
  ) {}

  /** Makes an account, with [`PASSWORD`]; the answer asks as its holder. */
  async register(name: string, displayName: string): Promise<Api> {
    return this.signedIn('/api/accounts', { name, displayName, password: PASSWORD });
  }

  /** Signs in once more, as another browser does. */
  async signIn(name: string): Promise<Api> {
    return this.signedIn('/api/session', { name, password: PASSWORD });
  }

  private async signedIn(path: string, body: object): Promise<Api> {
    const init = { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
    const response = await fetch(this.server.url + path, init);
    const cookie = response.headers.get('set-cookie')?.split(';')[0];
    if (!response.ok || !cookie) throw new Error(`POST ${path}: ${response.status} ${await response.text()}`);
    return new Api(this.server, cookie);
  }

  /** The account that is signed in, if its sign-in still holds. */
  async whoAmI(): Promise<string | undefined> {
    const state: { account?: { name: string } } = await this.call('GET', '/api/session');
    return state.account?.name;
  }

  async addMember(event: string, name: string, role: Role): Promise<void> {
    await this.call('PUT', `/api/events/${event}/members/${name}`, { role });
  }

  async removeMember(event: string, name: string): Promise<void> {
    await this.call('DELETE', `/api/events/${event}/members/${name}`);
  }

  async members(event: string): Promise<{ person: { name: string }; role: Role }[]> {
    return this.call('GET', `/api/events/${event}/members`);
  }

  /** The path of a link that invites. */
  async invite(event: string, role: Role): Promise<string> {
    const { code }: { code: string } = await this.call('POST', `/api/events/${event}/invitations`, { role });
    return `/invitations/${code}`;
  }

  async createEvent(fields: Partial<Event> & { description?: string; place?: string; startsAt?: string } = {}): Promise<Event> {
    return this.call('POST', '/api/events', { title: 'Harbour race', status: 'live', ...fields });
  }

  async patchEvent(id: string, patch: { status?: EventStatus; title?: string; visibility?: Visibility }): Promise<Event> {
    return this.call('PATCH', `/api/events/${id}`, patch);
  }

  async deleteEvent(id: string): Promise<void> {
    await this.call('DELETE', `/api/events/${id}`);
  }

  async stats(id: string): Promise<{ watchers: number; subscriptions: number }> {
    return this.call('GET', `/api/events/${id}/stats`);
  }

  /** Waits until the server counts no page on an event. */
  async untilNobodyWatches(id: string): Promise<void> {
    await expect.poll(async () => (await this.stats(id)).subscriptions).toBe(0);
  }

  async post(event: string, text: string, author = 'Ada'): Promise<Media> {
    return this.call('POST', `/api/events/${event}/media`, { author, text });
  }

  /** Posts a text, again and again with the same key while nobody answers, as a good client does. */
  async postUntilTaken(event: string, text: string, key: string, author = 'Ada'): Promise<Media> {
    for (;;) {
      try {
        return await this.call('POST', `/api/events/${event}/media`, { author, text, key });
      } catch (error) {
        if (error instanceof Error && / (?:400|404|409|422) /.test(error.message)) throw error;
        await new Promise((done) => setTimeout(done, 50));
      }
    }
  }

  /** Posts texts in order, as few requests as possible, each all or nothing. */
  async postMany(event: string, texts: readonly string[], author = 'Ada'): Promise<Media[]> {
    const posted: Media[] = [];
    for (let at = 0; at < texts.length; at += 200) {
      const items = texts.slice(at, at + 200).map((text) => ({ author, text }));
      posted.push(...(await this.call<Media[]>('POST', `/api/events/${event}/media`, items)));
    }
    return posted;
  }

  /** Posts a file with a caption. */
  async postFile(event: string, path: string, text = '', author = 'Ada'): Promise<Media> {
    const form = new FormData();
    form.set('author', author);
    form.set('text', text);
    form.set('file', new Blob([new Uint8Array(await readFile(path))], { type: typeOf(path) }), basename(path));
    return this.answer('POST', `/api/events/${event}/media`, { body: form });
  }

  async patchMedia(event: string, id: string, text: string): Promise<Media> {
    return this.call('PATCH', `/api/events/${event}/media/${id}`, { text });
  }

  async deleteMedia(event: string, id: string): Promise<void> {
    await this.call('DELETE', `/api/events/${event}/media/${id}`);
  }

  async comment(event: string, media: string, text: string): Promise<{ id: string }> {
    return this.call('POST', `/api/events/${event}/media/${media}/comments`, { text });
  }

  async commentOnPost(post: string, text: string): Promise<{ id: string }> {
    return this.call('POST', `/api/posts/${post}/comments`, { text });
  }

  async like(event: string, media: string, liked = true): Promise<void> {
    await this.call(liked ? 'PUT' : 'DELETE', `/api/events/${event}/media/${media}/like`);
  }

  async unread(): Promise<number> {
    const { unread }: { unread: number } = await this.call('GET', '/api/notifications/unread');
    return unread;
  }

  async readAll(): Promise<void> {
    await this.call('POST', '/api/notifications/read');
  }

  /** Every item of an event, newest first. */
  async allMedia(event: string): Promise<Media[]> {
    const items: Media[] = [];
    let before = '';
    for (;;) {
      const page: Page<Media> = await this.call('GET', `/api/events/${event}/media?limit=200${before}`);
      items.push(...page.items);
      if (!page.next) return items;
      before = `&before=${encodeURIComponent(page.next)}`;
    }
  }

  /** The cursor of the event's topic: a page that has shown everything stands there. */
  async head(event: string): Promise<string> {
    const page: Page<Media> = await this.call('GET', `/api/events/${event}/media?limit=1`);
    return page.cursor;
  }

  /** Whether the log still reaches back to this cursor. */
  async isRecoverable(event: string, cursor: string): Promise<boolean> {
    const { frames }: { frames: { type: string; payload: { recovered?: boolean } }[] } = await this.call(
      'GET',
      `/api/events/${event}/updates?wait=0&since=${encodeURIComponent(cursor)}`,
    );
    return frames.find((frame) => frame.type === 'subscribed')?.payload.recovered === true;
  }

  async createVenue(name: string): Promise<{ id: string }> {
    return this.call('POST', '/api/venues', { name });
  }

  async promotions(venue: string): Promise<{ id: string }[]> {
    const { promotions }: { promotions: { id: string }[] } = await this.call('GET', `/api/venues/${venue}`);
    return promotions;
  }

  async changePromotion(venue: string, id: string, patch: { endsAt: string }): Promise<void> {
    await this.call('PATCH', `/api/venues/${venue}/promotions/${id}`, patch);
  }

  async createPost(text: string, destinations: readonly Destination[] = []): Promise<{ id: string }> {
    return this.call('POST', '/api/posts', { text, destinations });
  }

  async schedulePost(id: string, at: string): Promise<void> {
    await this.call('POST', `/api/posts/${id}/schedule`, { at });
  }

  async publishPost(id: string): Promise<void> {
    await this.call('POST', `/api/posts/${id}/publish`, {});
  }

  async sharePost(id: string, name: string): Promise<void> {
    await this.call('PUT', `/api/posts/${id}/editors/${name}`);
  }

  async unsharePost(id: string, name: string): Promise<void> {
    await this.call('DELETE', `/api/posts/${id}/editors/${name}`);
  }

  async deletePost(id: string): Promise<void> {
    await this.call('DELETE', `/api/posts/${id}`);
  }

  async createWebhook(url: string): Promise<{ id: string }> {
    return this.call('POST', '/api/webhooks', { url });
  }

  async createTeam(event: string, team: { name: string; players: object[] }): Promise<{ id: string; players: { id: string; name: string }[] }> {
    return this.call('POST', `/api/events/${event}/teams`, team);
  }

  async patchTeam(id: string, patch: { players: { id: string; name: string; number?: number }[] }): Promise<void> {
    await this.call('PATCH', `/api/teams/${id}`, patch);
  }

  async createMatch(event: string, fields: object): Promise<Match> {
    return this.call('POST', `/api/events/${event}/matches`, fields);
  }

  async matches(event: string): Promise<Match[]> {
    const page: Page<Match> = await this.call('GET', `/api/events/${event}/matches`);
    return page.items;
  }

  async match(id: string): Promise<Match> {
    return this.call('GET', `/api/matches/${id}`);
  }

  async record(match: string, entry: object): Promise<void> {
    await this.call('POST', `/api/matches/${match}/events`, entry);
  }

  /** What stands in a match's log, in the order in which it was stored. */
  async log(match: string): Promise<{ id: string; kind: string; player?: string; createdAt: string }[]> {
    const page: Page<{ id: string; kind: string; player?: string; createdAt: string }> = await this.call('GET', `/api/matches/${match}/events`);
    return page.items;
  }

  /** A tournament with a group of four, of whom two have met, and a final. */
  async createCup(event: string): Promise<string> {
    const names = ['Ajax', 'Benfica', 'Celtic', 'Dukla'];
    const teams = await Promise.all(names.map((name) => this.createTeam(event, { name, players: [] })));
    const [home, away] = teams;
    const final = { id: 'f', home: { rank: { group: 0, rank: 1 } }, away: { rank: { group: 0, rank: 2 } } };
    const plan = {
      groups: [{ name: 'Group A', teams: teams.map((team) => team.id) }],
      rounds: [{ name: 'Final', ties: [final] }],
    };
    const cup: { id: string } = await this.call('POST', `/api/events/${event}/tournaments`, { title: 'Summer cup', plan });
    const of = { tournamentId: cup.id, title: 'Group A', home: { teamId: home?.id }, away: { teamId: away?.id } };
    const match = await this.createMatch(event, of);
    const at = new Date().toISOString();
    await this.record(match.id, { id: 'k', at, kind: 'kickOff' });
    await this.record(match.id, { id: 'g', at, kind: 'goal', side: 'away' });
    return cup.id;
  }

  private async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const init = body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
    return this.answer(method, path, init);
  }

  private async answer<T>(method: string, path: string, init: RequestInit): Promise<T> {
    const headers = { ...init.headers, ...(this.cookie ? { cookie: this.cookie } : {}) };
    const response = await fetch(this.server.url + path, { method, ...init, headers });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }
}
