// Posts: the board moves by itself, on every device of whoever a post belongs to (P1, P2).

import { files } from '../support/files';
import { expect, test } from '../support/fixtures';
import { PostsPage, Receiver, inSeconds } from '../support/posts';
import { CommentsDialog, NotificationsPage, bell, commentsOf } from '../support/talk';

test.use({ serverFlags: ['--webhook-allow-private', '--webhook-attempts', '1'] });

test('P1 P2 a post that is scheduled for the next seconds walks through its statuses on two devices', async ({
  page,
  server,
  api,
  another,
}) => {
  const ada = await api.register('ada', 'Ada');
  const event = await ada.createEvent({ title: 'Harbour race' });
  const here = await PostsPage.of(page, server.url, 'ada');
  const there = await PostsPage.of((await another()).page, server.url, 'ada');

  await here.newPost.click();
  await here.text.fill('They are off!');
  await here.place.selectOption({ label: 'Harbour race' });
  await here.at.fill(inSeconds(5));
  await here.press('Schedule');
  await expect(here.sheet).toHaveCount(0);
  for (const board of [here, there]) {
    await expect(board.card('Scheduled', 'They are off!')).toBeVisible();
  }
  for (const board of [here, there]) {
    await expect(board.card('Published', 'They are off!')).toBeVisible({ timeout: 15_000 });
    await expect(board.cards).toHaveCount(1);
    await expect(board.voice).toContainText('Published: They are off!');
  }
  const items = await ada.allMedia(event.id);
  expect(items.map((item) => [item.text, item.author.name])).toEqual([['They are off!', 'Ada']]);
  await there.card('Published', 'They are off!').getByRole('link', { name: 'Harbour race' }).click();
  await expect(there.page.getByRole('feed', { name: 'Timeline' })).toContainText('They are off!');
});

test('P2 a webhook that fails says why, and what is tried again arrives', async ({ page, server, api }) => {
  const receiver = await Receiver.start(400);
  await api.register('ada', 'Ada');
  const board = await PostsPage.of(page, server.url, 'ada');

  await board.newPost.click();
  await board.text.fill('For elsewhere');
  await board.place.selectOption({ label: 'New webhook…' });
  await board.sheet.getByLabel('Address').fill(receiver.url);
  // Enter adds the webhook; it does not send the form around it.
  await page.keyboard.press('Enter');
  await expect(board.sheet.getByLabel('Secret for checking signatures')).toHaveValue(/^whsec_/);
  await board.press('Publish now');
  const failed = board.card('Failed', 'For elsewhere');
  await expect(failed).toContainText('the receiver answered 400');
  receiver.status = 204;
  await failed.getByRole('button', { name: 'Retry' }).click();
  await expect(board.card('Published', 'For elsewhere')).toBeVisible();
  await expect(board.cards).toHaveCount(1);
  expect(receiver.ids).toHaveLength(2);
  expect(new Set(receiver.ids).size, 'both tries are one delivery').toBe(1);

  const hooks = page.getByRole('region', { name: 'Webhooks' });
  await expect(hooks).toContainText(receiver.url);
  await hooks.getByRole('button', { name: `Remove ${receiver.url}` }).click();
  await expect(hooks).toHaveCount(0);
  await receiver.stop();
});

test('P1 a post that is shared is there for the other and for nobody else', async ({ page, server, api, another }) => {
  await api.register('ada', 'Ada');
  await api.register('ben', 'Ben');
  await api.register('eve', 'Eve');
  const adas = await PostsPage.of(page, server.url, 'ada');
  const bens = await PostsPage.of((await another()).page, server.url, 'ben');
  const eves = await PostsPage.of((await another()).page, server.url, 'eve');

  await adas.draft('First words');
  await adas.edit(adas.card('Drafts', 'First words'));
  await adas.shareWith.fill('ben');
  await adas.sheet.getByRole('button', { name: 'Share', exact: true }).click();
  await expect(adas.sheet.getByRole('list', { name: 'Editors' })).toContainText('Ben');
  await adas.page.keyboard.press('Escape');
  await expect(bens.card('Drafts', 'First words')).toContainText('Ada, Ben');
  // What Eve is shown next is her own: nothing of Ada's came before it.
  await eves.draft('Of Eve');
  await expect(eves.cards).toHaveCount(1);

  // Who works on it with others may go, and it is gone for them at once.
  await bens.choose(bens.card('Drafts', 'First words'), 'Work on it no more');
  await expect(bens.cards).toHaveCount(0);
  await expect(adas.card('Drafts', 'First words')).not.toContainText('Ben');
});

test('P1 two who change one post do not overwrite each other', async ({ page, server, api, another, faults }) => {
  const ada = await api.register('ada', 'Ada');
  await api.register('ben', 'Ben');
  await ada.sharePost((await ada.createPost('First words')).id, 'ben');
  const adas = await PostsPage.of(page, server.url, 'ada');
  const bens = await PostsPage.of((await another()).page, server.url, 'ben');

  // Both have it open; Ben saves first.
  await adas.edit(adas.card('Drafts', 'First words'));
  await bens.edit(bens.card('Drafts', 'First words'));
  await bens.text.fill('Words of Ben');
  await bens.press('Save as draft');
  await expect(adas.page.getByRole('article', { name: 'Words of Ben', includeHidden: true })).toBeAttached();
  faults.allow(/409/);
  await adas.text.fill('Words of Ada');
  await adas.press('Save as draft');
  await expect(adas.sheet.getByRole('alert').filter({ hasText: 'Somebody else has changed' })).toBeVisible();
  await expect(adas.text).toHaveValue('Words of Ada');
  await adas.press('Save as draft');
  await expect(bens.card('Drafts', 'Words of Ada')).toBeVisible();

  // Its owner deletes it, after being asked: it is gone for both.
  await adas.choose(adas.card('Drafts', 'Words of Ada'), 'Delete');
  const asked = adas.page.getByRole('dialog', { name: 'Delete this post?' });
  await asked.getByRole('button', { name: 'Cancel' }).click();
  await expect(adas.cards).toHaveCount(1);
  await adas.choose(adas.card('Drafts', 'Words of Ada'), 'Delete');
  await asked.getByRole('button', { name: 'Delete' }).click();
  await expect(adas.cards).toHaveCount(0);
  await expect(bens.cards).toHaveCount(0);
});

test('P1 a post is written, scheduled, taken back and published by keyboard alone', async ({ page, server, api }) => {
  const ada = await api.register('ada', 'Ada');
  const event = await ada.createEvent({ title: 'Harbour race' });
  const board = await PostsPage.of(page, server.url, 'ada');
  const { keyboard } = page;

  await board.newPost.focus();
  await keyboard.press('Enter');
  await expect(board.text, 'the dialog begins where one writes').toBeFocused();
  await keyboard.type('By keyboard');
  await board.place.focus();
  await board.place.selectOption({ label: 'Harbour race' });
  await board.at.fill(inSeconds(7200));
  await board.at.focus();
  await board.sheet.getByRole('button', { name: 'Schedule' }).focus();
  await keyboard.press('Enter');
  await expect(board.newPost, 'the focus is back').toBeFocused();
  const menu = async (column: 'Drafts' | 'Scheduled', entry: string) => {
    const more = board.card(column, 'By keyboard').getByRole('button', { name: 'More about: By keyboard' });
    await more.focus();
    await keyboard.press('Enter');
    const wanted = page.getByRole('menuitem', { name: entry });
    while (!(await wanted.evaluate((node) => node === document.activeElement))) await keyboard.press('ArrowDown');
    await keyboard.press('Enter');
  };
  await menu('Scheduled', 'Back to draft');
  await expect(board.card('Drafts', 'By keyboard')).toBeVisible();
  await menu('Drafts', 'Publish now');
  await expect(board.card('Published', 'By keyboard')).toBeVisible();
  await expect.poll(async () => (await ada.allMedia(event.id)).map((item) => item.text)).toEqual(['By keyboard']);
});

test('P1 P2 a photo waits with its post, and goes out with it', async ({ page, server, api }) => {
  const ada = await api.register('ada', 'Ada');
  const event = await ada.createEvent({ title: 'Harbour race' });
  const board = await PostsPage.of(page, server.url, 'ada');
  await board.newPost.click();
  await board.text.fill('<b>The quay</b>');
  await board.sheet.getByLabel('Photo, video or sound').setInputFiles(files.board);
  await board.place.selectOption({ label: 'Harbour race' });
  await board.press('Save as draft');
  const draft = board.card('Drafts', '<b>The quay</b>');
  const picture = draft.getByRole('presentation');
  await expect.poll(() => picture.evaluate((image) => (image as HTMLImageElement).naturalWidth)).toBeGreaterThan(0);
  // Saved again without another file it keeps the one it has.
  await board.edit(draft);
  await board.text.fill('The quay');
  await board.press('Publish now');
  await expect(board.card('Published', 'The quay')).toBeVisible();
  const items = await ada.allMedia(event.id);
  expect(items.map((item) => [item.kind, item.text])).toEqual([['photo', 'The quay']]);
});

test('P1 P8 what happens to posts while the connection is lost is there when it is back', async ({
  page,
  network,
  api,
  faults,
}) => {
  faults.allow(/.*/);
  const ada = await api.register('ada', 'Ada');
  const first = await ada.createPost('Here before');
  const board = await PostsPage.of(page, network.url, 'ada');
  await expect(board.card('Drafts', 'Here before')).toBeVisible();
  network.down();
  await expect(board.lost).toBeVisible();
  await ada.createPost('Written elsewhere');
  await ada.deletePost(first.id);
  network.admit();
  await board.networkChanged();
  await expect(board.card('Drafts', 'Written elsewhere')).toBeVisible({ timeout: 15_000 });
  await expect(board.cards).toHaveCount(1);
});

test('P5 the board is for who is signed in', async ({ page, server, api }) => {
  await api.register('ada', 'Ada');
  await page.goto(`${server.url}/posts`);
  await expect(page.getByRole('form', { name: 'Sign in' })).toBeVisible();
  await page.getByLabel('Name').fill('ada');
  await page.getByLabel('Password').fill('correct horse battery');
  await page.getByRole('button', { name: 'Sign in' }).click();
  const board = new PostsPage(page, server.url);
  await board.isLoaded();
  await board.draft('Of Ada');
  await board.chooseFromAccount('Sign out');
  await expect(board.cards).toHaveCount(0);
  await expect(page.getByRole('heading', { name: 'Posts' })).toHaveCount(0);
});

test('P1 P3 who works on a post talks about it, live, and is told', async ({ page, server, api, another }) => {
  const ada = await api.register('ada', 'Ada');
  const ben = await api.register('ben', 'Ben');
  const post = await ada.createPost('First words');
  await ada.sharePost(post.id, 'ben');
  const adas = await PostsPage.of(page, server.url, 'ada');
  const bens = await PostsPage.of((await another()).page, server.url, 'ben');
  const [here, there] = [new CommentsDialog(adas.page), new CommentsDialog(bens.page)];
  const card = (board: PostsPage) => board.card('Drafts', 'First words');

  await here.openOf(card(adas));
  await there.openOf(card(bens));
  await expect(here.dialog.getByText('Nobody has said anything yet.')).toBeVisible();
  await here.say('Which hour, @ben?');
  await expect(there.comment('Which hour, @ben?')).toContainText('Ada');
  await there.say('<b>Nine</b>');
  for (const each of [here, there]) {
    await expect(each.comments).toHaveCount(2);
    await expect(each.comments.first()).toContainText('<b>Nine</b>');
  }
  for (const board of [adas, bens]) {
    const counted = board.page.getByRole('button', { name: 'Comments: 2 comments', includeHidden: true });
    await expect(counted).toBeAttached();
  }
  // Ben's own to delete for him; any for Ada, whose post it is.
  await expect(there.comment('Which hour').getByRole('button', { name: 'More' })).toHaveCount(0);
  await here.comment('Nine').getByRole('button', { name: 'More' }).click();
  await here.dialog.getByRole('menuitem', { name: 'Delete' }).click();
  for (const each of [here, there]) await expect(each.comments).toHaveCount(1);
  await here.dialog.getByRole('button', { name: 'Close' }).click();
  // A window behind another has no focus in Firefox, whatever has it in the page.
  await adas.page.bringToFront();
  await expect(commentsOf(card(adas)), 'the focus is back').toBeFocused();
  await expect(commentsOf(card(adas))).toHaveAccessibleName('Comments: 1 comment');

  // What Ben is told of leads to what was said.
  await bens.page.keyboard.press('Escape');
  await expect(bell(bens.page)).toHaveAccessibleName('Notifications, 1 unread');
  const list = new NotificationsPage(bens.page, server.url);
  await list.open();
  await list.row('Ada mentioned you in a comment').getByRole('link').click();
  await expect(there.comment('Which hour, @ben?')).toBeVisible();
  await ben.commentOnPost(post.id, 'Nine, then');
  await expect(there.comments).toHaveCount(2);
  // Shared with him no more, it closes.
  await ada.unsharePost(post.id, 'ben');
  await expect(there.dialog).toHaveCount(0);
  await expect(bens.cards).toHaveCount(0);
});

test('P3 who works on a post likes it, live, and its owner is told once', async ({ page, server, api, another }) => {
  const ada = await api.register('ada', 'Ada');
  await api.register('ben', 'Ben');
  const post = await ada.createPost('First words');
  await ada.sharePost(post.id, 'ben');
  const adas = await PostsPage.of(page, server.url, 'ada');
  const bens = await PostsPage.of((await another()).page, server.url, 'ben');
  const like = (board: PostsPage) => board.card('Drafts', 'First words').getByRole('button', { name: /^Like/ });
  await like(bens).click();
  for (const board of [adas, bens]) await expect(like(board)).toHaveAccessibleName('Like: Ben');
  await expect(like(bens)).toHaveAttribute('aria-pressed', 'true');
  await expect(like(adas)).toHaveAttribute('aria-pressed', 'false');
  await expect(bell(adas.page)).toHaveAccessibleName('Notifications, 1 unread');
  await like(adas).click();
  await expect(like(bens)).toHaveAccessibleName('Like: Ben, Ada');
  await like(bens).click();
  await expect(like(adas)).toHaveAccessibleName('Like: Ada');
  // What was taken back is not told any more.
  await expect(bell(adas.page)).toHaveAccessibleName('Notifications');
});

test('P2 P3 a post that fails is told to its owner, and the notification leads to it', async ({ page, server, api }) => {
  const receiver = await Receiver.start(410);
  const ada = await api.register('ada', 'Ada');
  const hook = await ada.createWebhook(receiver.url);
  const board = await PostsPage.of(page, server.url, 'ada');
  const list = new NotificationsPage(page, server.url);
  await list.open();
  const post = await ada.createPost('For the papers', [{ kind: 'webhook', webhookId: hook.id }]);
  await ada.publishPost(post.id);
  const told = list.row('“For the papers” did not get where it was to go: 127.0.0.1: the receiver answered 410');
  await expect(told).toHaveCount(1);
  await expect(bell(page)).toHaveAccessibleName('Notifications, 1 unread');
  await told.getByRole('link').click();
  const failed = board.card('Failed', 'For the papers');
  await expect(failed).toBeFocused();
  await expect(bell(page)).toHaveAccessibleName('Notifications');
  receiver.status = 204;
  await failed.getByRole('button', { name: 'Retry' }).click();
  await expect(board.card('Published', 'For the papers')).toBeVisible();
  expect(await ada.unread()).toBe(0);
  await receiver.stop();
});

test('P4 two who have a post open see each other, and who is typing', async ({ page, server, api, another }) => {
  const ada = await api.register('ada', 'Ada Lovelace');
  await api.register('ben', 'Ben Hur');
  await ada.sharePost((await ada.createPost('First words')).id, 'ben');
  const adas = await PostsPage.of(page, server.url, 'ada');
  const bens = await PostsPage.of((await another()).page, server.url, 'ben');
  const here = (board: PostsPage) => board.page.getByRole('dialog').getByRole('list', { name: 'Also here' });

  await adas.edit(adas.card('Drafts', 'First words'));
  await expect(here(adas), 'nobody else is').toHaveCount(0);
  const before = await adas.text.boundingBox();
  await bens.edit(bens.card('Drafts', 'First words'));
  await expect(here(adas).getByRole('listitem').filter({ hasText: 'Ben Hur' })).toBeVisible();
  await expect(here(bens).getByRole('listitem').filter({ hasText: 'Ada Lovelace' })).toBeVisible();
  await bens.text.press('End');
  await bens.text.pressSequentially(' of Ben');
  await expect(adas.sheet.getByText('Ben Hur is typing…')).toBeVisible();
  await expect(bens.sheet.getByText('is typing…'), 'not to oneself').toHaveCount(0);
  expect(await adas.text.boundingBox(), 'nothing moves').toEqual(before);
  await bens.press('Save as draft');
  await expect(adas.sheet.getByText('is typing…')).toHaveCount(0);
  await expect(here(adas), 'the dialog is closed: he is gone at once').toHaveCount(0);

  // Who reads what was said has it open as well.
  await new CommentsDialog(bens.page).openOf(bens.card('Drafts', 'First words of Ben'));
  await expect(here(adas).getByRole('listitem').filter({ hasText: 'Ben Hur' })).toBeVisible();
  await bens.page.close();
  await expect(here(adas)).toHaveCount(0, { timeout: 20_000 });
});
