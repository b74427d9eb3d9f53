// Programs that watch a topic, each over one transport, and hold the server to its word: every publication once, in
// order, without a hole. A WebSocket is that of a browser; the others are this program's own.

import { type Page, expect } from '@playwright/test';

export type Transport = 'websocket' | 'sse' | 'poll';

interface Frame {
  type: string;
  topic?: string;
  offset?: number;
  payload: Record<string, unknown>;
}

export class Watching {
  /** Publications, in their order. */
  readonly publications: Frame[] = [];
  readonly faults: string[] = [];
  private at: { epoch: string; offset: number } | undefined;
  private stopped = false;
  private readonly abort = new AbortController();

  private constructor(
    private readonly url: string,
    private readonly topic: string,
    readonly transport: Transport,
  ) {}

  /** So many watch from now on, the WebSockets on `page`; resolves once the server has said where that is. */
  static async start(url: string, topic: string, counts: Record<Transport, number>, page: Page): Promise<Watching[]> {
    const some = (transport: Transport) => Array.from({ length: counts[transport] }, () => new Watching(url, topic, transport));
    const [sockets, streams, pollers] = [some('websocket'), some('sse'), some('poll')];
    for (const watching of streams) watching.run(watching.overSse());
    for (const watching of pollers) watching.run(watching.overPoll());
    await overWebSockets(page, url, topic, sockets);
    const all = [...sockets, ...streams, ...pollers];
    await expect.poll(() => all.filter((watching) => watching.at === undefined).length).toBe(0);
    return all;
  }

  private run(feed: Promise<void>): void {
    feed.catch((error: unknown) => {
      if (!this.stopped) this.faults.push(String(error));
    });
  }

  /** The last publication of a type. */
  last(type: string): Frame | undefined {
    return this.publications.findLast((frame) => frame.type === type);
  }

  stop(): void {
    this.stopped = true;
    this.abort.abort();
  }

  take(frame: Frame): void {
    if (frame.type === 'batch') {
      const { from, to, publications } = frame.payload as { from: number; to: number; publications: Frame[] };
      this.cover(from, to);
      this.publications.push(...publications);
    } else if (frame.type === 'subscribed' && frame.topic === this.topic) {
      const { epoch, offset } = frame.payload as { epoch: string; offset: number };
      if (this.at !== undefined && (this.at.epoch !== epoch || this.at.offset !== offset)) this.faults.push('the place was lost');
      this.at = { epoch, offset };
    } else if (frame.offset !== undefined) {
      this.cover(frame.offset, frame.offset);
      this.publications.push(frame);
    }
  }

  private cover(from: number, to: number): void {
    if (this.at === undefined || from !== this.at.offset + 1) this.faults.push(`from ${this.at?.offset} to ${from}`);
    if (this.at !== undefined) this.at.offset = to;
  }

  private async overSse(): Promise<void> {
    const response = await fetch(`${this.url}/api/sse?from=${this.topic}`, { signal: this.abort.signal });
    if (!response.ok || response.body === null) throw new Error(`${response.status}`);
    let unread = '';
    const decoder = new TextDecoder();
    const reader = response.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) throw new Error('the stream ended');
      unread += decoder.decode(value, { stream: true });
      const blocks = unread.split('\n\n');
      unread = blocks.pop() ?? '';
      for (const line of blocks.flatMap((block) => block.split('\n'))) {
        if (line.startsWith('data: ')) this.take(JSON.parse(line.slice(6)) as Frame);
      }
    }
  }

  private async overPoll(): Promise<void> {
    while (!this.stopped) {
      const since = this.at === undefined ? '' : `@${this.at.epoch}.${this.at.offset}`;
      const url = `${this.url}/api/poll?wait=25&from=${encodeURIComponent(this.topic + since)}`;
      const response = await fetch(url, { signal: this.abort.signal });
      const { frames } = (await response.json()) as { frames: Frame[] };
      for (const frame of frames) this.take(frame);
    }
  }
}

/** Opens a WebSocket for each; a client that says nothing for too long is taken for dead, so they ping. */
async function overWebSockets(page: Page, url: string, topic: string, watching: readonly Watching[]): Promise<void> {
  await page.exposeFunction('__told', (at: number, text: string) => watching[at]?.take(JSON.parse(text) as Frame));
  await page.exposeFunction('__ended', (at: number, code: number) => watching[at]?.faults.push(`closed with ${code}`));
  await page.goto(`${url}/healthz`);
  await page.evaluate(
    ({ topic, count }) => {
      const tell = window as unknown as { __told: (at: number, text: string) => void; __ended: (at: number, code: number) => void };
      for (let at = 0; at < count; at += 1) {
        const socket = new WebSocket(`${location.origin.replace('http', 'ws')}/ws`);
        socket.onopen = () => {
          socket.send(JSON.stringify({ type: 'subscribe', payload: { topic } }));
          setInterval(() => socket.send(JSON.stringify({ type: 'ping', payload: {} })), 10_000);
        };
        socket.onmessage = ({ data }) => tell.__told(at, String(data));
        socket.onclose = ({ code }) => tell.__ended(at, code);
      }
    },
    { topic, count: watching.length },
  );
}
