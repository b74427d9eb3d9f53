// For somebody with an account: making one, signing in and out, everywhere or in one browser, and what the
// page says when that does not work.

import { PASSWORD } from '../support/api';
import { expect, test } from '../support/fixtures';
import { Held } from '../support/held';
import { files } from '../support/files';
import { EventsPage } from '../support/pages';
import { SignInPage } from '../support/people';

test('P5 an account is made, and what is posted carries its name', async ({ eventPage, eventsPage, page, server }) => {
  const signIn = new SignInPage(page, server.url);
  await eventsPage.open();
  await eventsPage.signInLink.click();
  await page.getByRole('link', { name: 'Create an account' }).click();

  const { registration } = signIn;
  await registration.getByLabel('Name', { exact: true }).fill('Ada');
  await registration.getByLabel('Name that is shown').fill('Ada Lovelace');
  await registration.getByLabel('Password').fill('short');
  await registration.getByRole('button', { name: 'Create account' }).click();
  const password = registration.getByLabel('Password');
  await expect(password).toBeFocused();
  await expect(password).toHaveAttribute('aria-invalid', 'true');
  await expect(password).toHaveAccessibleDescription(/at least 8/);
  await password.fill(PASSWORD);
  await registration.getByRole('button', { name: 'Create account' }).click();

  await expect(page).toHaveURL(`${server.url}/`);
  await expect(eventsPage.accountMenu).toHaveAccessibleName('Account of Ada Lovelace');
  await eventsPage.newEvent.click();
  await eventsPage.dialog.getByRole('textbox', { name: 'Title' }).fill('Regatta');
  await eventsPage.dialog.getByRole('combobox', { name: 'Who sees it' }).selectOption('unlisted');
  await eventsPage.dialog.getByRole('button', { name: 'Create event' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Regatta');
  await expect(page.getByText('Unlisted')).toBeVisible();

  await expect(eventPage.name).toHaveCount(0);
  await eventPage.write('And they are off');
  await eventPage.post.click();
  const item = eventPage.item('And they are off');
  await expect(item).toHaveAttribute('data-media-id', /.+/);
  await expect(item).toContainText('Ada Lovelace');
});

test('P5 a wrong password is said at the form, a name that is taken at its field', async ({ api, faults, page, server }) => {
  faults.allow(/401|409/);
  await api.register('ada', 'Ada');
  const signIn = new SignInPage(page, server.url);
  await signIn.open();
  await signIn.submit.click();
  await expect(signIn.name).toBeFocused();
  await signIn.signIn('ada', 'not the password');
  await expect(signIn.form.getByRole('alert').filter({ hasText: 'name or the password is wrong' })).toBeVisible();
  await expect(signIn.name).toHaveValue('ada');

  await page.getByRole('link', { name: 'Create an account' }).click();
  const name = signIn.registration.getByLabel('Name', { exact: true });
  await name.fill('ADA');
  await signIn.registration.getByLabel('Password').fill(PASSWORD);
  await signIn.registration.getByRole('button', { name: 'Create account' }).click();
  await expect(name).toBeFocused();
  await expect(name).toHaveAccessibleDescription(/taken/);
});

test('P5 signing in leads back to where one was, and never to another site', async ({ api, page, server }) => {
  const ada = await api.register('ada', 'Ada');
  const event = await ada.createEvent({ title: 'Members only', visibility: 'unlisted' });
  const signIn = new SignInPage(page, server.url);
  await page.goto(`${server.url}/events/${event.id}?kind=photo`);
  await signIn.signInLink.click();
  await signIn.signIn('ada');
  await expect(page).toHaveURL(`${server.url}/events/${event.id}?kind=photo`);

  for (const elsewhere of ['//evil.example/', 'https://evil.example/', '/\\evil.example', '/%09/evil.example']) {
    await page.goto(`${server.url}/signin?next=${encodeURIComponent(elsewhere)}`);
    // Who is signed in is led on at once.
    await expect(page.getByRole('heading', { name: 'Events', level: 1 })).toBeVisible();
    expect(new URL(page.url()).origin).toBe(server.url);
  }
});

test('P5 P9 S6 signing in and out is followed by the other tab, and by the connection', async ({ api, context, page, server }) => {
  await api.register('ada', 'Ada');
  const one = new SignInPage(page, server.url);
  const two = new EventsPage(await context.newPage(), server.url);
  await two.open();
  await expect(two.signInLink).toBeVisible();

  await one.asPerson('ada');
  await expect(two.accountMenu).toBeVisible();
  await two.isLive();
  await one.chooseFromAccount('Sign out');
  await expect(one.signInLink).toBeVisible();
  await expect(two.signInLink).toBeVisible();
  await one.isLive();
  await two.isLive();
});

test('P5 the list of sign-ins: one is ended from afar, then all of them', async ({ another, api, page, server }) => {
  await api.register('ada', 'Ada');
  const here = new SignInPage(page, server.url);
  await here.asPerson('ada');
  const elsewhere = await another();
  await new SignInPage(elsewhere.page, server.url).asPerson('ada');
  const third = await api.signIn('ada');

  await here.chooseFromAccount('Account');
  const list = page.getByRole('list', { name: 'Where you are signed in' });
  // The one that made the account, this one, the other browser, the program.
  await expect(list.getByRole('listitem')).toHaveCount(4);
  await expect(list.getByRole('listitem').filter({ hasText: 'this browser' })).toHaveCount(1);
  const other = list.getByRole('listitem').filter({ hasText: / on /, hasNotText: 'this browser' });
  await other.getByRole('button', { name: /^Sign out / }).click();
  await expect(list.getByRole('listitem')).toHaveCount(3);
  await expect(elsewhere.signInLink).toBeVisible();
  await elsewhere.isLive();

  await page.getByRole('button', { name: 'Sign out everywhere' }).click();
  await expect(here.signInLink).toBeVisible();
  expect(await third.whoAmI()).toBeUndefined();
});

test('P5 name, presence and password are changed', async ({ api, faults, page, server }) => {
  faults.allow(/422/);
  const elsewhere = await api.register('ada', 'Ada');
  const signIn = new SignInPage(page, server.url);
  await signIn.asPerson('ada');
  await signIn.chooseFromAccount('Account');

  await page.getByLabel('Name that is shown').fill('Countess Ada');
  await page.getByRole('button', { name: 'Save name' }).click();
  await expect(signIn.accountMenu).toHaveAccessibleName('Account of Countess Ada');
  const invisible = page.getByRole('switch', { name: 'Invisible' });
  await invisible.click();
  await expect(invisible).toBeChecked();
  await page.reload();
  await expect(invisible).toBeChecked();

  await page.getByLabel('Current password').fill('wrong');
  await page.getByLabel('New password').fill('another good one');
  await page.getByRole('button', { name: 'Change password' }).click();
  await expect(page.getByLabel('Current password')).toBeFocused();
  await page.getByLabel('Current password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Change password' }).click();
  await expect(page.getByText('Changed.')).toBeVisible();
  expect(await elsewhere.whoAmI(), 'other sign-ins have ended').toBeUndefined();
  await expect(signIn.accountMenu).toBeVisible();
});

test('P5 P9 signing out is one turn of the page, however soon the server ends the connection', async ({ api, eventPage, page, server }) => {
  const ada = await api.register('ada', 'Ada');
  const event = await ada.createEvent({ title: 'Regatta' });
  await new SignInPage(page, server.url).asPerson('ada');
  await eventPage.open(event.id);
  await eventPage.isLive();
  let reads = 0;
  page.on('request', (request) => (reads += request.url() === `${server.url}/api/events/${event.id}` ? 1 : 0));
  // The page hears that its sign-in has ended before it hears that it has ended it.
  const signingOut = await Held.answers(page, 'DELETE', '**/api/session');
  await eventPage.chooseFromAccount('Sign out');
  await expect(eventPage.signInLink).toBeVisible();
  await expect(page.getByText('Who posts here is signed in.')).toBeVisible();
  signingOut.release();
  await expect(eventPage.voice.filter({ hasText: 'You are signed out.' })).toBeAttached();
  await eventPage.isLive();
  await expect(page.getByText('Who posts here is signed in.')).toBeVisible();
  expect(reads).toBe(1);
});

test('P5 signing out on the page of the account leads to the events, whatever is heard first', async ({ api, page, server }) => {
  await api.register('ada', 'Ada');
  const signIn = new SignInPage(page, server.url);
  await signIn.asPerson('ada');
  await signIn.chooseFromAccount('Account');
  await signIn.isLive();
  const signingOut = await Held.answers(page, 'DELETE', '**/api/session');
  await signIn.chooseFromAccount('Sign out');
  await expect.poll(() => signingOut.sent).toBe(1);
  await expect(page.getByRole('heading', { name: 'Account', level: 1 })).toHaveCount(0);
  signingOut.release();
  await expect(signIn.voice.filter({ hasText: 'You are signed out.' })).toBeAttached();
  await expect(page).toHaveURL(`${server.url}/`);
  await signIn.isLive();

  // A visitor is asked to sign in, and is led back.
  await page.goto(`${server.url}/account`);
  await signIn.isLive();
  await signIn.signIn('ada');
  await expect(page).toHaveURL(`${server.url}/account`);
  await signIn.isLive();
  await signIn.chooseFromAccount('Sign out');
  await expect(page).toHaveURL(`${server.url}/`);
  await signIn.isLive();
});

test('P5 what was asked before signing in does not sign out again', async ({ api, context, page, server }) => {
  await api.register('ada', 'Ada');
  const signIn = new SignInPage(page, server.url);
  await signIn.open();
  const other = await context.newPage();
  await other.goto(server.url);
  const asked = await Held.answers(page, 'GET', '**/api/session', 1);
  // As another tab does in which something has changed.
  await other.evaluate(() => localStorage.setItem('touchline.session', 'changed'));
  await expect.poll(() => asked.sent).toBe(1);
  await signIn.signIn('ada');
  await expect(signIn.accountMenu).toBeVisible();
  const [late] = await Promise.all([page.waitForResponse('**/api/session'), asked.release()]);
  await late.finished();
  // What an answer changes is on the page in the frame after it.
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  await expect(signIn.accountMenu).toBeVisible();
  await expect(signIn.signInLink).toHaveCount(0);
});

test('P5 E17 what is being written stays while another tab signs in and out, for its writer alone', async ({
  api,
  context,
  eventPage,
  page,
  server,
}) => {
  await api.register('ada', 'Ada');
  await api.register('grace', 'Grace');
  const event = await api.createEvent({ title: 'Regatta' });
  await eventPage.open(event.id);
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), eventPage.attach.click()]);
  await chooser.setFiles(files.board);
  await eventPage.text.fill('The board before the start');
  const other = new SignInPage(await context.newPage(), server.url);

  const attached = page.getByRole('list', { name: 'Attached files' }).getByRole('img', { name: 'board.jpg' });
  const expectKept = async () => {
    await expect(eventPage.text).toHaveValue('The board before the start');
    await expect.poll(() => attached.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(480);
  };
  await other.asPerson('ada');
  await expect(eventPage.accountMenu).toHaveAccessibleName('Account of Ada');
  await expectKept();
  await other.chooseFromAccount('Sign out');
  await expect(eventPage.signInLink).toBeVisible();
  await expectKept();
  await other.asPerson('ada');
  await expect(eventPage.accountMenu).toHaveAccessibleName('Account of Ada');
  await expectKept();

  await other.chooseFromAccount('Sign out');
  await expect(eventPage.signInLink).toBeVisible();
  await other.asPerson('grace');
  await expect(eventPage.accountMenu).toHaveAccessibleName('Account of Grace');
  await expect(eventPage.text).toHaveValue('');
  await expect(attached).toHaveCount(0);
});

test('P4 P5 invisible, pressed twice before the server has answered, is visible', async ({ api, page, server }) => {
  await api.register('ada', 'Ada');
  const signIn = new SignInPage(page, server.url);
  await signIn.asPerson('ada');
  await signIn.chooseFromAccount('Account');
  const changes = await Held.requests(page, 'PATCH', '**/api/account');
  const invisible = page.getByRole('switch', { name: 'Invisible' });
  await invisible.click();
  await expect.poll(() => changes.sent).toBe(1);
  await invisible.click();
  await expect(invisible).not.toBeChecked();
  const answers: boolean[] = [];
  page.on('response', async (response) => {
    if (response.request().method() === 'PATCH') answers.push(((await response.json()) as { invisible: boolean }).invisible);
  });
  changes.release();
  await expect.poll(() => answers).toEqual([true, false]);
  await expect(invisible).not.toBeChecked();
  await page.reload();
  await expect(invisible).not.toBeChecked();
});

test('P5 sign-ins are ended by keyboard, several at a time', async ({ api, page, server }) => {
  await api.register('ada', 'Ada');
  await api.signIn('ada');
  await new SignInPage(page, server.url).asPerson('ada');
  await page.goto(`${server.url}/account`);
  const list = page.getByRole('region', { name: 'Where you are signed in' });
  const buttons = list.getByRole('listitem').getByRole('button', { name: /^Sign out / });
  await expect(buttons).toHaveCount(2);
  const endings = await Held.requests(page, 'DELETE', '**/api/account/sessions/*');
  await buttons.nth(0).press('Enter');
  await expect(buttons.nth(0)).toHaveAttribute('aria-disabled', 'true');
  await buttons.nth(1).press('Enter');
  await expect.poll(() => endings.sent).toBe(2);
  endings.release();
  await expect(buttons).toHaveCount(0);
  await expect(list.getByRole('heading')).toBeFocused();
});

test.describe('a server without open registration', () => {
  test.use({ serverFlags: ['--registration', 'closed', '--visitors-may-post', 'false'] });

  test('P5 offers what it has: signing in, and nothing to post with', async ({ eventsPage, page }) => {
    await eventsPage.open();
    await expect(page.getByRole('link', { name: 'Sign in to start one' })).toBeVisible();
    await expect(eventsPage.newEvent).toHaveCount(0);
    await eventsPage.signInLink.click();
    await expect(page.getByText('Accounts are made by whoever runs this server.')).toBeVisible();
    await page.goto(`${page.url()}&new=1`);
    await expect(page.getByRole('form', { name: 'Sign in' })).toBeVisible();
    await expect(page.getByRole('form', { name: 'Create an account' })).toHaveCount(0);
  });
});
