// The final of 2018, from the demo's record of it: its teams on a server, and what the recorder presses for it.

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Api } from './api';
import type { Match } from './matches';

interface Team {
  id: string;
  name: string;
  eleven: string[];
}

interface Recorded {
  type: string;
  team?: string;
  player?: string;
  assist?: string;
  off?: string;
}

interface Record {
  home: Team;
  away: Team;
  events: Recorded[];
}

const RECORD = JSON.parse(readFileSync(resolve(import.meta.dirname, '../../demo/final-2018.json'), 'utf8')) as Record;

/** Makes the match; who begins has the numbers from 1 to 11. */
export async function prepareFinal(api: Api, event: string): Promise<Match> {
  const side = async ({ id, name, eleven }: Team) => {
    const came = RECORD.events.flatMap((entry) => (entry.type === 'substitution' && entry.team === id && entry.player ? [entry.player] : []));
    const players = [...eleven, ...came].map((player, at) => ({ name: player, number: at + 1 }));
    const team = await api.createTeam(event, { name, players });
    const begin = new Set(eleven);
    return { teamId: team.id, starting: team.players.filter((player) => begin.has(player.name)).map((player) => player.id) };
  };
  const [home, away] = await Promise.all([side(RECORD.home), side(RECORD.away)]);
  return api.createMatch(event, { home, away, title: 'Final' });
}

/** What is pressed for each thing that happened, button after button. */
export function pressed(): (string | RegExp)[][] {
  return RECORD.events.flatMap((entry): (string | RegExp)[][] => {
    const team = entry.team === RECORD.home.id ? RECORD.home.name : RECORD.away.name;
    const button = (name: string | undefined) => new RegExp(`^\\d+ ${name}$`);
    const who = button(entry.player);
    switch (entry.type) {
      case 'kickoff':
        return [['Kick-off']];
      case 'half_time':
        // The record does not say when the second half began.
        return [['Half-time'], ['Second half']];
      case 'full_time':
        return [['Full time']];
      case 'goal':
        return [['Goal', team, who, entry.assist === undefined ? 'No assist' : button(entry.assist)]];
      case 'own_goal':
        return [['Own goal', team, who]];
      case 'penalty':
        return [['Penalty', 'Scored', team, who]];
      case 'card':
        return [['Card', 'Yellow card', team, who]];
      case 'substitution':
        return [['Substitution', team, button(entry.off), who]];
      default:
        throw new Error(`${entry.type} is not known`);
    }
  });
}
