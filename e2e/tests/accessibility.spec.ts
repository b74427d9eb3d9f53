// Every page, with every dialog, in both colour schemes, on a phone and on a desk: nothing that axe knows
// to be wrong.

import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { NETWORK, expect, test } from '../support/fixtures';
import { tourOfMatches } from '../support/matches';
import { PeoplePage, SignInPage } from '../support/people';
import { tourOfPosts } from '../support/posts';
import { showcase, tell } from '../support/showcase';
import { tourOfStories } from '../support/stories';
import { CommentsDialog, NotificationsPage, likeOf } from '../support/talk';
import { tourOfVenues } from '../support/venues';

const SIZES = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 900 } };

async function expectNoViolation(page: Page, where: string): Promise<void> {
  // Colours on their way from one to another are nobody's colours.
  await page.waitForFunction(() => document.getAnimations().every((a) => a.playState !== 'running' || a.effect?.getTiming().iterations === Infinity));
  const { violations } = await new AxeBuilder({ page }).analyze();
  const told = violations.map(({ id, help, nodes }) => ({
    id,
    help,
    nodes: nodes.slice(0, 4).map((node) => `${node.html.slice(0, 160)} — ${node.any[0]?.message ?? node.failureSummary}`),
  }));
  expect(told, where).toEqual([]);
}

for (const colorScheme of ['light', 'dark'] as const) {
  for (const [size, viewport] of Object.entries(SIZES)) {
    test.describe(() => {
      test.use({ colorScheme, viewport });

      test(`@chromium no axe violation on any page, ${colorScheme}, ${size}`, async ({
        api,
        eventPage,
        eventsPage,
        faults,
        page,
        server,
      }) => {
        faults.allow(/404/);
        await eventsPage.open();
        await expectNoViolation(page, 'an empty list');
        const event = await showcase(api);
        await expect(eventsPage.card('Launch day at the harbour')).toBeVisible();
        await expectNoViolation(page, 'the list');
        await eventPage.open(event.id);
        await expect(eventPage.items).toHaveCount(7);
        await expectNoViolation(page, 'an event');
        await page.goto(`${server.url}/events/nowhere`);
        await expect(page.getByRole('heading', { name: 'Event not found' })).toBeVisible();
        await expectNoViolation(page, 'an event that is not there');
        await page.goto(`${server.url}/nowhere`);
        await expect(page.getByRole('heading', { name: 'Page not found' })).toBeVisible();
        await expectNoViolation(page, 'a page that is not there');
      });

      test(`@chromium P5 P6 no axe violation on the pages about people, ${colorScheme}, ${size}`, async ({
        api,
        eventPage,
        faults,
        page,
        server,
      }) => {
        faults.allow(/401/);
        const ada = await api.register('ada', 'Ada Lovelace');
        const grace = await api.register('grace', 'Grace Hopper');
        const event = await ada.createEvent({ title: 'Regatta', visibility: 'private' });
        const others = await grace.createEvent({ title: 'By others' });
        const invitation = await ada.invite(event.id, 'viewer');
        await page.goto(server.url + invitation);
        await expect(page.getByRole('link', { name: 'Sign in to join' })).toBeVisible();
        await expectNoViolation(page, 'an invitation');
        const signIn = new SignInPage(page, server.url);
        await signIn.open('?new=1');
        await expectNoViolation(page, 'a new account');
        await signIn.open();
        await signIn.signIn('ada', 'not the password');
        await expect(signIn.form.getByRole('alert').first()).toBeVisible();
        await expectNoViolation(page, 'signing in, and a complaint');
        await signIn.asPerson('ada');
        await signIn.accountMenu.click();
        await expect(page.getByRole('menu')).toBeVisible();
        await expectNoViolation(page, 'the menu of the account');
        await page.getByRole('menuitem', { name: 'Account' }).click();
        await expect(page.getByText('this browser')).toBeVisible();
        await expectNoViolation(page, 'the account');
        const people = new PeoplePage(page, server.url);
        await people.open(event.id);
        await people.links.getByRole('button', { name: 'Make link' }).click();
        await expect(people.link).toBeVisible();
        await expectNoViolation(page, 'the people of an event');
        await people.member('Ada Lovelace').getByRole('button', { name: 'Leave this event' }).click();
        await expect(page.getByRole('dialog')).toBeVisible();
        await expectNoViolation(page, 'the dialog for leaving');
        await eventPage.open(others.id);
        await expect(page.getByText('ask Grace Hopper')).toBeVisible();
        await expectNoViolation(page, 'an event of others');
      });

      test(`@chromium M5 no axe violation on the matches, ${colorScheme}, ${size}`, async ({ api, page, server }) => {
        await tourOfMatches(api, page, server.url, expectNoViolation);
      });

      test(`@chromium S6 no axe violation on the stories, ${colorScheme}, ${size}`, async ({ another, server }) => {
        const options = { colorScheme, viewport, reducedMotion: 'reduce' as const };
        await tourOfStories(await another(options), await another(options), server.url, expectNoViolation);
      });

      test(`@chromium V9 no axe violation on the venues, ${colorScheme}, ${size}`, async ({ another, api, server }) => {
        await api.register('ada', 'Ada Lovelace');
        const options = { colorScheme, viewport };
        await tourOfVenues(await another(options), await another(options), server.url, expectNoViolation);
      });

      test.describe(() => {
        test.use({ serverFlags: ['--webhook-allow-private'] });

        test(`@chromium P1 no axe violation on the posts, ${colorScheme}, ${size}`, async ({ another, api, eventPage, faults, server }) => {
          faults.allow(/422/);
          await tourOfPosts(eventPage, await another(), server.url, api, expectNoViolation);
        });
      });
    });
  }

  test.describe(() => {
    test.use({ colorScheme, viewport: colorScheme === 'light' ? SIZES.phone : SIZES.desktop });

    test(`@chromium no axe violation in any dialog or menu, ${colorScheme}`, async ({ api, eventPage, eventsPage, page }) => {
      const event = await showcase(api);
      await eventsPage.open();
      await eventsPage.newEvent.click();
      await eventsPage.dialog.getByRole('button', { name: 'Create event' }).click();
      await expect(eventsPage.dialog.getByRole('alert')).toBeVisible();
      await expectNoViolation(page, 'a new event');

      await eventPage.open(event.id);
      await eventPage.post.click();
      await expect(page.getByRole('alert').filter({ hasText: 'Write something' })).toBeVisible();
      const item = eventPage.item('She floats!');
      await item.getByRole('button', { name: 'More' }).click();
      await expect(page.getByRole('menu')).toBeVisible();
      await expectNoViolation(page, 'the menu of an item, and a complaint');
      await page.getByRole('menuitem', { name: 'Edit text' }).click();
      await expect(page.getByRole('dialog', { name: 'Edit text' })).toBeVisible();
      await expectNoViolation(page, 'the dialog for a text');
      await page.keyboard.press('Escape');
      await eventPage.choose(item, 'Delete');
      await expect(page.getByRole('dialog', { name: 'Delete this update?' })).toBeVisible();
      await expectNoViolation(page, 'the dialog for deleting');
      await page.keyboard.press('Escape');
      await eventPage.statusMenu.click();
      await expect(page.getByRole('menu')).toBeVisible();
      await expectNoViolation(page, 'the menu of the status');
      await page.keyboard.press('Escape');
      await eventPage.item('What we came for').getByRole('button', { name: /^Open: / }).click();
      await expect(eventPage.photoDialog).toBeVisible();
      await expectNoViolation(page, 'the light-box');
      await page.keyboard.press('Escape');
      await eventPage.filter('Photos').click();
      await expect(eventPage.items).toHaveCount(2);
      await expectNoViolation(page, 'a filter');
    });

    for (const [size, viewport] of Object.entries(SIZES)) {
      test(`@chromium P3 no axe violation about comments and notifications, ${colorScheme}, ${size}`, async ({ api, eventPage, page, server }) => {
        await page.setViewportSize(viewport);
        const told = await tell(api);
        await new SignInPage(page, server.url).asPerson('ada');
        const list = new NotificationsPage(page, server.url);
        await list.open();
        await expect(list.list.getByRole('listitem')).toHaveCount(told.notifications);
        await expectNoViolation(page, 'notifications');
        await list.row('mentioned you').first().getByRole('button', { name: 'More' }).click();
        await expect(page.getByRole('menu')).toBeVisible();
        await expectNoViolation(page, 'the menu of one');
        await page.getByRole('menuitem', { name: 'Mute this update' }).click();
        await expect(list.muted).toBeVisible();
        await list.readAll.click();
        await expect(list.unread(list.list)).toHaveCount(0);
        await expectNoViolation(page, 'notifications that were read');
        await eventPage.open(told.event);
        await likeOf(eventPage.item('She floats')).click();
        await expectNoViolation(page, 'an event with likes');
        const talk = new CommentsDialog(page);
        await talk.open(eventPage, 'She floats');
        await expect(talk.comments.first()).toBeVisible();
        await expectNoViolation(page, 'comments');
      });
    }

    test(`@chromium P8 no axe violation while the connection is lost, ${colorScheme}`, async ({
      api,
      faults,
      network,
      page,
      proxied,
    }) => {
      faults.allow(...NETWORK);
      const event = await showcase(api);
      await proxied.open(event.id);
      await expect(proxied.items).toHaveCount(7);
      await proxied.write('Into the wind', 'Ada');
      network.down();
      await expect(proxied.lost).toBeVisible();
      await expectNoViolation(page, 'the banner');
      await proxied.post.click();
      await expect(proxied.item('Into the wind')).toContainText('Sending');
      await expectNoViolation(page, 'a local echo');
      await page.getByRole('button', { name: '1 waiting' }).click();
      await expect(page.getByRole('dialog', { name: 'Waiting to be sent' })).toBeVisible();
      await expectNoViolation(page, 'what waits to be sent');
      await page.keyboard.press('Escape');
      network.admit();
      await proxied.networkChanged();
      await expect(proxied.backOnline).toBeVisible();
      await expectNoViolation(page, 'back online');
    });
  });
}
