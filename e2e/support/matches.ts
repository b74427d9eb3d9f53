// Matches: made straight on the server, and their pages by role and name.

import { randomUUID } from 'node:crypto';
import { type Locator, type Page, expect } from '@playwright/test';
import type { Api } from './api';
import { AnyPage } from './pages';

declare global {
  interface Window {
    /** What the page has given the browser to speak. */
    __spoken?: string[];
    /** How often it was told to be quiet. */
    __hushed?: number;
  }
}

/** Notes what the page speaks, which no test can hear. */
export async function recordVoice(page: Page): Promise<void> {
  await page.addInitScript(() => {
    window.__spoken = [];
    window.__hushed = 0;
    const voice = {
      speak: ({ text }: SpeechSynthesisUtterance) => window.__spoken?.push(text),
      cancel: () => (window.__hushed = (window.__hushed ?? 0) + 1),
    };
    Object.defineProperty(window, 'speechSynthesis', { value: voice });
  });
}

export async function spoken(page: Page): Promise<string[]> {
  return page.evaluate(() => window.__spoken ?? []);
}

export interface Match {
  id: string;
  eventId: string;
  sheet: Record<'home' | 'away', { teamId: string; players: { id: string; name: string; number?: number }[] }>;
  state: { phase: string; score: { home: number; away: number } };
}

export interface Entry {
  id?: string;
  kind: string;
  [field: string]: unknown;
}

const FRANCE = ['1 Lloris', '2 Pavard', '4 Varane', '5 Umtiti', '6 Pogba', '7 Griezmann', '9 Giroud', '10 Mbappé', '13 Kanté', '14 Matuidi', '21 Hernández', '15 Nzonzi', '18 Fekir'];
const CROATIA = ['23 Subašić', '2 Vrsaljko', '6 Lovren', '21 Vida', '3 Strinić', '7 Rakitić', '11 Brozović', '18 Rebić', '10 Modrić', '4 Perišić', '17 Mandžukić', '9 Kramarić', '20 Pjaca'];
const ELEVEN = 11;

/** A match of an event, and the way to record what happens in it past any page. */
export class Pitch {
  private constructor(
    private readonly api: Api,
    readonly match: Match,
  ) {}

  static async of(api: Api, event: string, fields: object = {}): Promise<Pitch> {
    const sides = await Promise.all([
      Pitch.team(api, event, 'France', FRANCE),
      Pitch.team(api, event, 'Croatia', CROATIA),
    ]);
    const [home, away] = sides;
    return new Pitch(api, await api.createMatch(event, { home, away, title: 'Final', ...fields }));
  }

  private static async team(api: Api, event: string, name: string, list: readonly string[]): Promise<object> {
    const players = list.map((line) => ({ number: Number(line.split(' ')[0]), name: line.split(' ')[1] }));
    const team = await api.createTeam(event, { name, players });
    const begin = players.slice(0, ELEVEN).map((player) => player.name);
    return { teamId: team.id, starting: team.players.filter((player) => begin.includes(player.name)).map((player) => player.id) };
  }

  player(side: 'home' | 'away', name: string): string {
    const found = this.match.sheet[side].players.find((player) => player.name === name);
    if (!found) throw new Error(`nobody called ${name} plays`);
    return found.id;
  }

  /** A player leaves the team. */
  async leaves(side: 'home' | 'away', name: string): Promise<void> {
    const { teamId, players } = this.match.sheet[side];
    await this.api.patchTeam(teamId, { players: players.filter((player) => player.name !== name) });
  }

  /** Records an entry; `ago_s` seconds ago. */
  async record(entry: Entry, ago_s = 0): Promise<string> {
    const id = entry.id ?? randomUUID();
    await this.api.record(this.match.id, { at: new Date(Date.now() - ago_s * 1000).toISOString(), ...entry, id });
    return id;
  }

  /** So far the final was after an hour and more. */
  async finalSoFar(): Promise<void> {
    // In the middle of that minute of play; the break took a quarter of an hour.
    const at = (minute: number) => (68 - minute) * 60 + 30 + (minute > 45 ? 0 : 15 * 60);
    const home = (name: string) => ({ side: 'home', player: this.player('home', name) });
    const away = (name: string) => ({ side: 'away', player: this.player('away', name) });
    await this.record({ kind: 'kickOff' }, (68 + 15) * 60);
    await this.record({ kind: 'shot', ...away('Rakitić'), onTarget: true }, at(8));
    await this.record({ kind: 'ownGoal', ...away('Mandžukić') }, at(18));
    await this.record({ kind: 'card', ...home('Kanté'), card: 'yellow' }, at(27));
    await this.record({ kind: 'goal', ...away('Perišić'), assist: this.player('away', 'Vida') }, at(28));
    await this.record({ kind: 'save', ...home('Lloris') }, at(33));
    await this.record({ kind: 'penalty', ...home('Griezmann'), outcome: 'scored', text: 'After video review' }, at(38));
    await this.record({ kind: 'halfTime' }, 15 * 60 + 23 * 60 - 30);
    await this.record({ kind: 'secondHalf' }, 23 * 60);
    const offside = await this.record({ kind: 'goal', ...away('Rebić') }, at(51));
    await this.record({ kind: 'strike', of: offside, text: 'Offside' }, at(52));
    await this.record({ kind: 'substitution', ...home('Nzonzi'), off: this.player('home', 'Kanté') }, at(55));
    const pogba = await this.record({ kind: 'goal', ...home('Matuidi') }, at(59));
    const to = { kind: 'goal', at: new Date(Date.now() - at(59) * 1000).toISOString(), ...home('Pogba') };
    await this.record({ kind: 'amend', of: pogba, to }, at(60));
    await this.record({ kind: 'goal', ...home('Mbappé'), assist: this.player('home', 'Hernández') }, at(65));
  }
}

export class MatchPage extends AnyPage {
  readonly score: Locator;
  readonly heading: Locator;
  readonly lines: Locator;
  readonly filter: Locator;
  readonly statistics: Locator;
  readonly lineUps: Locator;
  readonly clock: Locator;

  constructor(page: Page, url: string) {
    super(page, url);
    this.score = page.getByRole('region', { name: 'Score' });
    this.heading = page.getByRole('heading', { level: 1 });
    this.lines = page.getByRole('list', { name: 'Moments of the match' }).getByRole('listitem');
    this.filter = page.getByRole('group', { name: 'Filter' });
    this.statistics = page.getByRole('region', { name: 'Statistics' });
    this.lineUps = page.getByRole('region', { name: 'Line-ups' });
    this.clock = page.getByRole('timer');
  }

  async open(id: string): Promise<void> {
    await this.page.goto(`${this.url}/matches/${id}`);
    await expect(this.score).toBeVisible({ timeout: 15_000 });
    await this.isLive();
  }

  line(text: string | RegExp): Locator {
    return this.lines.filter({ hasText: text });
  }

  /** The star at a player in the line-ups. */
  followOf(player: string): Locator {
    return this.lineUps.getByRole('button', { name: `Follow ${player}`, exact: true });
  }

  async expectScore(score: string): Promise<void> {
    await expect(this.heading).toHaveText(score);
  }
}

export class RecorderPage extends MatchPage {
  readonly sent: Locator;
  readonly refused: Locator;

  constructor(page: Page, url: string) {
    super(page, url);
    this.sent = page.getByText('All sent', { exact: true });
    this.refused = page.getByRole('alert', { name: 'Not taken by the server' });
  }

  override async open(id: string): Promise<void> {
    await this.page.goto(`${this.url}/matches/${id}/record`);
    await expect(this.score).toBeVisible({ timeout: 15_000 });
    await this.isLive();
  }

  /** Presses buttons, one after another, by what they say. */
  async press(...names: readonly (string | RegExp)[]): Promise<void> {
    for (const name of names) {
      await this.page.getByRole('button', { name, exact: typeof name === 'string' }).click();
    }
  }

  async correct(line: Locator, entry: 'Correct it' | 'Strike it'): Promise<void> {
    await line.getByRole('button', { name: /^Correct: / }).click();
    await this.page.getByRole('menuitem', { name: entry }).click();
  }
}

/** Every page about matches, with something on it; `look` looks. */
export async function tourOfMatches(api: Api, page: Page, url: string, look: (page: Page, name: string) => Promise<void>): Promise<void> {
  const event = await api.createEvent({ title: 'The final', description: 'Ninety minutes in Moscow.', place: 'Luzhniki' });
  const pitch = await Pitch.of(api, event.id);
  const match = new MatchPage(page, url);
  await match.open(pitch.match.id);
  await look(page, 'match-to-come');
  await pitch.finalSoFar();
  await match.expectScore('France 4–1 Croatia');
  await look(page, 'match');
  await match.filter.getByRole('button', { name: 'Everything' }).click();
  await page.evaluate(() => window.scrollTo(0, 700));
  await look(page, 'match-below');

  const recorder = new RecorderPage(page, url);
  await recorder.open(pitch.match.id);
  await expect(recorder.page.getByRole('button', { name: 'Goal', exact: true })).toBeVisible();
  await look(page, 'recorder');
  await recorder.press('Goal');
  await look(page, 'recorder-team');
  await recorder.press('Croatia');
  await look(page, 'recorder-player');
  await recorder.press(/^17 Mandžukić/, 'No assist');
  await expect(recorder.sent).toBeVisible();
  await expect(page.getByRole('button', { name: 'Undo' })).toBeVisible();
  await look(page, 'recorder-recorded');

  await page.goto(`${url}/events/${event.id}`);
  await expect(page.getByRole('link', { name: /France.*4–2.*Croatia/ })).toBeVisible();
  await look(page, 'event-with-match');
  await page.getByRole('button', { name: 'New match' }).click();
  await expect(page.getByRole('dialog', { name: 'New match' })).toBeVisible();
  await look(page, 'new-match');
  const cup = await api.createCup(event.id);
  await page.goto(`${url}/tournaments/${cup}`);
  await expect(page.getByRole('heading', { name: 'Summer cup' })).toBeVisible();
  await look(page, 'tournament');
}
