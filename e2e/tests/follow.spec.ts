// Following a team or a player: stars on a match's page, the bell, and the voice.

import { expect, test } from '../support/fixtures';
import { MatchPage, Pitch, recordVoice, spoken } from '../support/matches';
import { SignInPage } from '../support/people';
import { NotificationsPage, bell, expectUnread, recordBadge } from '../support/talk';

test('M7 who follows a player is told what concerns them, and one may stop', async ({ another, api, page, server }) => {
  await api.register('ada', 'Ada');
  const event = await api.createEvent();
  const pitch = await Pitch.of(api, event.id);
  const phone = await another();
  for (const each of [page, phone.page]) {
    await recordBadge(each);
    await new SignInPage(each, server.url).asPerson('ada');
  }
  const match = new MatchPage(page, server.url);
  await match.open(pitch.match.id);
  const star = match.followOf('Mbappé');
  await expect(star).toHaveAttribute('aria-pressed', 'false');
  await star.click();
  await expect(star).toHaveAttribute('aria-pressed', 'true');

  await pitch.record({ kind: 'kickOff' }, 60);
  await pitch.record({ kind: 'goal', side: 'home', player: pitch.player('home', 'Pogba') }, 40);
  await match.expectScore('France 1–0 Croatia');
  for (const each of [page, phone.page]) await expectUnread(each, 0);
  await pitch.record({ kind: 'goal', side: 'home', player: pitch.player('home', 'Mbappé') }, 20);
  for (const each of [page, phone.page]) await expectUnread(each, 1);

  // The star is there on the other device, too, and after a reload.
  const there = new MatchPage(phone.page, server.url);
  await there.open(pitch.match.id);
  await expect(there.followOf('Mbappé')).toHaveAttribute('aria-pressed', 'true');
  await expect(there.followOf('Pogba')).toHaveAttribute('aria-pressed', 'false');
  await there.page.getByRole('button', { name: 'Follow Croatia' }).click();

  await bell(page).click();
  const list = new NotificationsPage(page, server.url);
  const told = list.row('France 2–0 Croatia · 1’ Goal for France: Mbappé');
  await expect(told.getByRole('link')).toHaveAttribute('href', `/matches/${pitch.match.id}`);
  const following = page.getByRole('region', { name: 'Following' });
  await expect(following.getByRole('listitem')).toHaveText([/^Croatia/, /^Mbappé.*France/]);
  for (const name of ['Mbappé', 'Croatia']) {
    await following.getByRole('button', { name: `Stop following ${name}` }).click();
    await expect(following.getByText(name, { exact: true })).toHaveCount(0);
  }
  await expect(following).toHaveCount(0);
  await told.getByRole('link').click();
  await expect(match.followOf('Mbappé')).toHaveAttribute('aria-pressed', 'false');
  await pitch.record({ kind: 'goal', side: 'home', player: pitch.player('home', 'Mbappé') });
  await match.expectScore('France 3–0 Croatia');
  for (const each of [page, phone.page]) await expectUnread(each, 0);
});

test('M7 a star that the server does not take is turned back, and a visitor is asked to sign in', async ({ api, faults, page, server }) => {
  faults.allow(/503/);
  await api.register('ada', 'Ada');
  const pitch = await Pitch.of(api, (await api.createEvent()).id);
  const match = new MatchPage(page, server.url);
  await match.open(pitch.match.id);
  await expect(page.getByRole('button', { name: /^Follow / })).toHaveCount(0);
  await page.getByRole('region', { name: 'How you watch' }).getByRole('link', { name: 'Sign in' }).click();
  await new SignInPage(page, server.url).signIn('ada');
  await expect(match.followOf('Mbappé')).toHaveAttribute('aria-pressed', 'false');
  await page.route('**/follow', (route) => route.fulfill({ status: 503, json: { error: { code: 'storageUnavailable', message: 'Not now.' } } }));
  await match.followOf('Mbappé').click();
  await expect(match.voice).toContainText('That did not work.');
  await expect(match.followOf('Mbappé')).toHaveAttribute('aria-pressed', 'false');
});

test('M7 updates are spoken after a press: all, or those of whom one follows', async ({ api, page, server }) => {
  await api.register('ada', 'Ada');
  const pitch = await Pitch.of(api, (await api.createEvent()).id);
  await recordVoice(page);
  await new SignInPage(page, server.url).asPerson('ada');
  const match = new MatchPage(page, server.url);
  await match.open(pitch.match.id);
  await pitch.record({ kind: 'kickOff' }, 300);
  await expect(match.score).toContainText('First half');
  expect(await spoken(page), 'nothing before it is asked for').toEqual([]);

  const aloud = page.getByRole('button', { name: 'Speak updates' });
  await aloud.click();
  await expect(aloud).toHaveAttribute('aria-pressed', 'true');
  await pitch.record({ kind: 'goal', side: 'home', player: pitch.player('home', 'Pogba') }, 240);
  await pitch.record({ kind: 'card', side: 'home', player: pitch.player('home', 'Kanté'), card: 'yellow' }, 230);
  await pitch.record({ kind: 'goal', side: 'away', player: pitch.player('away', 'Perišić') }, 220);
  await match.expectScore('France 1–1 Croatia');
  expect(await spoken(page)).toEqual(['Goals are spoken from now on.', 'Goal for France, 1–0.', 'Goal for Croatia, 1–1.']);

  await match.followOf('Kanté').click();
  await pitch.record({ kind: 'goal', side: 'home', player: pitch.player('home', 'Pogba') }, 200);
  const card = await pitch.record({ kind: 'card', side: 'home', player: pitch.player('home', 'Kanté'), card: 'yellow' }, 190);
  await pitch.record({ kind: 'goal', side: 'home', player: pitch.player('home', 'Pogba'), assist: pitch.player('home', 'Kanté') }, 180);
  await match.expectScore('France 3–1 Croatia');
  await pitch.record({ kind: 'strike', of: card });
  await expect(match.line('Struck')).toHaveCount(1);
  expect((await spoken(page)).slice(3)).toEqual(['Kanté: Yellow card, France.', 'Goal for France, 3–1.', 'Taken back: Kanté: Yellow card, France.']);

  await aloud.click();
  expect(await page.evaluate(() => window.__hushed)).toBe(1);
  await pitch.record({ kind: 'goal', side: 'home', player: pitch.player('home', 'Kanté') });
  await match.expectScore('France 4–1 Croatia');
  expect(await spoken(page)).toHaveLength(6);
});

test('M7 V5 a spoiler delay holds voice, bell and notifications back as it holds the score back', async ({ api, page, server }) => {
  const ada = await api.register('ada', 'Ada');
  const pitch = await Pitch.of(api, (await api.createEvent()).id);
  await recordVoice(page);
  await recordBadge(page);
  await new SignInPage(page, server.url).asPerson('ada');
  const match = new MatchPage(page, server.url);
  await match.open(pitch.match.id);
  await pitch.record({ kind: 'kickOff' }, 300);
  await match.expectScore('France 0–0 Croatia');
  await match.page.getByRole('button', { name: 'Follow France' }).click();
  await page.getByRole('button', { name: 'Speak updates' }).click();
  await page.getByLabel('My picture is behind by').selectOption('5');
  const goal = 'France 1–0 Croatia';
  const tab = await page.context().newPage();
  const list = new NotificationsPage(tab, server.url);
  await list.open();
  await expect(match.followOf('Mbappé')).toHaveAttribute('aria-pressed', 'false');
  const begun = Date.now();
  await pitch.record({ kind: 'goal', side: 'home', player: pitch.player('home', 'Giroud') });
  expect(await ada.unread(), 'the server has told it').toBe(1);
  // When each of them first said so, by the clock of the page.
  const times = await page.evaluate(async () => {
    const times: Record<string, number> = {};
    const signs: Record<string, () => boolean> = {
      score: () => document.querySelector('h1')?.textContent?.includes('1–0') ?? false,
      voice: () => (window.__spoken ?? []).some((said) => said.includes('1–0')),
      badge: () => window.__badge === 1,
      title: () => document.title.startsWith('(1)'),
    };
    while (Object.keys(times).length < 4) {
      for (const [name, sign] of Object.entries(signs)) if (sign()) times[name] ??= Date.now();
      await new Promise((done) => setTimeout(done, 20));
    }
    return times;
  });
  for (const [what, at] of Object.entries(times)) {
    expect(at - begun, what).toBeGreaterThan(4_500);
    expect(at - begun, what).toBeLessThan(7_500);
  }
  await expect(list.row(goal)).toHaveCount(1);
  const at = await list.row(goal).first().evaluate(() => Date.now());
  expect(at - begun).toBeGreaterThan(4_500);
  expect((await spoken(page)).slice(1)).toEqual(['Goal for France, 1–0.']);

  // Another delay tells nothing twice.
  await page.getByLabel('My picture is behind by').selectOption('20');
  await match.expectScore('France against Croatia');
  await page.getByLabel('My picture is behind by').selectOption('0');
  await match.expectScore(goal);
  expect((await spoken(page)).slice(1)).toEqual(['Goal for France, 1–0.']);
});
