// The network between browser and server, as bad as a test wants it: cut, refusing, silent, slow, forgetful, or closed
// to WebSockets or to polls that are held. It passes bytes on and looks only at the heads of requests.

import { type AddressInfo, type Server as Listener, type Socket, connect, createServer } from 'node:net';

/** A connection from the browser and the one to the server that belongs to it. */
interface Pair {
  readonly client: Socket;
  readonly upstream: Socket;
  /** Neither side hears of the other any more, and neither is told. */
  silent: boolean;
  /** Ends a poll that is held for too long. */
  hold: NodeJS.Timeout | undefined;
  /** The answer that comes is lost, and the connection with it. */
  loses: boolean;
  /** What it sends is kept. */
  isHeard: boolean;
}

const REQUEST = /^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) (\S+) HTTP\/1\.1\r\n/;
const FORBIDDEN = 'HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n';

export class Network {
  private readonly pairs = new Set<Pair>();
  private refusing = false;
  private upgrades: 'pass' | 'forbid' | 'drop' = 'pass';
  private holdLimitMs: number | undefined;
  private uploadBytesPerSecond: number | undefined;
  private losing: string | undefined;
  private forgetting: string | undefined;
  private forgotten = false;
  private lost = 0;
  private heard: { request: string; bytes: Buffer[] } | undefined;

  private constructor(
    private readonly listener: Listener,
    private readonly targetPort: number,
  ) {
    listener.on('connection', (client) => this.accept(client));
  }

  static async start(targetPort: number): Promise<Network> {
    const listener = createServer({ noDelay: true });
    await new Promise<void>((done) => listener.listen(0, '127.0.0.1', done));
    return new Network(listener, targetPort);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.listener.address() as AddressInfo).port}`;
  }

  /** Every connection there is breaks off. */
  cut(): void {
    for (const pair of this.pairs) this.close(pair);
  }

  /** New connections are reset, until `admit`. */
  refuse(): void {
    this.refusing = true;
  }

  admit(): void {
    this.refusing = false;
  }

  /** No network at all: what is open breaks, what is new is refused. */
  down(): void {
    this.refuse();
    this.cut();
  }

  /** The connections there are carry nothing any more, and nobody is told. New ones work. */
  silence(): void {
    for (const pair of this.pairs) {
      pair.silent = true;
      clearTimeout(pair.hold);
    }
  }

  /** What becomes of WebSockets from now on: `forbid` answers 403, `drop` breaks the connection. */
  webSockets(policy: 'pass' | 'forbid' | 'drop'): void {
    this.upgrades = policy;
  }

  /** Breaks polls that the server holds for longer than this; `undefined` lets them be. */
  breakPollsAfter(milliseconds: number | undefined): void {
    this.holdLimitMs = milliseconds;
  }

  /** How fast the browser may send; `undefined` for as fast as it can. */
  throttleUploads(bytesPerSecond: number | undefined): void {
    this.uploadBytesPerSecond = bytesPerSecond;
  }

  /** The next such request reaches the server, and its answer nobody. */
  loseNextAnswer(method: string, path: string): void {
    this.losing = `${method} ${path}`;
  }

  /** From now on every first, third, fifth … such request reaches the server, and its answer nobody. */
  loseEveryOtherAnswer(method: string, path: string): void {
    this.forgetting = `${method} ${path}`;
  }

  /** Keeps what the browser sends with the next such request, and after it over the same connection. */
  listenTo(method: string, path: string): { bytes: () => Buffer } {
    const heard = { request: `${method} ${path}`, bytes: [] as Buffer[] };
    this.heard = heard;
    return { bytes: () => Buffer.concat(heard.bytes) };
  }

  get answersLost(): number {
    return this.lost;
  }

  async dispose(): Promise<void> {
    this.cut();
    await new Promise((done) => this.listener.close(done));
  }

  private accept(client: Socket): void {
    // A connection that is reset says so by an error; what matters is that it is gone.
    client.on('error', () => undefined);
    if (this.refusing) {
      client.resetAndDestroy();
      return;
    }
    const upstream = connect({ port: this.targetPort, host: '127.0.0.1', noDelay: true });
    const pair: Pair = { client, upstream, silent: false, hold: undefined, loses: false, isHeard: false };
    this.pairs.add(pair);
    client.on('data', (chunk) => this.fromClient(pair, chunk));
    upstream.on('data', (chunk) => this.fromServer(pair, chunk));
    upstream.on('error', () => undefined);
    for (const side of [client, upstream]) {
      side.on('close', () => {
        if (!pair.silent) this.close(pair);
      });
    }
  }

  private fromClient(pair: Pair, chunk: Buffer): void {
    if (pair.silent) return;
    const [, method, path] = REQUEST.exec(chunk.subarray(0, 4096).toString('latin1')) ?? [];
    if (path !== undefined) {
      if (`${method} ${path}` === this.losing) {
        this.losing = undefined;
        pair.loses = true;
      }
      if (`${method} ${path}` === this.forgetting) {
        this.forgotten = !this.forgotten;
        pair.loses = this.forgotten;
      }
      pair.isHeard ||= `${method} ${path}` === this.heard?.request;
      if (this.upgrades !== 'pass' && /\r\nupgrade: *websocket/i.test(chunk.toString('latin1'))) {
        if (this.upgrades === 'forbid') pair.client.write(FORBIDDEN);
        this.close(pair);
        return;
      }
      const held = path.startsWith('/api/poll') && !/[?&]wait=0(?:&|$)/.test(path);
      if (held && this.holdLimitMs !== undefined) {
        pair.hold = setTimeout(() => this.close(pair), this.holdLimitMs);
      }
    }
    if (pair.isHeard) this.heard?.bytes.push(chunk);
    pair.upstream.write(chunk);
    if (this.uploadBytesPerSecond !== undefined) {
      pair.client.pause();
      setTimeout(() => pair.client.resume(), (chunk.length / this.uploadBytesPerSecond) * 1000);
    }
  }

  private fromServer(pair: Pair, chunk: Buffer): void {
    if (pair.silent) return;
    clearTimeout(pair.hold);
    if (pair.loses) {
      this.lost += 1;
      this.close(pair);
      return;
    }
    pair.client.write(chunk);
  }

  private close(pair: Pair): void {
    clearTimeout(pair.hold);
    this.pairs.delete(pair);
    pair.client.destroySoon();
    pair.upstream.destroy();
  }
}
