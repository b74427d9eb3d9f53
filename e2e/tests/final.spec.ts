// The final of 2018 once more, at high speed (M2–M6): pressed on the recorder page, over a network that fails every few
// seconds, watched by fifty over mixed transports.

import { setTimeout as after } from 'node:timers/promises';
import { expect, NETWORK, test } from '../support/fixtures';
import { pressed, prepareFinal } from '../support/final';
import { MatchPage, RecorderPage } from '../support/matches';
import type { Network } from '../support/network';
import { type Transport, Watching } from '../support/watching';

const WATCHERS: Record<Transport, number> = { websocket: 20, sse: 15, poll: 15 };

/** Between two failures of the network, in milliseconds. */
const FAILS_EVERY_MS = 2_000;
/** How long it is away each third time. */
const AWAY_MS = 1_500;

/** Cuts, silences and takes away the network in turn until told otherwise; says how often it has. */
async function fail(network: Network, signal: AbortSignal): Promise<number> {
  let failures = 0;
  const wait = (ms: number) => after(ms, undefined, { signal }).catch(() => undefined);
  while (!signal.aborted) {
    await wait(FAILS_EVERY_MS);
    failures += 1;
    if (failures % 3 === 1) network.cut();
    else if (failures % 3 === 2) network.silence();
    else {
      network.down();
      await wait(AWAY_MS);
      network.admit();
    }
  }
  network.admit();
  return failures;
}

test('M3 M5 M6 the final, recorded over a network that fails every few seconds, is 4–2 for fifty watchers', async ({ another, api, faults, network, page, server }, info) => {
  test.slow();
  // The page of the WebSockets is plain text, and a browser asks for its icon all the same.
  faults.allow(...NETWORK, /favicon/);
  const event = await api.createEvent({ title: 'The final' });
  const match = await prepareFinal(api, event.id);
  const topic = `match:${match.id}`;
  const watchers = await Watching.start(server.url, topic, WATCHERS, (await another()).page);
  const watched = new MatchPage((await another()).page, server.url);
  await watched.open(match.id);

  const recorder = new RecorderPage(page, network.url);
  await recorder.open(match.id);
  const over = new AbortController();
  const failing = fail(network, over.signal);
  const steps = pressed();
  for (const step of steps) {
    await recorder.press(...step);
    // So that every kind of failure meets entries on their way.
    await after(400);
  }
  over.abort();
  const failures = await failing;
  await expect(recorder.sent).toBeVisible({ timeout: 20_000 });
  info.annotations.push({ type: 'network', description: `${failures} failures during ${steps.length} entries` });
  expect(failures).toBeGreaterThan(4);

  const log = await api.log(match.id);
  expect(log.map((entry) => entry.kind)).toEqual([
    'kickOff', 'ownGoal', 'card', 'goal', 'penalty', 'card', 'halfTime', 'secondHalf', 'substitution', 'goal', 'goal', 'goal',
    'substitution', 'substitution', 'substitution', 'substitution', 'card', 'fullTime',
  ]);
  const { state } = await api.match(match.id);
  expect([state.score, state.phase]).toEqual([{ home: 4, away: 2 }, 'fullTime']);
  for (const watcher of watchers) {
    await expect.poll(() => watcher.last('match:state')?.payload['state'], { message: watcher.transport }).toEqual(state);
    expect(watcher.faults, watcher.transport).toEqual([]);
    const entries = watcher.publications.filter((frame) => frame.type === 'match:event').map((frame) => frame.payload['id']);
    expect(entries, watcher.transport).toEqual(log.map((entry) => entry.id));
    watcher.stop();
  }
  for (const shown of [watched, recorder]) await shown.expectScore('France 4–2 Croatia');
  await expect(watched.statistics).toContainText('Shots');
  expect(await watched.statistics.innerText()).toBe(await recorded(watched, match.id));
});

/** The statistics of a page that comes when all is over. */
async function recorded(watched: MatchPage, id: string): Promise<string> {
  await watched.open(id);
  await expect(watched.statistics).toContainText('Shots');
  return watched.statistics.innerText();
}
