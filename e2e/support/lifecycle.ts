// What happens to a page as a whole: hidden, frozen, put into the back-forward cache; and the timers that it leaves.

import type { Page } from '@playwright/test';

declare global {
  interface Window {
    /** The timers that are armed: how long each waits, in milliseconds. */
    __armed?: Map<string, number>;
    /** The frames that the page has sent, and how many sockets it has opened. */
    __wire?: { sent: string[]; sockets: number };
    /** By how much the wall clock of the page is off, in milliseconds. */
    __skew?: number;
  }
}

/** Makes the page believe that nobody sees it, or that somebody does again. */
export async function see(page: Page, state: 'hidden' | 'visible'): Promise<void> {
  await page.evaluate((state) => {
    Object.defineProperty(document, 'visibilityState', { value: state, configurable: true });
    Object.defineProperty(document, 'hidden', { value: state === 'hidden', configurable: true });
    document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
  }, state);
}

/** The page goes into the back-forward cache and comes out of it, as far as it is told. */
export async function turn(page: Page, event: 'pagehide' | 'pageshow'): Promise<void> {
  await page.evaluate((name) => {
    window.dispatchEvent(new PageTransitionEvent(name, { persisted: true }));
  }, event);
}

/** Notes which timers are armed. */
export async function recordTimers(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const armed = new Map<string, number>();
    window.__armed = armed;
    const { setTimeout, setInterval, clearTimeout, clearInterval } = window;
    window.setTimeout = ((call: () => void, wait = 0) => {
      const id = setTimeout.call(window, () => {
        armed.delete(`once ${id}`);
        call();
      }, wait);
      armed.set(`once ${id}`, wait);
      return id;
    }) as typeof window.setTimeout;
    window.setInterval = ((call: () => void, wait = 0) => {
      const id = setInterval.call(window, call, wait);
      armed.set(`every ${id}`, wait);
      return id;
    }) as typeof window.setInterval;
    window.clearTimeout = (id) => {
      armed.delete(`once ${id}`);
      clearTimeout.call(window, id);
    };
    window.clearInterval = (id) => {
      armed.delete(`every ${id}`);
      clearInterval.call(window, id);
    };
  });
}

/** How long the armed timers wait, the shortest first, in milliseconds. */
export function armed(page: Page): Promise<number[]> {
  return page.evaluate(() => [...(window.__armed?.values() ?? [])].sort((a, b) => a - b));
}

/** Lets the wall clock of the page be set. */
export async function settableClock(page: Page): Promise<void> {
  await page.addInitScript(() => {
    window.__skew = 0;
    const { now } = Date;
    Date.now = () => now.call(Date) + (window.__skew ?? 0);
  });
}

/** Sets the wall clock of the page off by so many milliseconds. */
export async function setClock(page: Page, skew: number): Promise<void> {
  await page.evaluate((skew) => (window.__skew = skew), skew);
}

/** Notes what the page puts on the wire: not every browser tells a test. */
export async function recordWire(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const wire = { sent: [] as string[], sockets: 0 };
    window.__wire = wire;
    window.WebSocket = class extends WebSocket {
      constructor(...given: ConstructorParameters<typeof WebSocket>) {
        super(...given);
        wire.sockets += 1;
      }
      override send(frame: string): void {
        wire.sent.push(frame);
        super.send(frame);
      }
    };
  });
}

export async function sent(page: Page): Promise<string[]> {
  return page.evaluate(() => window.__wire?.sent ?? []);
}

/** How many sockets the page has opened. */
export async function sockets(page: Page): Promise<number> {
  return page.evaluate(() => window.__wire?.sockets ?? 0);
}
