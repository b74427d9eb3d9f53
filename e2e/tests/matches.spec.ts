// Matches: recorded on one page, watched on another.

import { NETWORK, expect, test } from '../support/fixtures';
import { MatchPage, Pitch, RecorderPage } from '../support/matches';

test('M5 M6 a goal that is recorded on one page is on another at once, with the score', async ({ another, api, page, server }) => {
  const event = await api.createEvent();
  const pitch = await Pitch.of(api, event.id);
  const watcher = new MatchPage((await another()).page, server.url);
  await watcher.open(pitch.match.id);
  await watcher.expectScore('France against Croatia');
  await expect(watcher.page).toHaveTitle('France–Croatia · Touchline');

  const recorder = new RecorderPage(page, server.url);
  await recorder.open(pitch.match.id);
  await recorder.press('Kick-off');
  await expect(watcher.score).toContainText('First half');
  await expect(watcher.clock).toHaveText(/^0:0\d$/);
  await recorder.press('Goal', 'France', /^9 Giroud/, /^10 Mbappé/);
  await watcher.expectScore('France 1–0 Croatia');
  await expect(watcher.page).toHaveTitle('1–0 France–Croatia · Touchline');
  await expect(watcher.line('Giroud')).toContainText('Goal for France, assist Mbappé');
  await expect(watcher.voice).toContainText('Goal for France, 1–0.');
  await expect(watcher.statistics.getByRole('row', { name: /Shots/ })).toHaveText(/^1Shots0$/);
  await expect(watcher.lineUps.getByRole('listitem').filter({ hasText: 'Giroud' })).toContainText('Goal');
  await recorder.press('Substitution', 'France', /^9 Giroud/, /^18 Fekir/);
  await expect(watcher.line('On for Giroud')).toBeVisible();
  await recorder.press('Card', 'Red card', 'Croatia', /^21 Vida/);
  await expect(watcher.statistics.getByRole('row', { name: /Red cards/ })).toHaveText(/^0Red cards1$/);
  await recorder.press('Half-time');
  await expect(watcher.score).toContainText('Half-time');
  await expect(watcher.clock).toBeHidden();
  await recorder.press('Second half', 'Full time');
  await expect(watcher.score).toContainText('Full time');
  await expect(recorder.sent).toBeVisible();
  expect((await api.log(pitch.match.id)).map((entry) => entry.kind)).toEqual(['kickOff', 'goal', 'substitution', 'card', 'halfTime', 'secondHalf', 'fullTime']);
  expect((await api.match(pitch.match.id)).state.score).toEqual({ home: 1, away: 0 });
});

test('M6 a correction shows: the score goes back with what explains it, and an amended entry says so', async ({ another, api, page, server }) => {
  const event = await api.createEvent();
  const pitch = await Pitch.of(api, event.id);
  await pitch.record({ kind: 'kickOff' }, 600);
  await pitch.record({ kind: 'goal', side: 'away', player: pitch.player('away', 'Rebić') }, 300);
  await pitch.record({ kind: 'goal', side: 'home', player: pitch.player('home', 'Matuidi') }, 200);
  const watcher = new MatchPage((await another()).page, server.url);
  await watcher.open(pitch.match.id);
  await watcher.expectScore('France 1–1 Croatia');
  const recorder = new RecorderPage(page, server.url);
  await recorder.open(pitch.match.id);

  const node = await watcher.line('Rebić').elementHandle();
  await recorder.correct(recorder.line('Rebić'), 'Strike it');
  await watcher.expectScore('France 1–0 Croatia');
  await expect(watcher.line('Rebić')).toContainText('Disallowed');
  await expect(watcher.line('Rebić').locator('s')).toContainText('Goal for Croatia');
  await expect(watcher.voice).toContainText('Goal for Croatia disallowed, 1–0.');
  expect(await node?.evaluate((row) => row.isConnected), 'the row is the same').toBe(true);

  await recorder.correct(recorder.line('Matuidi'), 'Correct it');
  await recorder.press('France', /^6 Pogba/, 'No assist');
  await expect(watcher.line('Pogba')).toContainText('Corrected');
  await expect(watcher.line('Matuidi')).toHaveCount(0);
  await watcher.expectScore('France 1–0 Croatia');
});

test('M4 M10 the last entry is undone within five seconds', async ({ api, page, server }) => {
  const event = await api.createEvent();
  const pitch = await Pitch.of(api, event.id);
  const recorder = new RecorderPage(page, server.url);
  await recorder.open(pitch.match.id);
  await recorder.press('Kick-off', 'Goal', 'Croatia', 'Nobody named');
  await recorder.expectScore('France 0–1 Croatia');
  await expect(recorder.sent).toBeVisible();
  await recorder.press('Undo');
  await recorder.expectScore('France 0–0 Croatia');
  await expect(recorder.line('Goal for Croatia')).toContainText('Disallowed');
  await expect(recorder.sent).toBeVisible();
  expect((await api.log(pitch.match.id)).map((entry) => entry.kind)).toEqual(['kickOff', 'goal', 'strike']);
});

test('M3 M4 what is recorded without a network waits, and is sent once, in order, when it is back', async ({ api, faults, network, page }) => {
  faults.allow(...NETWORK);
  const event = await api.createEvent();
  const pitch = await Pitch.of(api, event.id);
  const recorder = new RecorderPage(page, network.url);
  await recorder.open(pitch.match.id);
  network.down();
  await recorder.press('Kick-off', 'Goal', 'France', /^7 Griezmann/, 'No assist', 'Shot', 'On target', 'Croatia', /^10 Modrić/);
  await recorder.expectScore('France 1–0 Croatia');
  await expect(page.getByText('3 waiting to be sent')).toBeVisible();
  await expect(recorder.line('Griezmann')).toContainText('Waiting to be sent');
  expect(await api.log(pitch.match.id)).toEqual([]);
  const node = await recorder.line('Griezmann').elementHandle();
  network.admit();
  await recorder.networkChanged();
  await expect(recorder.sent).toBeVisible({ timeout: 15_000 });
  await expect(recorder.line('Griezmann')).not.toContainText('Waiting');
  expect(await node?.evaluate((row) => row.isConnected), 'the row is the same').toBe(true);
  expect((await api.log(pitch.match.id)).map((entry) => entry.kind)).toEqual(['kickOff', 'goal', 'shot']);
});

test('M4 an entry whose answer was lost is stored once', async ({ api, faults, network, page }) => {
  faults.allow(...NETWORK);
  const event = await api.createEvent();
  const pitch = await Pitch.of(api, event.id);
  const recorder = new RecorderPage(page, network.url);
  await recorder.open(pitch.match.id);
  const answers: number[] = [];
  page.on('response', (response) => {
    if (response.request().method() === 'POST') answers.push(response.status());
  });
  network.loseNextAnswer('POST', `/api/matches/${pitch.match.id}/events`);
  await recorder.press('Kick-off');
  await expect(recorder.sent).toBeVisible();
  // The second try is answered as what has been there already.
  expect(answers).toEqual([200]);
  expect((await api.log(pitch.match.id)).map((entry) => entry.kind)).toEqual(['kickOff']);
});

test('M5 what the server refuses is said, lets the next go, and can be fixed or discarded', async ({ api, faults, network, page }) => {
  faults.allow(...NETWORK, /422/);
  const event = await api.createEvent();
  const pitch = await Pitch.of(api, event.id);
  await pitch.record({ kind: 'kickOff' }, 60);
  const recorder = new RecorderPage(page, network.url);
  await recorder.open(pitch.match.id);
  network.down();
  await recorder.press('Injury', 'France', /^9 Giroud/, 'Shot', 'Off target', 'France', /^9 Giroud/, 'Save', 'France', /^1 Lloris/);
  // Whom the recorder could not know to have left the team.
  await pitch.leaves('home', 'Giroud');
  network.admit();
  await recorder.networkChanged();
  await expect(recorder.refused).toContainText('Injury was not taken: ', { timeout: 15_000 });
  await expect(recorder.refused).toContainText('Shot was not taken: ');
  await expect(recorder.sent).toBeVisible();
  await expect(recorder.line('Save')).toHaveCount(1);
  await expect(recorder.line('Injury')).toHaveCount(0);
  const of = (word: string) => recorder.refused.getByRole('listitem').filter({ hasText: word });
  await of('Injury').getByRole('button', { name: 'Fix' }).click();
  await recorder.press('France', 'Nobody named');
  await expect(recorder.line('Injury')).toHaveCount(1);
  await of('Shot').getByRole('button', { name: 'Discard' }).click();
  await expect(recorder.refused).toBeHidden();
  await expect(recorder.sent).toBeVisible();
  expect((await api.log(pitch.match.id)).map((entry) => entry.kind)).toEqual(['kickOff', 'save', 'injury']);
});

test('M6 the timeline is filtered by team', async ({ api, page, server }) => {
  const event = await api.createEvent();
  const pitch = await Pitch.of(api, event.id);
  await pitch.finalSoFar();
  const match = new MatchPage(page, server.url);
  await match.open(pitch.match.id);
  await match.expectScore('France 4–1 Croatia');
  await expect(match.line(/^38’/)).toContainText('Griezmann');
  await expect(match.lines.first()).toContainText('Mbappé');
  await expect(match.line('Save')).toHaveCount(0);
  await match.filter.getByRole('button', { name: 'Croatia' }).click();
  await expect(match.lines).toHaveCount(4);
  await expect(match.line('France')).toHaveCount(1);
  await match.filter.getByRole('button', { name: 'Everything' }).click();
  await expect(match.line('Save')).toHaveCount(1);
});

test('V5 a spoiler delay holds score, title, voice and timeline back alike', async ({ api, page, server }) => {
  const event = await api.createEvent();
  const pitch = await Pitch.of(api, event.id);
  await pitch.record({ kind: 'kickOff' }, 60);
  const match = new MatchPage(page, server.url);
  await match.open(pitch.match.id);
  await match.expectScore('France 0–0 Croatia');
  await page.getByLabel('My picture is behind by').selectOption('5');
  const begun = Date.now();
  await pitch.record({ kind: 'goal', side: 'home', player: pitch.player('home', 'Giroud') });
  // When each of them first said so, by the page's clock.
  const told = await page.evaluate(async () => {
    const times: Record<string, number> = {};
    const signs: Record<string, () => boolean> = {
      score: () => document.querySelector('h1')?.textContent?.includes('1–0') ?? false,
      title: () => document.title.startsWith('1–0'),
      timeline: () => document.querySelector('.lines')?.textContent?.includes('Giroud') ?? false,
      voice: () => document.querySelector('#announcer')?.textContent?.includes('1–0') ?? false,
    };
    while (Object.keys(times).length < 4) {
      for (const [name, sign] of Object.entries(signs)) if (sign()) times[name] ??= Date.now();
      await new Promise((done) => requestAnimationFrame(done));
    }
    return times;
  });
  for (const [what, at] of Object.entries(told)) expect(at - begun, what).toBeGreaterThan(4_500);
  const { score, title, timeline } = told;
  expect(Math.abs((score ?? 0) - (title ?? 0))).toBeLessThan(300);
  expect(Math.abs((score ?? 0) - (timeline ?? 0))).toBeLessThan(300);
});

test('M8 an event’s page lists its matches as they stand, and a match is made there', async ({ api, eventPage, page }) => {
  const event = await api.createEvent();
  await eventPage.open(event.id);
  await page.getByRole('button', { name: 'New match' }).click();
  const dialog = page.getByRole('dialog', { name: 'New match' });
  await dialog.getByRole('button', { name: 'Create match' }).click();
  await expect(dialog.getByText('Give the team a name.')).toBeVisible();
  await dialog.getByLabel('Home team').fill('Reds');
  await dialog.getByLabel('Players at home').fill('1 Ada\n9 Grace Hopper\n\n12 Barbara');
  await dialog.getByLabel('Away team').fill('Blues');
  await dialog.getByRole('button', { name: 'Create match' }).click();
  await expect(page).toHaveURL(/\/matches\//);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Reds against Blues');
  const id = page.url().split('/').at(-1) ?? '';
  const match = await api.match(id);
  expect(match.sheet.home.players.map(({ name, number }) => `${number} ${name}`)).toEqual(['1 Ada', '9 Grace Hopper', '12 Barbara']);
  await page.goBack();
  await expect(page.getByRole('link', { name: /Reds.*–.*Blues.*Not started/ })).toBeVisible();
  await api.record(id, { id: 'k', at: new Date().toISOString(), kind: 'kickOff' });
  await api.record(id, { id: 'g', at: new Date().toISOString(), kind: 'goal', side: 'away' });
  await expect(page.getByRole('link', { name: /Reds.*0–1.*Blues/ })).toBeVisible();
});

test('M8 a tournament’s table follows a match that is being played', async ({ api, page, server }) => {
  const event = await api.createEvent();
  const cup = await api.createCup(event.id);
  await page.goto(`${server.url}/tournaments/${cup}`);
  const rows = page.getByRole('table', { name: 'Group A' }).getByRole('row');
  await expect(rows.nth(1)).toHaveText(/Benfica.*1:0.*3/);
  await expect(page.getByRole('region', { name: 'Bracket' })).toContainText('1. of Group A');
  const [match] = await api.matches(event.id);
  for (const id of ['h1', 'h2']) {
    await api.record(match?.id ?? '', { id, at: new Date().toISOString(), kind: 'goal', side: 'home' });
  }
  await expect(rows.nth(1)).toHaveText(/Ajax.*2:1.*3/);
});

test('M7 who may not see the event sees no match, and who may not record is told so', async ({ api, faults, page, server }) => {
  faults.allow(/404|401/);
  const ada = await api.register('ada', 'Ada');
  const closed = await Pitch.of(ada, (await ada.createEvent({ visibility: 'private' })).id);
  await page.goto(`${server.url}/matches/${closed.match.id}`);
  await expect(page.getByRole('heading', { name: 'There is no such match' })).toBeVisible();
  const open = await ada.createEvent();
  const pitch = await Pitch.of(ada, open.id);
  const recorder = new RecorderPage(page, server.url);
  await recorder.open(pitch.match.id);
  await expect(page.getByText('Who records a match is signed in.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Kick-off' })).toHaveCount(0);
  await ada.deleteEvent(open.id);
  await expect(page.getByRole('heading', { name: /match has been deleted|no longer see this match/ })).toBeVisible();
});
