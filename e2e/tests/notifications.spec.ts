// For who is told of something: mentions, comments and likes arrive by themselves, and what is read on one device is
// read on all.

import { expect, test } from '../support/fixtures';
import { EventPage, EventsPage } from '../support/pages';
import { SignInPage } from '../support/people';
import { CommentsDialog, NotificationsPage, bell, commentsOf, expectUnread, likeOf, recordBadge } from '../support/talk';

test('P3 P9 the unread badge agrees in three tabs and on another device, at once', async ({ another, api, context, page, server }) => {
  const ada = await api.register('ada', 'Ada Lovelace');
  const grace = await api.register('grace', 'Grace Hopper');
  const event = await ada.createEvent();
  const item = await ada.post(event.id, 'Doors open');
  await new SignInPage(page, server.url).asPerson('ada');
  const tabs = [page, await context.newPage(), await context.newPage()];
  const phone = await another();
  const pages = [...tabs, phone.page];
  for (const each of pages) await recordBadge(each);
  await new SignInPage(phone.page, server.url).asPerson('ada');
  await new NotificationsPage(phone.page, server.url).open();
  await new EventPage(tabs[0]!, server.url).open(event.id);
  await new EventsPage(tabs[1]!, server.url).open();
  await new NotificationsPage(tabs[2]!, server.url).open();
  for (const each of pages) await expectUnread(each, 0);

  await grace.comment(event.id, item.id, 'Lovely!');
  for (const each of pages) await expectUnread(each, 1);
  await grace.post(await own(grace), 'Hello @ada');
  for (const each of pages) await expectUnread(each, 2);

  const list = new NotificationsPage(phone.page, server.url);
  const told = list.row('Grace Hopper commented on what you posted');
  await list.unread(told).click();
  for (const each of pages) await expectUnread(each, 1);
  const here = new NotificationsPage(tabs[2]!, server.url);
  await expect(here.unread(here.row('commented on what you posted'))).toHaveCount(0);
  await expect(here.unread(here.row('mentioned you'))).toHaveCount(1);
  await here.readAll.click();
  for (const each of pages) await expectUnread(each, 0);
  await expect(list.unread(list.list)).toHaveCount(0);

  // A tab that comes later, and one that comes back, know as much.
  await grace.comment(event.id, item.id, 'Once more');
  await tabs[1]!.reload();
  const late = await context.newPage();
  await recordBadge(late);
  await new EventsPage(late, server.url).open();
  for (const each of [...pages, late]) await expectUnread(each, 1);
});

/** An event of one's own. */
async function own(api: { createEvent(fields?: object): Promise<{ id: string }> }): Promise<string> {
  return (await api.createEvent({ title: 'Concert by the river' })).id;
}

test('P3 a mention, a comment and likes arrive while one looks, and lead to where it happened', async ({ api, page, server }) => {
  const ada = await api.register('ada', 'Ada Lovelace');
  const grace = await api.register('grace', 'Grace Hopper');
  const linus = await api.register('linus', 'Linus');
  const event = await ada.createEvent();
  const item = await ada.post(event.id, 'Doors open');
  await new SignInPage(page, server.url).asPerson('ada');
  const list = new NotificationsPage(page, server.url);
  await list.open();
  await expect(page.getByRole('heading', { name: 'Nothing has happened yet' })).toBeVisible();

  await grace.like(event.id, item.id);
  await expect(list.row('Grace Hopper likes what you posted')).toContainText('Doors open');
  await linus.like(event.id, item.id);
  await expect(list.row('Linus and 1 other like what you posted')).toHaveCount(1);
  await expect(list.list.getByRole('listitem')).toHaveCount(1);
  await linus.comment(event.id, item.id, 'First!');
  await grace.comment(event.id, item.id, 'I was, @ada <b>said</b>');
  const mention = list.row('Grace Hopper mentioned you in a comment');
  await expect(mention).toContainText('I was, @ada <b>said</b>');
  await expect(list.list.getByRole('listitem').first()).toContainText('mentioned you');

  await mention.getByRole('link').click();
  const talk = new CommentsDialog(page);
  await expect(talk.comment('I was, @ada')).toBeVisible();
  await expect(talk.comments).toHaveCount(2);
  await expect(bell(page)).toHaveAccessibleName('Notifications, 2 unread');
  expect(await ada.unread()).toBe(2);
});

test('P3 liking shows at once, for everybody, and on the other device', async ({ another, api, eventPage, page, server }) => {
  const ada = await api.register('ada', 'Ada');
  await api.register('grace', 'Grace');
  const event = await ada.createEvent();
  await ada.post(event.id, 'Doors open');
  await new SignInPage(page, server.url).asPerson('grace');
  const phone = await another();
  await new SignInPage(phone.page, server.url).asPerson('grace');
  const visitor = await another();
  for (const each of [eventPage, phone, visitor]) await each.open(event.id);
  const like = (each: EventPage) => likeOf(each.item('Doors open'));

  await like(eventPage).click();
  for (const each of [eventPage, phone]) await expect(like(each)).toHaveAttribute('aria-pressed', 'true');
  await expect(like(visitor)).toHaveAttribute('aria-pressed', 'false');
  for (const each of [eventPage, phone, visitor]) await expect(like(each)).toHaveAccessibleName('Like: 1 like');
  await eventPage.page.reload();
  await expect(like(eventPage)).toHaveAttribute('aria-pressed', 'true');

  // Pressed again and again, what was pressed last holds.
  for (let n = 0; n < 5; n += 1) await like(eventPage).click();
  for (const each of [eventPage, phone]) await expect(like(each)).toHaveAttribute('aria-pressed', 'false');
  for (const each of [eventPage, phone, visitor]) await expect(like(each)).toHaveAccessibleName('Like');

  await like(visitor).click();
  await expect(visitor.page.getByRole('form', { name: 'Sign in' })).toBeVisible();
});

test('P3 a like that is not stored is taken back and said', async ({ api, eventPage, faults, page, server }) => {
  faults.allow(/503|storageUnavailable/);
  const ada = await api.register('ada', 'Ada');
  const event = await ada.createEvent();
  await ada.post(event.id, 'Doors open');
  await new SignInPage(page, server.url).asPerson('ada');
  await eventPage.open(event.id);
  await page.route('**/like', (route) =>
    route.fulfill({ status: 503, json: { error: { code: 'storageUnavailable', message: 'The disk is full.' } } }),
  );
  const like = likeOf(eventPage.item('Doors open'));
  await like.click();
  await expect(eventPage.voice.filter({ hasText: 'The disk is full.' })).toHaveCount(1);
  await expect(like).toHaveAttribute('aria-pressed', 'false');
  await expect(like).toHaveAccessibleName('Like');
});

test('@chromium P3 comments are live, and one’s own are one’s own to delete', async ({ another, api, eventPage, page, server }) => {
  const ada = await api.register('ada', 'Ada');
  const grace = await api.register('grace', 'Grace');
  const event = await ada.createEvent();
  const item = await ada.post(event.id, 'Doors open');
  await new SignInPage(page, server.url).asPerson('grace');
  await eventPage.open(event.id);
  const visitor = await another();
  await visitor.open(event.id);
  const [here, there] = [new CommentsDialog(page), new CommentsDialog(visitor.page)];
  await here.open(eventPage, 'Doors open');
  await there.open(visitor, 'Doors open');
  await expect(there.dialog.getByText('Nobody has said anything yet.')).toBeVisible();
  await expect(there.dialog.getByRole('link', { name: 'Sign in to comment' })).toBeVisible();

  await here.say('Here we go, @ada');
  await expect(there.comment('Here we go, @ada')).toContainText('Grace');
  await ada.comment(event.id, item.id, 'I can see you');
  for (const each of [here, there]) {
    await expect(each.comments).toHaveCount(2);
    await expect(each.comments.first()).toContainText('I can see you');
  }
  await expect(here.comment('I can see you').getByRole('button', { name: 'More' })).toHaveCount(0);
  await here.comment('Here we go').getByRole('button', { name: 'More' }).click();
  await here.dialog.getByRole('menuitem', { name: 'Delete' }).click();
  for (const each of [here, there]) await expect(each.comments).toHaveCount(1);
  await here.dialog.getByRole('button', { name: 'Close' }).click();
  await expect(commentsOf(eventPage.item('Doors open'))).toHaveAccessibleName('Comments: 1 comment');
  await expect(commentsOf(eventPage.item('Doors open'))).toBeFocused();
  void grace;
});

test('@chromium P3 V8 a comment that is refused says why, and is sent once when it is tried again', async ({ api, eventPage, faults, page, server }) => {
  faults.allow(/503|storageUnavailable/);
  const ada = await api.register('ada', 'Ada');
  const event = await ada.createEvent();
  await ada.post(event.id, 'Doors open');
  await new SignInPage(page, server.url).asPerson('ada');
  await eventPage.open(event.id);
  const talk = new CommentsDialog(page);
  await talk.open(eventPage, 'Doors open');
  await talk.send.click();
  await expect(talk.dialog.getByRole('alert').filter({ hasText: 'Write something first.' })).toBeVisible();

  // The server has it, and its answer is lost.
  let lost = false;
  await page.route('**/comments', async (route) => {
    if (route.request().method() !== 'POST' || lost) return route.continue();
    lost = true;
    await route.fetch();
    await route.fulfill({ status: 503, json: { error: { code: 'storageUnavailable', message: 'Try again.' } } });
  });
  await talk.text.fill('Only once');
  await talk.send.click();
  await expect(talk.dialog.getByRole('alert').filter({ hasText: 'Try again.' })).toBeVisible();
  await expect(talk.text).toHaveValue('Only once');
  await talk.send.click();
  await expect(talk.text).toHaveValue('');
  await expect(talk.comment('Only once')).toHaveCount(1);
  await expect(commentsOf(eventPage.item('Doors open'))).toHaveAccessibleName('Comments: 1 comment');
});

test('P3 what is muted is told no more, until it is unmuted', async ({ api, page, server }) => {
  const ada = await api.register('ada', 'Ada');
  const grace = await api.register('grace', 'Grace');
  const event = await ada.createEvent({ title: 'Harbour race' });
  const item = await ada.post(event.id, 'Doors open');
  await grace.comment(event.id, item.id, 'One');
  await new SignInPage(page, server.url).asPerson('ada');
  const list = new NotificationsPage(page, server.url);
  await list.open();
  const row = list.row('Grace commented');
  await row.getByRole('button', { name: 'More' }).click();
  await page.getByRole('menuitem', { name: 'Mute this event' }).click();
  await expect(list.muted.getByRole('listitem')).toContainText('Harbour race');
  await grace.comment(event.id, item.id, 'Two');
  await grace.post(await own(grace), 'Hello @ada');
  await expect(list.row('mentioned you')).toBeVisible();
  await expect(row).toContainText('One');

  await list.muted.getByRole('button', { name: 'Unmute Harbour race' }).click();
  await expect(list.muted).toHaveCount(0);
  await grace.comment(event.id, item.id, 'Three');
  await expect(list.row('2 comments on what you posted, the last by Grace')).toContainText('Three');
});

test('P3 what is deleted is no longer told of', async ({ api, page, server }) => {
  const ada = await api.register('ada', 'Ada');
  const grace = await api.register('grace', 'Grace');
  const event = await grace.createEvent();
  const said = await grace.post(event.id, 'Hello @ada');
  await new SignInPage(page, server.url).asPerson('ada');
  const list = new NotificationsPage(page, server.url);
  await list.open();
  await expect(list.row('Grace mentioned you')).toBeVisible();
  await expect(bell(page)).toHaveAccessibleName('Notifications, 1 unread');
  await grace.deleteMedia(event.id, said.id);
  await expect(list.row('Grace mentioned you')).toHaveCount(0);
  await expect(bell(page)).toHaveAccessibleName('Notifications');
  void ada;
});

test('P3 notifications are for who is signed in', async ({ page, server }) => {
  await page.goto(`${server.url}/notifications`);
  await expect(page.getByRole('form', { name: 'Sign in' })).toBeVisible();
  await expect(bell(page)).toHaveCount(0);
});
