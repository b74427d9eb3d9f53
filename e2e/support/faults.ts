// What must not happen on a page while nobody looks: errors on the console, uncaught exceptions, requests
// that fail or are answered with an error. A test says beforehand which of them it provokes itself.

import type { BrowserContext } from '@playwright/test';

/** What browsers say when a connection breaks; a test that breaks connections allows it. */
export const NETWORK = [
  /websocket/i,
  /ERR_(?:CONNECTION|EMPTY_RESPONSE|INTERNET_DISCONNECTED|NETWORK|SOCKET|FAILED|ADDRESS|INCOMPLETE|CONTENT_LENGTH)/,
  /NS_ERROR|NetworkError|Failed to fetch|can.t establish a connection/i,
  /was interrupted while the page was loading/,
];

/** A page may give up a request of its own: a held poll, a video that is scrolled away, leaving. */
const GIVEN_UP = /ERR_ABORTED|NS_BINDING_ABORTED|aborted|cancell?ed/i;

/** What Firefox says, in two sentences, when a page itself closes a WebSocket that is still being opened. */
const INTERRUPTED = /The connection to (ws\S+) was interrupted while the page was loading/;

export class Faults {
  private readonly found: string[] = [];
  // The page was left while a part of it was on its way: Firefox lets the loader say so before it goes, and names no
  // request. A part that is missed is seen on the page, which says that it could not be loaded.
  private readonly allowed: RegExp[] = [/^console: Error \(\S+\/loader-\S+\.js\)$/];

  /** These are provoked by the test. */
  allow(...patterns: readonly RegExp[]): void {
    this.allowed.push(...patterns);
  }

  watch(context: BrowserContext): void {
    context.on('console', (message) => {
      if (message.type() === 'error') this.note(`console: ${message.text()} (${message.location().url})`);
    });
    context.on('weberror', (error) => this.note(`exception: ${String(error.error())}`));
    context.on('requestfailed', (request) => {
      const why = request.failure()?.errorText ?? 'failed';
      if (!GIVEN_UP.test(why)) this.note(`request: ${request.method()} ${request.url()} ${why}`);
    });
    context.on('response', (response) => {
      if (response.status() >= 400) {
        this.note(`response: ${response.request().method()} ${response.url()} ${response.status()}`);
      }
    });
  }

  /** What was seen and not allowed. */
  get unexpected(): string[] {
    const givenUp = this.found.flatMap((fault) => INTERRUPTED.exec(fault)?.[1] ?? []);
    return this.found.filter(
      (fault) =>
        !this.allowed.some((pattern) => pattern.test(fault)) &&
        !(/WebSocket|connection/i.test(fault) && givenUp.some((url) => fault.includes(url))),
    );
  }

  private note(fault: string): void {
    this.found.push(fault);
  }
}
