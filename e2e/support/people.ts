// The pages about people, by role and name: signing in, one's account, the people of an event.

import { type Locator, type Page, expect } from '@playwright/test';
import { PASSWORD } from './api';
import { AnyPage } from './pages';

export class SignInPage extends AnyPage {
  readonly form: Locator;
  readonly name: Locator;
  readonly password: Locator;
  readonly submit: Locator;
  readonly registration: Locator;

  constructor(page: Page, url: string) {
    super(page, url);
    this.form = page.getByRole('form', { name: 'Sign in' });
    this.name = this.form.getByLabel('Name');
    this.password = this.form.getByLabel('Password');
    this.submit = this.form.getByRole('button', { name: 'Sign in' });
    this.registration = page.getByRole('form', { name: 'Create an account' });
  }

  async open(query = ''): Promise<void> {
    await this.page.goto(`${this.url}/signin${query}`);
    await expect(this.form.or(this.registration)).toBeVisible();
  }

  /** Fills the form in and sends it. */
  async signIn(name: string, password = PASSWORD): Promise<void> {
    await this.name.fill(name);
    await this.password.fill(password);
    await this.submit.click();
  }

  /** Signs in and waits until the bar says so. */
  async asPerson(name: string): Promise<void> {
    await this.open();
    await this.signIn(name);
    await expect(this.accountMenu).toBeVisible();
  }
}

export class PeoplePage extends AnyPage {
  readonly members: Locator;
  readonly links: Locator;
  readonly add: Locator;
  readonly link: Locator;

  constructor(page: Page, url: string) {
    super(page, url);
    this.members = page.getByRole('region', { name: 'Members' });
    this.links = page.getByRole('region', { name: 'Invitation links' });
    this.add = page.getByRole('form', { name: 'Add a member' });
    this.link = page.getByRole('textbox', { name: 'Link' });
  }

  async open(event: string): Promise<void> {
    await this.page.goto(`${this.url}/events/${event}/people`);
    await expect(this.page.getByRole('heading', { name: 'People', level: 1 })).toBeVisible();
  }

  member(name: string): Locator {
    return this.members.getByRole('listitem').filter({ hasText: name });
  }

  role(name: string): Locator {
    return this.members.getByRole('combobox', { name: `Role of ${name}` });
  }

  /** Removes somebody, and confirms it. */
  async remove(name: string): Promise<void> {
    await this.member(name).getByRole('button', { name: `Remove ${name}` }).click();
    await this.page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await expect(this.member(name)).toHaveCount(0);
  }
}
