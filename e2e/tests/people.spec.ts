// Two people, two browsers: who sees what, from when, and until when.

import { expect, test } from '../support/fixtures';
import { Held, failing } from '../support/held';
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
  const changes = await Held.requests(page, 'PATCH', '**/api/events/*');
  await page.getByRole('radio', { name: 'Private' }).check();
  await expect.poll(() => changes.sent).toBe(1);
  await page.getByRole('radio', { name: 'Unlisted' }).check();

  changes.release();
  await expect.poll(() => changes.sent).toBe(2);
  await expect.poll(async () => (await ada.patchEvent(event.id, {})).visibility).toBe('unlisted');
  await expect(page.getByRole('radio', { name: 'Unlisted' })).toBeChecked();
});

test('P6 what is published late of an earlier choice does not undo the later one', async ({ api, page, server }) => {
  const ada = await api.register('ada', 'Ada Lovelace');
  const event = await ada.createEvent({ title: 'Regatta' });
  const late: string[] = [];
  let isHeld = false;
  let pass: (message: string) => void = () => {};
  await page.routeWebSocket(/\/ws/, (socket) => {
    const upstream = socket.connectToServer();
    pass = (message) => socket.send(message);
    upstream.onMessage((message) => {
      if (isHeld) late.push(message.toString());
      else socket.send(message);
    });
  });
  await new SignInPage(page, server.url).asPerson('ada');
  const people = new PeoplePage(page, server.url);
  await people.open(event.id);
  await people.isLive();
  isHeld = true;
  const answered = () => page.waitForResponse((response) => response.request().method() === 'PATCH');
  await Promise.all([answered(), page.getByRole('radio', { name: 'Private' }).check()]);
  const isOfTheFirst = (message: string) => message.includes('event:update') && message.includes('private');
  await expect.poll(() => late.some(isOfTheFirst)).toBe(true);
  await Promise.all([answered(), page.getByRole('radio', { name: 'Unlisted' }).check()]);
  const shown = () => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  await shown();

  while (late.length > 0) {
    pass(late.shift() ?? '');
    await shown();
    expect(await page.getByRole('radio', { name: 'Unlisted' }).isChecked()).toBe(true);
  }
  isHeld = false;
  await ada.patchEvent(event.id, { visibility: 'private' });
  await expect(page.getByRole('radio', { name: 'Private' })).toBeChecked();
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

test('P6 roles chosen while others are under way all come to be, the last for each', async ({ api, page, server }) => {
  const ada = await api.register('ada', 'Ada Lovelace');
  await api.register('grace', 'Grace Hopper');
  await api.register('joan', 'Joan Clarke');
  const event = await ada.createEvent({ title: 'Regatta' });
  await ada.addMember(event.id, 'grace', 'contributor');
  await ada.addMember(event.id, 'joan', 'contributor');
  await new SignInPage(page, server.url).asPerson('ada');
  const people = new PeoplePage(page, server.url);
  await people.open(event.id);
  const changes = await Held.requests(page, 'PUT', '**/members/*');
  await people.role('Grace Hopper').selectOption('viewer');
  await expect.poll(() => changes.sent).toBe(1);
  await people.role('Grace Hopper').selectOption('owner');
  await people.role('Joan Clarke').selectOption('viewer');
  await expect.poll(() => changes.sent).toBe(2);
  await expect(people.role('Grace Hopper')).toHaveValue('owner');

  changes.release();
  await expect.poll(() => changes.sent).toBe(3);
  const role = async (name: string) => (await ada.members(event.id)).find(({ person }) => person.name === name)?.role;
  await expect.poll(() => role('grace')).toBe('owner');
  await expect.poll(() => role('joan')).toBe('viewer');
  await expect(people.role('Grace Hopper')).toHaveValue('owner');
  await expect(people.role('Joan Clarke')).toHaveValue('viewer');
});

test('P6 the link that was made last stays to be passed on while others are revoked', async ({ api, page, server }) => {
  const ada = await api.register('ada', 'Ada Lovelace');
  const event = await ada.createEvent({ title: 'Regatta' });
  await ada.invite(event.id, 'viewer');
  await ada.invite(event.id, 'viewer');
  await new SignInPage(page, server.url).asPerson('ada');
  const people = new PeoplePage(page, server.url);
  await people.open(event.id);
  await people.links.getByRole('button', { name: 'Make link' }).click();
  const link = await people.link.inputValue();

  // Two at a time: none waits for the other, and none is forgotten.
  const revocations = await Held.requests(page, 'DELETE', '**/invitations/*');
  const others = people.links.getByRole('button', { name: /^Revoke the link for a viewer/ });
  await expect(others).toHaveCount(2);
  await others.nth(0).click();
  await expect(others.nth(0)).toHaveAttribute('aria-disabled', 'true');
  await others.nth(1).click();
  await expect.poll(() => revocations.sent).toBe(2);
  revocations.release();
  await expect(others).toHaveCount(0);
  await expect(people.link).toHaveValue(link);
  // Who works by keyboard goes on from there.
  await expect(people.links.getByRole('heading')).toBeFocused();
  await people.links.getByRole('button', { name: /^Revoke the link for a contributor/ }).click();
  await expect(people.link).toHaveCount(0);
});

test('P6 what cannot be read is said, and what is known of members stays', async ({ api, faults, page, server }) => {
  faults.allow(/500/);
  const ada = await api.register('ada', 'Ada Lovelace');
  await api.register('grace', 'Grace Hopper');
  const event = await ada.createEvent({ title: 'Regatta' });
  await ada.invite(event.id, 'viewer');
  await new SignInPage(page, server.url).asPerson('ada');
  const people = new PeoplePage(page, server.url);
  const mendLinks = await failing(page, 'GET', '**/invitations');
  await people.open(event.id);
  await people.isLive();
  await expect(people.links.getByRole('alert').filter({ hasText: 'went wrong' })).toBeVisible();
  await mendLinks();
  await people.links.getByRole('button', { name: 'Try again' }).press('Enter');
  await expect(people.links.getByRole('button', { name: /^Revoke the link/ })).toBeVisible();
  await expect(people.links.getByRole('button', { name: 'Try again' })).toHaveCount(0);
  await expect(people.links.getByRole('heading')).toBeFocused();

  const mendMembers = await failing(page, 'GET', '**/members');
  await ada.addMember(event.id, 'grace', 'viewer');
  await expect(people.members.getByRole('alert').filter({ hasText: 'went wrong' })).toBeVisible();
  await expect(people.member('Ada Lovelace')).toBeVisible();
  await expect(page.getByText('Only members see')).toBeHidden();
  await mendMembers();
  await expect(people.member('Grace Hopper')).toBeVisible();
  await expect(people.members.getByRole('alert').filter({ hasText: 'went wrong' })).toHaveCount(0);
});

test('P6 an answer that was overtaken does not bring former members back', async ({ api, page, server }) => {
  const ada = await api.register('ada', 'Ada Lovelace');
  await api.register('grace', 'Grace Hopper');
  await api.register('joan', 'Joan Clarke');
  const event = await ada.createEvent({ title: 'Regatta' });
  await new SignInPage(page, server.url).asPerson('ada');
  const people = new PeoplePage(page, server.url);
  await people.open(event.id);
  await people.isLive();
  const lists = await Held.answers(page, 'GET', '**/members', 1);
  await ada.addMember(event.id, 'grace', 'viewer');
  await expect.poll(() => lists.sent).toBe(1);
  await ada.addMember(event.id, 'joan', 'viewer');
  await expect(people.member('Joan Clarke')).toBeVisible();

  const [late] = await Promise.all([page.waitForResponse('**/members'), lists.release()]);
  await late.finished();
  // What an answer changes is on the page in the frame after it.
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  await expect(people.member('Joan Clarke')).toBeVisible();
  await expect(people.member('Grace Hopper')).toBeVisible();
});

test('P6 who removes a member by keyboard goes on from the heading', async ({ api, page, server }) => {
  const ada = await api.register('ada', 'Ada Lovelace');
  await api.register('grace', 'Grace Hopper');
  const event = await ada.createEvent({ title: 'Regatta' });
  await ada.addMember(event.id, 'grace', 'viewer');
  await new SignInPage(page, server.url).asPerson('ada');
  const people = new PeoplePage(page, server.url);
  await people.open(event.id);
  const remove = people.members.getByRole('button', { name: 'Remove Grace Hopper' });
  await remove.press('Enter');
  await page.getByRole('dialog', { name: 'Remove from this event?' }).getByRole('button', { name: 'Cancel' }).press('Enter');
  await expect(remove).toBeFocused();
  await people.remove('Grace Hopper');
  await expect(people.members.getByRole('heading')).toBeFocused();
});

test('P6 who leaves a private event is asked about that, and is led away', async ({ api, faults, page, server }) => {
  faults.allow(/404/);
  const ada = await api.register('ada', 'Ada Lovelace');
  await api.register('grace', 'Grace Hopper');
  const event = await ada.createEvent({ title: 'A secret launch', visibility: 'private' });
  await ada.addMember(event.id, 'grace', 'contributor');
  await new SignInPage(page, server.url).asPerson('grace');
  const people = new PeoplePage(page, server.url);
  await people.open(event.id);
  await people.isLive();
  // Over the connection the page hears of it first.
  const leaving = await Held.answers(page, 'DELETE', '**/members/*');
  await people.members.getByRole('button', { name: 'Leave this event' }).click();
  await page.getByRole('dialog', { name: 'Leave this event?' }).getByRole('button', { name: 'Leave' }).click();
  await expect(page.getByRole('heading', { name: 'You can no longer see this event' })).toBeVisible();
  leaving.release();
  await expect(page).toHaveURL(`${server.url}/`);
  await expect(page.getByRole('heading', { name: 'Nothing is on yet' })).toBeVisible();
});
