// Stories, with everybody in a browser of their own.

import { installClock } from '../support/clock';
import { files } from '../support/files';
import { expect, test } from '../support/fixtures';
import { median, report } from '../support/measure';
import { StoriesPage } from '../support/stories';

/** Within this an author is to see that somebody looks. */
const TOLD_WITHIN_MS = 100;
const LOOKS = 5;

test('S3 S6 A views B’s stories: B sees each at once, C sees nothing', async ({ another, server }, info) => {
  const ben = await StoriesPage.of(await another(), server.url, 'ben', 'Ben');
  const posted: string[] = [];
  for (let n = 0; n < LOOKS; n += 1) posted.push((await ben.post(files.board, `Story ${n + 1}`)).id);
  const ada = await StoriesPage.of(await another(), server.url, 'ada', 'Ada');
  const cleo = await StoriesPage.of(await another(), server.url, 'cleo', 'Cleo');
  await expect(ben.own.getByRole('listitem')).toHaveCount(LOOKS);
  await expect(cleo.face('Ben')).toHaveAccessibleName(`Ben, ${LOOKS} new stories`);
  const { publications } = await cleo.counters();

  // When each of the author's cards says so, by the clock that both browsers share.
  await ben.page.evaluate(() => {
    const times: Record<string, number> = {};
    Object.assign(window, { __seen: times });
    new MutationObserver(() => {
      for (const card of Array.from(document.querySelectorAll('section li button'))) {
        const name = card.getAttribute('aria-label') ?? '';
        if (card.textContent?.includes('Seen by 1')) times[name] ??= Date.now();
      }
    }).observe(document.body, { subtree: true, childList: true, characterData: true });
  });
  const begun = new Map<string, number>();
  ada.page.on('request', (request) => {
    const id = /\/api\/stories\/([^/]+)\/view$/.exec(request.url())?.[1];
    if (id !== undefined) begun.set(id, Date.now());
  });
  await ada.face('Ben').click();
  for (let n = 1; n <= LOOKS; n += 1) {
    await expect(ada.viewer).toContainText(`Story ${n}`);
    await expect.poll(() => begun.size).toBe(n);
    await expect(ben.own.getByRole('button', { name: `Your story: Story ${n}` })).toContainText('Seen by 1');
    await ada.page.keyboard.press('ArrowRight');
  }
  await expect(ada.viewer).toHaveCount(0);
  await expect(ada.face('Ben')).toHaveAccessibleName('Ben, nothing new');

  const seen = await ben.page.evaluate(() => (window as unknown as { __seen: Record<string, number> }).__seen);
  const took = posted.map((id, n) => (seen[`Your story: Story ${n + 1}`] ?? Number.NaN) - (begun.get(id) ?? Number.NaN));
  report(info, 'from the view to the author’s page', took);
  expect(median(took)).toBeLessThan(TOLD_WITHIN_MS);

  // What comes later has come: all that C was sent meanwhile is that one story.
  await ben.post(files.board, 'Later');
  await expect(cleo.face('Ben')).toHaveAccessibleName(`Ben, ${LOOKS + 1} new stories`);
  expect((await cleo.counters()).publications).toBe(publications + 1);
});

test('S3 P6 who has seen a story is shown to its author and to nobody else', async ({ another, server }) => {
  const ben = await StoriesPage.of(await another(), server.url, 'ben', 'Ben');
  const { id } = await ben.post(files.board, 'At the pier');
  const ada = await StoriesPage.of(await another(), server.url, 'ada', 'Ada');
  const cleo = await StoriesPage.of(await another(), server.url, 'cleo', 'Cleo');
  await ada.face('Ben').click();
  await expect(ben.own.getByRole('button', { name: 'Your story: At the pier' })).toContainText('Seen by 1');
  await cleo.face('Ben').click();
  await expect(cleo.viewer).toContainText('At the pier');
  await expect(ben.own.getByRole('button', { name: 'Your story: At the pier' })).toContainText('Seen by 2');
  for (const other of [ada, cleo]) {
    await expect(other.viewer.getByRole('button', { name: /^(Seen by|Delete)/ })).toHaveCount(0);
    await expect(other.viewer).not.toContainText('Seen by');
    const asked = await other.page.context().request.get(`${server.url}/api/stories/${id}/viewers`);
    expect(asked.status()).toBe(403);
  }
});

test('S6 the author watches who looks and how they react, live', async ({ another, server }) => {
  const ben = await StoriesPage.of(await another(), server.url, 'ben', 'Ben');
  await ben.post(files.portrait, 'At the pier');
  await ben.own.getByRole('button', { name: 'Your story: At the pier' }).click();
  await ben.viewer.getByRole('button', { name: 'Seen by 0' }).click();
  await expect(ben.viewer).toContainText('Nobody yet');

  const ada = await StoriesPage.of(await another(), server.url, 'ada', 'Ada');
  await ada.face('Ben').click();
  await expect(ben.people.getByRole('listitem')).toHaveText([/Ada/]);
  await expect(ben.viewer.getByRole('button', { name: 'Seen by 1' })).toBeVisible();
  const fire = ada.viewer.getByRole('button', { name: 'React with fire' });
  await fire.click();
  await expect(fire).toHaveAttribute('aria-pressed', 'true');
  await expect(ben.people.getByRole('listitem')).toHaveText([/Ada.*🔥/]);
  await ada.viewer.getByRole('button', { name: 'React with applause' }).click();
  await expect(fire).toHaveAttribute('aria-pressed', 'false');
  await expect(ben.people.getByRole('listitem')).toHaveText([/Ada.*👏/]);

  // The same person again, in another tab: once is once.
  const again = new StoriesPage(await ada.page.context().newPage(), server.url);
  await again.open();
  await expect(again.face('Ben')).toHaveAccessibleName('Ben, nothing new');
  await again.face('Ben').click();
  await expect(again.viewer).toBeVisible();
  await expect(again.viewer.getByRole('button', { name: 'React with applause' })).toHaveAttribute('aria-pressed', 'true');
  await expect(ben.people.getByRole('listitem')).toHaveCount(1);
});

test('S1 S6 a story is added, appears with everybody, and is deleted', async ({ another, server }) => {
  const ada = await StoriesPage.of(await another(), server.url, 'ada', 'Ada');
  const ben = await StoriesPage.of(await another(), server.url, 'ben', 'Ben');
  await ben.add.click();
  await ben.addDialog.getByRole('button', { name: 'Share' }).click();
  await expect(ben.addDialog.getByRole('alert')).toHaveText('Choose a photo or a video.');
  await ben.addDialog.getByLabel('Photo or video').setInputFiles(files.mp3);
  await expect(ben.addDialog.getByRole('alert')).toHaveText('A story is a photo or a video.');
  await ben.addDialog.getByLabel('Photo or video').setInputFiles(files.cat);
  await expect(ben.addDialog.getByRole('img')).toBeVisible();
  await ben.addDialog.getByRole('textbox', { name: 'Text' }).fill('<b>Chelsea</b> says hello');
  await ben.addDialog.getByRole('button', { name: 'Share' }).click();
  await expect(ben.addDialog).toHaveCount(0);
  await expect(ben.own.getByRole('listitem')).toHaveCount(1);

  await expect(ada.face('Ben')).toHaveAccessibleName('Ben, 1 new story');
  await ada.face('Ben').click();
  await expect(ada.viewer.getByRole('img')).toHaveAccessibleName('Photo by Ben: <b>Chelsea</b> says hello');
  await expect(ada.viewer.getByText('<b>Chelsea</b> says hello')).toBeVisible();
  await ada.viewer.getByRole('button', { name: 'Pause' }).click();

  await ben.own.getByRole('button', { name: /^Your story/ }).click();
  await ben.viewer.getByRole('button', { name: 'Delete story' }).click();
  await ben.viewer.getByRole('group', { name: 'Delete this story?' }).getByRole('button', { name: 'Delete' }).click();
  await expect(ben.viewer).toHaveCount(0);
  await expect(ben.own).toHaveCount(0);
  // Who is looking at it is not left with it.
  await expect(ada.viewer).toHaveCount(0);
  await expect(ada.page.getByRole('heading', { name: 'No stories at the moment' })).toBeVisible();
});

test('S6 keys lead through the stories; Space holds them, Escape closes', async ({ another, server }) => {
  const ben = await StoriesPage.of(await another(), server.url, 'ben', 'Ben');
  const cleo = await StoriesPage.of(await another(), server.url, 'cleo', 'Cleo');
  const ada = await StoriesPage.of(await another(), server.url, 'ada', 'Ada');
  await ben.post(files.board, 'First');
  await ben.post(files.board, 'Second');
  await cleo.post(files.portrait, 'Third');
  await expect(ada.face('Cleo')).toBeVisible();
  const { viewer } = ada;
  const { keyboard } = ada.page;
  await ada.face('Cleo').focus();
  await keyboard.press('Enter');
  await expect(viewer).toHaveAccessibleName('Story by Cleo');
  await expect(viewer).toContainText('Story 1 of 1');
  await keyboard.press('Space');
  await expect(viewer.getByRole('button', { name: 'Play' })).toBeVisible();
  await keyboard.press('ArrowRight');
  await expect(viewer).toHaveAccessibleName('Story by Ben');
  await expect(viewer).toContainText('Story 1 of 2');
  await keyboard.press('ArrowRight');
  await expect(viewer).toContainText('Story 2 of 2');
  await keyboard.press('ArrowLeft');
  await keyboard.press('ArrowLeft');
  await expect(viewer).toHaveAccessibleName('Story by Cleo');
  // The focus stays inside, all the way round.
  for (let n = 0; n < 16; n += 1) {
    await keyboard.press('Tab');
    const inside = await ada.page.evaluate(() => document.activeElement === document.body || document.activeElement?.closest('dialog') !== null);
    expect(inside).toBe(true);
  }
  await keyboard.press('Escape');
  await expect(viewer).toHaveCount(0);
  // Firefox goes round by way of its own bars, so that the window itself may be without the focus by now.
  await expect.poll(() => ada.face('Cleo').evaluate((face) => face === document.activeElement)).toBe(true);
});

test('S6 a photo goes on by itself, unless it is held', async ({ another, server }) => {
  const ben = await StoriesPage.of(await another(), server.url, 'ben', 'Ben');
  await ben.post(files.board, 'First');
  await ben.post(files.board, 'Second');
  const other = await another();
  await installClock(other.page);
  const ada = await StoriesPage.of(other, server.url, 'ada', 'Ada');
  await ada.face('Ben').click();
  await expect(ada.viewer).toContainText('Story 1 of 2');
  const stage = ada.viewer.getByRole('img');
  await expect.poll(() => stage.evaluate((image) => (image as HTMLImageElement).complete)).toBe(true);
  await stage.hover({ force: true });
  await ada.page.mouse.down();
  await ada.page.clock.runFor(20_000);
  await expect(ada.viewer).toContainText('Story 1 of 2');
  await ada.page.mouse.up();
  await ada.page.clock.runFor(7_000);
  await expect(ada.viewer).toContainText('Story 2 of 2');
});

// Playwright cannot ask a branded Firefox for little motion.
test('S6 @chromium a photo stays for who wants little motion', async ({ another, server }) => {
  const ben = await StoriesPage.of(await another(), server.url, 'ben', 'Ben');
  await ben.post(files.board, 'First');
  await ben.post(files.board, 'Second');
  const calm = await another({ reducedMotion: 'reduce' });
  await installClock(calm.page);
  const cleo = await StoriesPage.of(calm, server.url, 'cleo', 'Cleo');
  await cleo.face('Ben').click();
  await expect(cleo.face('Ben')).toHaveAccessibleName('Ben, 1 new story');
  await calm.page.clock.runFor(30_000);
  await expect(cleo.viewer).toContainText('Story 1 of 2');
  await expect(cleo.viewer.getByRole('button', { name: 'Play' })).toBeVisible();
});

test('S6 a video plays without sound until one wants it', async ({ another, server }) => {
  const ben = await StoriesPage.of(await another(), server.url, 'ben', 'Ben');
  await ben.post(files.clip, 'Waves');
  const ada = await StoriesPage.of(await another(), server.url, 'ada', 'Ada');
  await ada.face('Ben').click();
  const video = ada.viewer.getByLabel('Video by Ben: Waves');
  await expect.poll(() => video.evaluate((node) => (node as HTMLVideoElement).currentTime)).toBeGreaterThan(0);
  await ada.viewer.getByRole('button', { name: 'Pause' }).click();
  expect(await video.evaluate((node) => (node as HTMLVideoElement).muted)).toBe(true);
  await expect.poll(() => video.evaluate((node) => (node as HTMLVideoElement).paused)).toBe(true);
  await ada.viewer.getByRole('button', { name: 'Sound on' }).click();
  expect(await video.evaluate((node) => (node as HTMLVideoElement).muted)).toBe(false);
  // At its end it is over, and so are the stories.
  await ada.viewer.getByRole('button', { name: 'Play' }).click();
  await expect(ada.viewer).toHaveCount(0);
});

test('S1 S6 who is not signed in is asked to', async ({ page, server }) => {
  await page.goto(`${server.url}/stories`);
  await expect(page.getByRole('heading', { name: 'Sign in to see stories' })).toBeVisible();
  await page.getByRole('main').getByRole('link', { name: 'Sign in' }).click();
  await expect(page).toHaveURL(/\/signin\?next=%2Fstories/);
});

test.describe('over', () => {
  test.use({ serverFlags: ['--story-ttl-s', '5', '--retain-every-s', '1'] });

  test('S1 S6 a story that is over goes by itself, with everybody and while it is looked at', async ({ another, faults, server }) => {
    faults.allow(/404/);
    const ben = await StoriesPage.of(await another(), server.url, 'ben', 'Ben');
    const ada = await StoriesPage.of(await another(), server.url, 'ada', 'Ada');
    const { id } = await ben.post(files.board, 'Only now');
    await ada.face('Ben').click();
    await expect(ada.viewer).toContainText('Only now');
    await ada.viewer.getByRole('button', { name: 'Pause' }).click();
    await expect(ben.own.getByRole('listitem')).toHaveCount(1);
    // Nobody has touched anything.
    await expect(ada.viewer).toHaveCount(0);
    await expect(ada.page.getByRole('heading', { name: 'No stories at the moment' })).toBeVisible();
    await expect(ben.own).toHaveCount(0);
    const asked = await ben.page.context().request.get(`${server.url}/api/stories/${id}`);
    expect(asked.status()).toBe(404);
  });
});
