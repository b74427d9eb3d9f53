// For somebody with an account: making one, signing in and out, everywhere or in one browser, and what the
// page says when that does not work.

import { PASSWORD } from '../support/api';
import { expect, test } from '../support/fixtures';
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
