// Who else is there, and who is typing: two people in two browsers.

import { expect, test } from '../support/fixtures';
import { EventPage } from '../support/pages';
import { PeoplePage, SignInPage } from '../support/people';

test('P4 two people see each other come, type and go; a reload is no leaving', async ({
  another,
  api,
  eventPage,
  page,
  server,
}) => {
  const ada = await api.register('ada', 'Ada Lovelace');
  await api.register('grace', 'Grace Hopper');
  const event = await ada.createEvent({ title: 'Regatta' });
  const grace = await another();
  await new SignInPage(page, server.url).asPerson('ada');
  await new SignInPage(grace.page, server.url).asPerson('grace');

  await eventPage.open(event.id);
  const alsoHere = page.getByRole('list', { name: 'Also here' });
  await expect(alsoHere, 'nobody else is').toHaveCount(0);
  await grace.open(event.id);
  await expect(alsoHere.getByRole('listitem').filter({ hasText: 'Grace Hopper' })).toBeVisible();
  const hers = grace.page.getByRole('list', { name: 'Also here' });
  await expect(hers.getByRole('listitem').filter({ hasText: 'Ada Lovelace' })).toBeVisible();

  // Typing is seen by the other, moves nothing, and is over when the text is posted or given up.
  const typing = grace.page.getByText('Ada Lovelace is typing…');
  const filters = grace.page.getByRole('group', { name: 'Filter' });
  const before = await filters.boundingBox();
  await eventPage.text.pressSequentially('They are off');
  await expect(typing).toBeVisible();
  expect(await filters.boundingBox()).toEqual(before);
  await expect(page.getByText('is typing…'), 'not to oneself').toHaveCount(0);
  await eventPage.text.fill('');
  await expect(typing).toHaveCount(0);
  await eventPage.text.pressSequentially('Again');
  await expect(typing).toBeVisible();
  await eventPage.post.click();
  await expect(typing).toHaveCount(0);
  await expect(grace.item('Again')).toBeVisible();

  // She reloads: for Ada she never left.
  await alsoHere.evaluate((list) => {
    const watch = new MutationObserver((changes) => {
      if (changes.some((change) => change.removedNodes.length > 0)) list.dataset['left'] = 'yes';
    });
    watch.observe(list, { childList: true });
  });
  await grace.page.reload();
  await expect(hers.getByRole('listitem').filter({ hasText: 'Ada Lovelace' })).toBeVisible();
  await expect(alsoHere).not.toHaveAttribute('data-left', 'yes');

  // On another page of the same browser she is gone from this one at once.
  await grace.page.getByRole('link', { name: 'All events' }).click();
  await expect(alsoHere).toHaveCount(0);
});

test('P4 who hides is counted and never named; visitors are told how many, not who', async ({
  another,
  api,
  eventPage,
  page,
  server,
}) => {
  const ada = await api.register('ada', 'Ada Lovelace');
  for (const [name, display] of [['grace', 'Grace Hopper'], ['linus', 'Linus']] as const) await api.register(name, display);
  const event = await ada.createEvent({ title: 'Regatta' });
  const [grace, linus, visitor] = [await another(), await another(), await another()];
  await new SignInPage(page, server.url).asPerson('ada');
  await eventPage.open(event.id);
  const alsoHere = page.getByRole('list', { name: 'Also here' });

  await new SignInPage(grace.page, server.url).asPerson('grace');
  await grace.chooseFromAccount('Account');
  const invisible = grace.page.getByRole('switch', { name: 'Invisible' });
  await invisible.click();
  await expect(invisible).toBeChecked();
  await grace.open(event.id);
  await visitor.open(event.id);
  await new SignInPage(linus.page, server.url).asPerson('linus');
  await linus.open(event.id);
  // He came after her: who is named with him is all who are.
  await expect(alsoHere.getByRole('listitem').filter({ hasText: 'Linus' })).toBeVisible();
  await expect(page.getByText('4 watching')).toBeVisible();
  await expect(alsoHere.getByText('Grace')).toHaveCount(0);
  // She sees the others all the same; a visitor sees nobody.
  await expect(grace.page.getByRole('list', { name: 'Also here' }).getByText('Ada Lovelace')).toBeAttached();
  await expect(visitor.page.getByText('4 watching')).toBeVisible();
  await expect(visitor.page.getByRole('list', { name: 'Also here' })).toHaveCount(0);

  // She shows herself again.
  await grace.chooseFromAccount('Account');
  await invisible.click();
  await expect(invisible).not.toBeChecked();
  await grace.open(event.id);
  await expect(alsoHere.getByText('Grace')).toBeAttached();
});

test.describe('gone', () => {
  test.use({ serverFlags: ['--presence-grace-ms', '1000'] });

  test('P4 P9 every tab shows who is there and who is online, and that they have gone', async ({
    another,
    api,
    context,
    eventPage,
    page,
    server,
  }) => {
    const ada = await api.register('ada', 'Ada Lovelace');
    await api.register('grace', 'Grace Hopper');
    const event = await ada.createEvent({ title: 'Regatta' });
    await ada.addMember(event.id, 'grace', 'contributor');
    await new SignInPage(page, server.url).asPerson('ada');
    await eventPage.open(event.id);
    const second = new EventPage(await context.newPage(), server.url);
    await second.open(event.id);
    const third = new PeoplePage(await context.newPage(), server.url);
    await third.open(event.id);
    await expect(third.member('Ada Lovelace')).toContainText('online');
    await expect(third.member('Grace Hopper')).not.toContainText('online');

    const grace = await another();
    await new SignInPage(grace.page, server.url).asPerson('grace');
    await grace.open(event.id);
    const lists = [page, second.page].map((tab) => tab.getByRole('list', { name: 'Also here' }));
    for (const list of lists) await expect(list.getByText('Grace Hopper')).toBeAttached();
    await expect(third.member('Grace Hopper')).toContainText('online');
    await grace.page.close();
    for (const list of lists) await expect(list).toHaveCount(0);
    await expect(third.member('Grace Hopper')).not.toContainText('online');
    await expect(third.member('Ada Lovelace')).toContainText('online');
  });
});
