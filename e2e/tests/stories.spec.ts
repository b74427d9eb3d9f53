// Stories, with everybody in a browser of their own.

import AxeBuilder from '@axe-core/playwright';
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
  await expect(ada.face('Cleo')).toBeFocused();
});

test('S6 a photo goes on by itself, unless it is held or little motion is wanted', async ({ another, server }) => {
  const ben = await StoriesPage.of(await another(), server.url, 'ben', 'Ben');
  await ben.post(files.board, 'First');
  await ben.post(files.board, 'Second');
  const other = await another();
  await other.page.clock.install();
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
  await ada.page.keyboard.press('Escape');

  const calm = await another({ reducedMotion: 'reduce' });
  await calm.page.clock.install();
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

for (const colorScheme of ['light', 'dark'] as const) {
  for (const [size, viewport] of Object.entries({ phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 900 } })) {
    test(`@chromium S6 no axe violation, and pictures to look at, ${colorScheme}, ${size}`, async ({ another, server }, info) => {
      const options = { colorScheme, viewport, reducedMotion: 'reduce' as const };
      const ada = await StoriesPage.of(await another(options), server.url, 'ada', 'Ada Lovelace');
      const ben = await StoriesPage.of(await another(options), server.url, 'ben', 'Ben');
      const look = async (who: StoriesPage, name: string) => {
        const path = info.outputPath(`${name}-${colorScheme}-${size}.png`);
        await who.page.screenshot({ path, animations: 'disabled' });
        const { violations } = await new AxeBuilder({ page: who.page }).analyze();
        expect(violations.map(({ id, nodes }) => ({ id, nodes: nodes.map((node) => node.html.slice(0, 200)) })), name).toEqual([]);
      };
      await look(ada, 'empty');
      await ben.post(files.hubble, 'The deep field, tonight at the observatory');
      await ben.post(files.portrait);
      await ada.post(files.cat, 'Chelsea');
      await ada.post(files.clip, 'Waves');
      await expect(ada.face('Ben')).toBeVisible();
      await expect(ben.face('Ada Lovelace')).toBeVisible();
      await look(ada, 'rail');
      await ada.face('Ben').click();
      await expect(ada.viewer.getByRole('img')).toBeVisible();
      await ada.viewer.getByRole('button', { name: 'React with love' }).click();
      await look(ada, 'viewer');
      await ben.own.getByRole('button', { name: /deep field/ }).click();
      await ben.viewer.getByRole('button', { name: 'Seen by 1' }).click();
      await expect(ben.people.getByRole('listitem')).toHaveCount(1);
      await look(ben, 'audience');
      await ada.page.keyboard.press('Escape');
      await ada.add.click();
      await ada.addDialog.getByLabel('Photo or video').setInputFiles(files.cat);
      await expect(ada.addDialog.getByRole('img')).toBeVisible();
      await look(ada, 'add');
    });
  }
}
