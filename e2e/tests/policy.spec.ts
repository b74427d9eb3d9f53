// The page's Content-Security-Policy, as a browser keeps it.

import { expect, test } from '../support/fixtures';
import { files } from '../support/files';

test('V8 the timeline needs nothing that the policy forbids, and a script put into the page does not run', async ({
  api,
  eventPage,
  faults,
  page,
}) => {
  await page.addInitScript(() => {
    const violations: string[] = [];
    Object.assign(window, { violations });
    document.addEventListener('securitypolicyviolation', (event) => violations.push(`${event.effectiveDirective} ${event.blockedURI}`));
  });
  const violations = (): Promise<string[]> => page.evaluate(() => (window as unknown as { violations: string[] }).violations);
  const event = await api.createEvent();
  await api.post(event.id, '<script>window.injected = 1</script>');
  await eventPage.open(event.id);
  await eventPage.isLive();
  await expect(eventPage.items).toHaveCount(1);
  // A photo goes through every way a picture takes: preview, placeholder, rendition.
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), eventPage.attach.click()]);
  await chooser.setFiles(files.board);
  await eventPage.write('A board', 'Ada');
  await eventPage.post.click();
  await expect(eventPage.items).toHaveCount(2);
  await expect(eventPage.item('A board').locator('img').first()).toBeVisible();
  expect(await violations()).toEqual([]);

  faults.allow(/content.security.policy/i);
  await page.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'window.injected = 2';
    document.body.append(script);
  });
  await expect.poll(violations).toEqual(['script-src-elem inline']);
  expect(await page.evaluate(() => (window as unknown as { injected?: number }).injected)).toBeUndefined();
});
