// Somebody who posts all the time, as fast as the server answers, while a test does things to the
// connection. Each item has a key of its own and is tried again until it is acknowledged, so that what was
// accepted is known exactly.

import { randomUUID } from 'node:crypto';
import type { Api, Media } from './api';

/** Between two posts: a lively event. */
const PAUSE_MS = 40;

export class Writer {
  private readonly posted: Media[] = [];
  private stopped = false;
  private readonly running: Promise<void>;

  constructor(
    private readonly api: Api,
    private readonly event: string,
  ) {
    this.running = this.run();
  }

  /** So many items were acknowledged. */
  get count(): number {
    return this.posted.length;
  }

  /** Ends it; the offsets of all items that were acknowledged. */
  async stop(): Promise<number[]> {
    this.stopped = true;
    await this.running;
    return this.posted.map((media) => media.offset);
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      this.posted.push(await this.api.postUntilTaken(this.event, `Update ${this.posted.length + 1}`, randomUUID()));
      await new Promise((done) => setTimeout(done, PAUSE_MS));
    }
  }
}
