// A `touchline` of a test's own: on a free port, in a data directory that goes when the test ends. It can
// be killed and started again in the same place, as the tests of recovery need.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export const BINARY = resolve(import.meta.dirname, '..', process.env['TOUCHLINE_BIN'] ?? '../target/release/touchline');
const START_LIMIT_MS = 15_000;
const STOP_LIMIT_MS = 15_000;

export class Server {
  private child: ChildProcess | undefined;
  private lines = '';

  private constructor(
    private readonly dataDir: string,
    private readonly flags: readonly string[],
    private address = '127.0.0.1:0',
  ) {}

  /** Starts a server with these flags and waits until it is ready. */
  static async start(flags: readonly string[] = []): Promise<Server> {
    const server = new Server(await mkdtemp(join(tmpdir(), 'touchline-e2e-')), flags);
    await server.start();
    return server;
  }

  /** `http://127.0.0.1:<port>`; the same after a restart. */
  get url(): string {
    return `http://${this.address}`;
  }

  get port(): number {
    return Number(this.address.split(':')[1]);
  }

  /** What the server has said so far. */
  get log(): string {
    return this.lines;
  }

  /** Starts it (again) and waits for `/readyz`. */
  async start(): Promise<void> {
    const said = this.lines.length;
    const visitors = this.flags.includes('--visitors-may-post') ? [] : ['--visitors-may-post', 'true'];
    const args = ['serve', '--listen', this.address, '--data-dir', this.dataDir, ...visitors, ...this.flags];
    const child = spawn(BINARY, args, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, NO_COLOR: '1' } });
    this.child = child;
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.lines += text;
    });
    const begun = Date.now();
    for (;;) {
      if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}:\n${this.lines}`);
      if (Date.now() - begun > START_LIMIT_MS) throw new Error(`the server is not ready:\n${this.lines}`);
      const listening = /listening on http:\/\/(\S+)/.exec(this.lines.slice(said));
      if (listening?.[1]) {
        this.address = listening[1];
        const ready = await fetch(`${this.url}/readyz`).catch(() => undefined);
        if (ready?.ok) return;
      }
      await new Promise((done) => setTimeout(done, 10));
    }
  }

  /** As a power cut does it: no word to anybody. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  /** Asks it to end and waits until it has. */
  async stop(): Promise<void> {
    await this.end('SIGTERM');
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise<void>((done) => child.once('exit', () => done()));
    child.kill(signal);
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
    await gone;
    clearTimeout(late);
  }

  /** Ends it and removes what it stored. */
  async dispose(): Promise<void> {
    await this.kill();
    await rm(this.dataDir, { recursive: true, force: true });
  }
}
