// Measuring in the page itself, by its own clock, and the few sums that are done with the figures.

import type { Page, TestInfo } from '@playwright/test';

export function median(figures: readonly number[]): number {
  const sorted = [...figures].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Writes figures beside the test's result. */
export function report(info: TestInfo, what: string, figures: readonly number[]): void {
  const [p50, max] = [median(figures), Math.max(...figures)].map((ms) => `${ms.toFixed(1)} ms`);
  info.annotations.push({ type: what, description: `p50 ${p50}, max ${max} of ${figures.length}` });
}

/**
 * Posts `texts` one after the other from within the page, each when the one before is on the page. For each:
 * milliseconds from the answer to the POST until its article is in the document (negative: it was there first).
 */
export function postAndTime(page: Page, event: string, texts: readonly string[]): Promise<number[]> {
  return page.evaluate(
    async ([event, texts]) => {
      const times: number[] = [];
      for (const text of texts) {
        const seen = new Map<string, number>();
        let wake = () => {};
        const observer = new MutationObserver((changes) => {
          for (const change of changes) {
            for (const node of change.addedNodes) {
              const id = node instanceof HTMLElement ? node.dataset['mediaId'] : undefined;
              if (id !== undefined) seen.set(id, performance.now());
            }
          }
          wake();
        });
        observer.observe(document.body, { childList: true, subtree: true });
        const response = await fetch(`/api/events/${event}/media`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ author: 'Ada', text }),
        });
        const answered = performance.now();
        const { id } = (await response.json()) as { id: string };
        while (!seen.has(id)) await new Promise<void>((done) => (wake = done));
        observer.disconnect();
        times.push((seen.get(id) ?? Number.NaN) - answered);
      }
      return times;
    },
    [event, texts] as const,
  );
}

/** Milliseconds from a publication's arrival to just after the frame that shows it, as the app measured. */
export function updateTimes(page: Page): Promise<number[]> {
  return page.evaluate(() => performance.getEntriesByName('touchline:update').map((entry) => entry.duration));
}

/** Notes every state that the connection's indicator goes through, and whether a banner was seen. */
export async function recordIndicator(page: Page): Promise<() => Promise<{ statuses: string[]; banners: number }>> {
  await page.evaluate(() => {
    const indicator = document.querySelector('[aria-label="Connection"]');
    const record = { statuses: [indicator?.getAttribute('data-status') ?? ''], banners: 0 };
    Object.assign(window, { __indicator: record });
    new MutationObserver(() => {
      const now = indicator?.getAttribute('data-status') ?? '';
      if (record.statuses.at(-1) !== now) record.statuses.push(now);
      const banners = document.querySelectorAll('aside, [role=alert]:not([hidden])').length;
      record.banners = Math.max(record.banners, banners);
    }).observe(document.body, { subtree: true, childList: true, attributes: true });
  });
  return () =>
    page.evaluate(() => (window as unknown as { __indicator: { statuses: string[]; banners: number } }).__indicator);
}

/** The topmost article in view under the bar, and where it is. */
export function firstInView(page: Page): Promise<{ offset: string; top: number }> {
  return page.evaluate(() => {
    const bar = document.querySelector('header')?.getBoundingClientRect().bottom ?? 0;
    const rows = Array.from(document.querySelectorAll<HTMLElement>('[role=feed] article'));
    const row = rows.find((row) => row.getBoundingClientRect().bottom > bar);
    if (!row) throw new Error('no article is in view');
    return { offset: row.dataset['offset'] ?? '', top: row.getBoundingClientRect().top };
  });
}

/** Where one article is now. */
export function topOf(page: Page, offset: string): Promise<number> {
  return page.evaluate((offset) => {
    const row = document.querySelector(`[role=feed] article[data-offset="${offset}"]`);
    return row?.getBoundingClientRect().top ?? Number.NaN;
  }, offset);
}
