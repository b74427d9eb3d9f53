// Two people, two browsers: who sees what, from when, and until when.

import { expect, test } from '../support/fixtures';
import { PeoplePage, SignInPage } from '../support/people';

test('P5 P6 a private event: unseen, seen by invitation, live, and over at once when its owner says so', async ({
  another,
  api,
  eventPage,
  faults,
  page,
  server,
}) => {
  faults.allow(/404/);
  const ada = await api.register('ada', 'Ada Lovelace');
  await api.register('grace', 'Grace Hopper');
  const event = await ada.createEvent({ title: 'A secret launch', visibility: 'private' });
  await ada.post(event.id, 'Only for us');
  await new SignInPage(page, server.url).asPerson('ada');
  const people = new PeoplePage(page, server.url);
  const grace = await another();

  // A visitor learns nothing, not even that there is something.
  await grace.page.goto(`${server.url}/events/${event.id}`);
  await expect(grace.page.getByRole('heading', { name: 'Event not found' })).toBeVisible();
  await expect(grace.page.getByText('A secret launch')).toHaveCount(0);
  await grace.page.goto(`${server.url}/events/no-such-event`);
  await expect(grace.page.getByRole('heading', { name: 'Event not found' })).toBeVisible();
  await grace.page.goto(`${server.url}/`);
  await expect(grace.page.getByRole('heading', { name: 'Nothing is on yet' })).toBeVisible();

  await people.open(event.id);
  await people.links.getByRole('combobox', { name: 'Invited as' }).selectOption('viewer');
  await people.links.getByRole('button', { name: 'Make link' }).click();
  const link = await people.link.inputValue();
  expect(link).toContain(`${server.url}/invitations/`);

  await grace.page.goto(link);
  await expect(grace.page.getByRole('heading', { name: 'A secret launch' })).toBeVisible();
  await grace.page.getByRole('link', { name: 'Sign in to join' }).click();
  await new SignInPage(grace.page, server.url).signIn('grace');
  await grace.page.getByRole('button', { name: 'Join' }).click();
  await expect(grace.item('Only for us')).toBeVisible();
  await expect(people.member('Grace Hopper')).toBeVisible();
  await grace.isLive();
  await ada.post(event.id, 'Welcome, Grace');
  await expect(grace.item('Welcome, Grace')).toBeVisible();

  // She reads; she may not post, and is told whom to ask.
  await expect(grace.text).toHaveCount(0);
  await expect(grace.page.getByText('ask Ada Lovelace')).toBeVisible();
  await people.role('Grace Hopper').selectOption('contributor');
  await grace.write('May I?');
  await grace.post.click();
  await expect(grace.item('May I?')).toHaveAttribute('data-media-id', /.+/);

  await people.remove('Grace Hopper');
  await expect(grace.page.getByRole('heading', { name: 'You can no longer see this event' })).toBeVisible();
  await expect(grace.items).toHaveCount(0);
  await expect(grace.page).toHaveTitle(/^Not found/);
  await ada.post(event.id, 'Now she is gone');
  await eventPage.open(event.id);
  await expect(eventPage.item('Now she is gone')).toBeVisible();
  await expect(grace.page.getByText('Now she is gone')).toHaveCount(0);
  await grace.page.reload();
  await expect(grace.page.getByRole('heading', { name: 'Event not found' })).toBeVisible();
});

test('P6 owners add by name, change roles and revoke links; the last owner stays', async ({ api, faults, page, server }) => {
  faults.allow(/404|409|422/);
  const ada = await api.register('ada', 'Ada Lovelace');
  await api.register('grace', 'Grace Hopper');
  const event = await ada.createEvent({ title: 'Regatta' });
  await new SignInPage(page, server.url).asPerson('ada');
  const people = new PeoplePage(page, server.url);
  await people.open(event.id);
  await expect(people.member('Ada Lovelace')).toContainText('you');

  const name = people.add.getByLabel('Name');
  await name.fill('nobody-at-all');
  await people.add.getByRole('button', { name: 'Add' }).click();
  await expect(name).toHaveAccessibleDescription(/Nobody here/);
  await name.fill('gr');
  await expect(people.add.locator('datalist option[value=grace]')).toBeAttached();
  await name.fill('grace');
  await people.add.getByRole('combobox', { name: 'Role' }).selectOption('viewer');
  await people.add.getByRole('button', { name: 'Add' }).click();
  await expect(people.role('Grace Hopper')).toHaveValue('viewer');
  await people.role('Grace Hopper').selectOption('owner');
  await expect.poll(async () => (await ada.members(event.id)).find(({ person }) => person.name === 'grace')?.role).toBe('owner');
  await people.remove('Grace Hopper');

  // The choice goes back to what holds.
  await people.role('Ada Lovelace').selectOption('viewer');
  await expect(people.members.getByRole('alert').filter({ hasText: /owner/ })).toBeVisible();
  await expect(people.role('Ada Lovelace')).toHaveValue('owner');

  await people.links.getByRole('button', { name: 'Make link' }).click();
  const link = await people.link.inputValue();
  await people.links.getByRole('button', { name: /^Revoke the link/ }).click();
  await expect(people.link).toHaveCount(0);
  await page.goto(link);
  await expect(page.getByRole('heading', { name: 'This invitation is not valid' })).toBeVisible();
});

test('P6 an event that becomes private disappears for visitors, and is there again when it is public', async ({
  another,
  api,
  faults,
  page,
  server,
}) => {
  faults.allow(/404/);
  const ada = await api.register('ada', 'Ada Lovelace');
  const event = await ada.createEvent({ title: 'Regatta' });
  await new SignInPage(page, server.url).asPerson('ada');
  const people = new PeoplePage(page, server.url);
  await people.open(event.id);
  const visitor = await another();
  await visitor.open(event.id);
  // Somebody owns it: visitors read, and are offered to sign in.
  await expect(visitor.text).toHaveCount(0);
  await expect(visitor.page.getByText('Who posts here is signed in.')).toBeVisible();
  await expect(visitor.statusMenu).toHaveCount(0);

  await page.getByRole('radio', { name: 'Private' }).check();
  await expect(visitor.page.getByRole('heading', { name: 'You can no longer see this event' })).toBeVisible();
  await page.getByRole('radio', { name: 'Public' }).check();
  await expect.poll(async () => (await ada.patchEvent(event.id, {})).visibility).toBe('public');
  await visitor.page.reload();
  await expect(visitor.page.getByRole('heading', { level: 1 })).toHaveText('Regatta');
});

test('P6 who sees an event, chosen anew before the first choice is stored, is what was chosen last', async ({ api, page, server }) => {
  const ada = await api.register('ada', 'Ada Lovelace');
  const event = await ada.createEvent({ title: 'Regatta' });
  await new SignInPage(page, server.url).asPerson('ada');
  await new PeoplePage(page, server.url).open(event.id);
  let release = () => {};
  const gate = new Promise<void>((done) => (release = done));
  let sent = 0;
  await page.route('**/api/events/*', async (route) => {
    if (route.request().method() === 'PATCH') {
      sent += 1;
      await gate;
    }
    await route.continue();
  });
  await page.getByRole('radio', { name: 'Private' }).check();
  await expect.poll(() => sent).toBe(1);
  await page.getByRole('radio', { name: 'Unlisted' }).check();

  release();
  await expect.poll(() => sent).toBe(2);
  await expect.poll(async () => (await ada.patchEvent(event.id, {})).visibility).toBe('unlisted');
  await expect(page.getByRole('radio', { name: 'Unlisted' })).toBeChecked();
});

test('P6 one changes what is one’s own; owners change everything', async ({ another, api, eventPage, page, server }) => {
  const ada = await api.register('ada', 'Ada Lovelace');
  const grace = await api.register('grace', 'Grace Hopper');
  const event = await ada.createEvent({ title: 'Regatta' });
  await ada.addMember(event.id, 'grace', 'contributor');
  await ada.post(event.id, 'By Ada');
  await grace.post(event.id, 'By Grace');
  await new SignInPage(page, server.url).asPerson('ada');
  await eventPage.open(event.id);
  const other = await another();
  await new SignInPage(other.page, server.url).asPerson('grace');
  await other.open(event.id);

  await other.item('By Ada').getByRole('button', { name: 'More' }).click();
  await expect(other.page.getByRole('menuitem', { name: 'Copy link' })).toBeVisible();
  await expect(other.page.getByRole('menuitem', { name: 'Delete' })).toHaveCount(0);
  await other.page.keyboard.press('Escape');
  await other.choose(other.item('By Grace'), 'Edit text');
  await other.page.getByRole('dialog').getByRole('textbox', { name: 'Text' }).fill('By Grace herself');
  await other.page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await expect(eventPage.item('By Grace herself')).toBeVisible();
  await eventPage.choose(eventPage.item('By Grace herself'), 'Delete');
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(other.item('By Grace herself')).toHaveCount(0);
});
