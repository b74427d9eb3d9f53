// Who else is there, and who is typing: two people in two browsers.

import { expect, test } from '../support/fixtures';
import { SignInPage } from '../support/people';

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
