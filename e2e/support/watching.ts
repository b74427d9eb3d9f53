// Programs that watch a topic, each over one transport, and hold the server to its word: every publication once, in
// order, without a hole.

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
  private socket: WebSocket | undefined;

  private constructor(
    private readonly url: string,
    private readonly topic: string,
    readonly transport: Transport,
  ) {}

  /** Watches from now on; resolves once the server has said where that is. */
  static async start(url: string, topic: string, transport: Transport): Promise<Watching> {
    const watching = new Watching(url, topic, transport);
    const run = { websocket: () => watching.overWebSocket(), sse: () => watching.overSse(), poll: () => watching.overPoll() };
    run[transport]().catch((error: unknown) => {
      if (!watching.stopped) watching.faults.push(String(error));
    });
    while (watching.at === undefined && watching.faults.length === 0) await new Promise((done) => setImmediate(done));
    return watching;
  }

  /** The last publication of a type. */
  last(type: string): Frame | undefined {
    return this.publications.findLast((frame) => frame.type === type);
  }

  stop(): void {
    this.stopped = true;
    this.abort.abort();
    this.socket?.close();
  }

  private take(frame: Frame): void {
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

  private async overWebSocket(): Promise<void> {
    const socket = new WebSocket(`${this.url.replace('http', 'ws')}/ws`);
    this.socket = socket;
    socket.onopen = () => socket.send(JSON.stringify({ type: 'subscribe', payload: { topic: this.topic } }));
    socket.onmessage = ({ data }) => this.take(JSON.parse(String(data)) as Frame);
    await new Promise<void>((_, fail) => {
      socket.onclose = ({ code }) => fail(new Error(`closed with ${code}`));
    });
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
