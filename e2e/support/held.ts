// Requests that a test holds back: for what happens on a page while an answer is still to come.

import type { Page, Route } from '@playwright/test';

export class Held {
  /** How many have come so far. */
  sent = 0;
  private release_: () => void = () => {};
  private readonly released = new Promise<void>((done) => (this.release_ = done));

  /** Holds the requests before the server sees them. */
  static async requests(page: Page, method: string, url: string): Promise<Held> {
    return this.at(page, method, url, async (route, held) => {
      await held.released;
      await route.continue();
    });
  }

  /** Lets the server answer, and holds what it says; with `only`, of the first so many. */
  static async answers(page: Page, method: string, url: string, only = Number.POSITIVE_INFINITY): Promise<Held> {
    return this.at(page, method, url, async (route, held) => {
      const isHeld = held.sent <= only;
      const response = await route.fetch();
      if (isHeld) await held.released;
      await route.fulfill({ response });
    });
  }

  private static async at(page: Page, method: string, url: string, pass: (route: Route, held: Held) => Promise<void>): Promise<Held> {
    const held = new Held();
    await page.route(url, async (route) => {
      if (route.request().method() !== method) return route.fallback();
      held.sent += 1;
      return pass(route, held);
    });
    return held;
  }

  /** Lets all of them through, and those that come. */
  release(): void {
    this.release_();
  }
}

/** Answers such requests with an error of the server, until the function that it gives is called. */
export async function failing(page: Page, method: string, url: string): Promise<() => Promise<void>> {
  const fail = async (route: Route) => {
    if (route.request().method() !== method) return route.fallback();
    return route.fulfill({ status: 500, json: { error: { code: 'internal', message: 'Something went wrong here.' } } });
  };
  await page.route(url, fail);
  return () => page.unroute(url, fail);
}
