// Time that a test moves.

import type { Page } from '@playwright/test';

/**
 * Installs Playwright's clock. Its timers have numbers beyond 32 bits, which a WebAssembly program cannot
 * hold and so could not clear; here they get small ones, as browsers give them.
 */
export async function installClock(page: Page): Promise<void> {
  await page.clock.install();
  await page.addInitScript(() => {
    const numbered = <A extends unknown[]>(make: (...args: A) => number, clear: (id: number) => void) => {
      const numbers = new Map<number, number>();
      return {
        make: (...args: A) => {
          const number = numbers.size + 1;
          numbers.set(number, make(...args));
          return number;
        },
        clear: (number: number) => clear(numbers.get(number) ?? 0),
      };
    };
    const { setTimeout, setInterval, clearTimeout, clearInterval } = window;
    const { requestAnimationFrame, cancelAnimationFrame } = window;
    const timeouts = numbered(setTimeout.bind(window), clearTimeout.bind(window));
    const intervals = numbered(setInterval.bind(window), clearInterval.bind(window));
    const frames = numbered(requestAnimationFrame.bind(window), cancelAnimationFrame.bind(window));
    Object.assign(window, {
      setTimeout: timeouts.make,
      clearTimeout: timeouts.clear,
      setInterval: intervals.make,
      clearInterval: intervals.clear,
      requestAnimationFrame: frames.make,
      cancelAnimationFrame: frames.clear,
    });
  });
}
