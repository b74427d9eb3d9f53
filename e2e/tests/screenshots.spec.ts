// Pictures for people to look at, in test-results/screens. They are compared with nothing.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { files } from '../support/files';
import { expect, test } from '../support/fixtures';
import { tourOfMatches } from '../support/matches';
import { PeoplePage, SignInPage } from '../support/people';
import { tourOfPosts } from '../support/posts';
import { showcase, tell } from '../support/showcase';
import { tourOfStories } from '../support/stories';
import { CommentsDialog, NotificationsPage, likeOf } from '../support/talk';
import { tourOfVenues } from '../support/venues';

const SIZES = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 900 } };

for (const colorScheme of ['light', 'dark'] as const) {
  for (const [size, viewport] of Object.entries(SIZES)) {
    test.describe(() => {
      test.use({ colorScheme, viewport, deviceScaleFactor: 2, hasTouch: size === 'phone' });

      test(`@chromium pictures of every page, ${colorScheme}, ${size}`, async ({
        api,
        faults,
        network,
        page,
        proxied,
      }, info) => {
        faults.allow(/.*/);
        const shot = (name: string) =>
          page.screenshot({
            path: join(info.project.outputDir, 'screens', `${name}-${colorScheme}-${size}.png`),
            animations: 'disabled',
          });
        await page.goto(`${network.url}/`);
        await expect(page.getByRole('heading', { name: 'Nothing is on yet' })).toBeVisible();
        await shot('empty');
        const event = await showcase(api);
        await expect(page.getByRole('link', { name: 'Launch day at the harbour' })).toBeVisible();
        await page.reload();
        await expect(page.getByRole('link', { name: 'Launch day at the harbour' })).toBeVisible();
        await shot('events');
        await page.getByRole('button', { name: 'New event' }).click();
        await expect(page.getByRole('dialog')).toBeVisible();
        await shot('new-event');

        await proxied.open(event.id);
        const image = proxied.items.getByRole('img').first();
        await expect.poll(() => image.evaluate((node) => (node as HTMLImageElement).naturalWidth)).toBeGreaterThan(0);
        await shot('event');
        await proxied.item('She floats!').getByRole('button', { name: 'More' }).click();
        await expect(page.getByRole('menu')).toBeVisible();
        await shot('menu');
        await page.keyboard.press('Escape');
        await proxied.item('What we came for').getByRole('button', { name: /^Open: / }).click();
        await expect(proxied.photoDialog).toBeVisible();
        const large = proxied.photoDialog.getByRole('img').first();
        await expect.poll(() => large.evaluate((node) => (node as HTMLImageElement).complete)).toBe(true);
        await shot('light-box');
        await page.keyboard.press('Escape');
        await expect(proxied.photoDialog).toHaveCount(0);

        await page.mouse.move(viewport.width / 2, viewport.height / 2);
        await page.mouse.wheel(0, 900);
        await expect.poll(() => page.evaluate(() => window.scrollY)).toBeGreaterThan(400);
        await api.postMany(event.id, ['And another', 'And one more']);
        await expect(proxied.newUpdates).toBeVisible();
        await shot('scrolled');
        network.down();
        await expect(proxied.lost).toBeVisible();
        await shot('lost');
        network.admit();
        await proxied.networkChanged();
        await expect(proxied.backOnline).toBeVisible();
        await shot('back');
        await page.goto(`${network.url}/nowhere`);
        await expect(page.getByRole('heading', { name: 'Page not found' })).toBeVisible();
        await shot('not-found');
      });

      test(`@chromium pictures of an item on its way, ${colorScheme}, ${size}`, async ({ api, faults, network, page, proxied }, info) => {
        faults.allow(/.*/);
        const shot = (name: string) =>
          page.screenshot({
            path: join(info.project.outputDir, 'screens', `${name}-${colorScheme}-${size}.png`),
            animations: 'disabled',
          });
        const event = await api.createEvent({ title: 'Launch day at the harbour' });
        await api.post(event.id, 'Doors open.', 'Grace');
        await proxied.open(event.id);
        let pass: (() => void) | undefined;
        await page.route('**/api/events/*/media', async (route) => {
          if (route.request().method() === 'POST') await new Promise<void>((done) => (pass = done));
          await route.continue();
        });
        await proxied.write('She floats, and the band is playing!', 'Ada');
        await proxied.post.click();
        const text = proxied.item('She floats');
        await expect(text).toContainText('Sending…');
        await shot('sending-text');
        pass?.();
        await expect(text).toHaveAttribute('data-media-id', /.+/);
        await shot('sent-text');
        await page.unroute('**/api/events/*/media');

        const attach = async (file: string) => {
          const [chooser] = await Promise.all([page.waitForEvent('filechooser'), proxied.attach.click()]);
          await chooser.setFiles(file);
        };
        // More than what the system's buffers swallow at once.
        const long = info.outputPath('long.mp3');
        await writeFile(long, Buffer.concat([await readFile(files.mp3), Buffer.alloc(24_000_000)]));
        network.throttleUploads(3_000_000);
        await attach(long);
        await proxied.write('The bell, at full length', 'Edsger');
        await proxied.post.click();
        const sound = proxied.item('The bell');
        await expect(sound).toContainText(/Sending… [1-9]\d? %/);
        await shot('sending-sound');
        network.throttleUploads(undefined);
        await expect(sound).toHaveAttribute('data-media-id', /.+/, { timeout: 20_000 });

        network.throttleUploads(100_000);
        await attach(files.hubble);
        await proxied.write('What we came for', 'Ada');
        await proxied.post.click();
        const photo = proxied.item('What we came for');
        await expect(photo).toContainText('Sending…');
        await shot('sending-photo');
        network.down();
        await expect(page.getByRole('button', { name: '1 waiting' })).toBeVisible();
        await shot('waiting-photo');
        await page.getByRole('button', { name: '1 waiting' }).click();
        await expect(page.getByRole('dialog', { name: 'Waiting to be sent' })).toBeVisible();
        await shot('waiting-list');
        await page.keyboard.press('Escape');
        network.throttleUploads(undefined);
        network.admit();
        await expect(photo).toHaveAttribute('data-media-id', /.+/, { timeout: 15_000 });
        await shot('sent-photo');
      });

      test(`@chromium P3 pictures of comments and notifications, ${colorScheme}, ${size}`, async ({ api, eventPage, page, server }, info) => {
        const shot = (name: string) =>
          page.screenshot({
            path: join(info.project.outputDir, 'screens', `${name}-${colorScheme}-${size}.png`),
            animations: 'disabled',
          });
        const told = await tell(api);
        await new SignInPage(page, server.url).asPerson('ada');
        const list = new NotificationsPage(page, server.url);
        await list.open();
        await expect(list.list.getByRole('listitem')).toHaveCount(told.notifications);
        await shot('notifications');
        const more = list.row('mentioned you').first().getByRole('button', { name: 'More' });
        await more.click();
        await shot('notification-menu');
        await page.getByRole('menuitem', { name: 'Mute this update' }).click();
        await expect(list.muted).toBeVisible();
        await list.unread(list.row('mentioned you').first()).click();
        await shot('notifications-muted');
        await eventPage.open(told.event);
        await likeOf(eventPage.item('She floats')).click();
        await expect(likeOf(eventPage.item('She floats'))).toHaveAccessibleName('Like: 7 likes');
        await shot('likes');
        const talk = new CommentsDialog(page);
        await talk.open(eventPage, 'She floats');
        await expect(talk.comments.first()).toBeVisible();
        await shot('comments');
      });

      test(`@chromium S6 pictures of the stories, ${colorScheme}, ${size}`, async ({ another, server }, info) => {
        const touch = size === 'phone';
        const options = { colorScheme, viewport, deviceScaleFactor: 2, hasTouch: touch, reducedMotion: 'reduce' as const };
        await tourOfStories(await another(options), await another(options), server.url, async (page, name) => {
          const path = join(info.project.outputDir, 'screens', `${name}-${colorScheme}-${size}.png`);
          await page.screenshot({ path, animations: 'disabled' });
        });
      });

      test(`@chromium V9 pictures of the venues, ${colorScheme}, ${size}`, async ({ another, api, server }, info) => {
        await api.register('ada', 'Ada Lovelace');
        const options = { colorScheme, viewport, deviceScaleFactor: 2, hasTouch: size === 'phone' };
        await tourOfVenues(await another(options), await another(options), server.url, async (page, name) => {
          const path = join(info.project.outputDir, 'screens', `${name}-${colorScheme}-${size}.png`);
          await page.screenshot({ path, animations: 'disabled' });
        });
      });

      test(`@chromium M5 pictures of the matches, ${colorScheme}, ${size}`, async ({ api, page, server }, info) => {
        await tourOfMatches(api, page, server.url, async (shown, name) => {
          const path = join(info.project.outputDir, 'screens', `${name}-${colorScheme}-${size}.png`);
          await shown.screenshot({ path, animations: 'disabled' });
        });
      });

      test.describe(() => {
        test.use({ serverFlags: ['--webhook-allow-private'] });

        test(`@chromium P1 pictures of the posts, ${colorScheme}, ${size}`, async ({ another, api, eventPage, faults, server }, info) => {
          faults.allow(/422/);
          await tourOfPosts(eventPage, await another(), server.url, api, async (page, name) => {
            const path = join(info.project.outputDir, 'screens', `${name}-${colorScheme}-${size}.png`);
            await page.screenshot({ path, animations: 'disabled' });
          });
        });
      });

      test(`@chromium pictures of the pages about people, ${colorScheme}, ${size}`, async ({ another, api, eventPage, faults, page, server }, info) => {
        faults.allow(/.*/);
        const shot = (name: string) =>
          page.screenshot({
            path: join(info.project.outputDir, 'screens', `${name}-${colorScheme}-${size}.png`),
            animations: 'disabled',
            fullPage: true,
          });
        const ada = await api.register('ada', 'Ada Lovelace');
        const grace = await api.register('grace', 'Grace Hopper');
        const event = await ada.createEvent({ title: 'Launch day at the harbour', visibility: 'private' });
        await ada.addMember(event.id, 'grace', 'contributor');
        await ada.post(event.id, 'Doors open.');
        const others = await grace.createEvent({ title: 'Concert by the river' });
        await page.goto(server.url + (await ada.invite(event.id, 'contributor')));
        await expect(page.getByRole('link', { name: 'Sign in to join' })).toBeVisible();
        await shot('invitation');
        const signIn = new SignInPage(page, server.url);
        await signIn.open('?new=1');
        await shot('register');
        await signIn.open();
        await signIn.signIn('ada', 'not the password');
        await expect(signIn.form.getByRole('alert').first()).toBeVisible();
        await shot('sign-in');
        await signIn.asPerson('ada');
        await signIn.accountMenu.click();
        await shot('account-menu');
        await page.getByRole('menuitem', { name: 'Account' }).click();
        await expect(page.getByText('this browser')).toBeVisible();
        await shot('account');
        const people = new PeoplePage(page, server.url);
        await people.open(event.id);
        await people.links.getByRole('button', { name: 'Make link' }).click();
        await expect(people.link).toBeVisible();
        await shot('people');
        const second = await another();
        await new SignInPage(second.page, server.url).asPerson('grace');
        await second.open(event.id);
        await eventPage.open(event.id);
        await second.text.pressSequentially('On my way');
        await expect(page.getByText('Grace Hopper is typing…')).toBeVisible();
        await shot('event-of-ones-own');
        await eventPage.open(others.id);
        await shot('event-of-others');
        await eventPage.chooseFromAccount('Sign out');
        await expect(page.getByText('Who posts here is signed in.')).toBeVisible();
        await shot('event-for-visitors');
        await page.goto(`${server.url}/events/${event.id}`);
        await expect(page.getByRole('heading', { name: 'Event not found' })).toBeVisible();
        await shot('not-open');
      });
    });
  }
}
