// An event with one of everything, for tests that look at pages as a whole.

import type { Api, Event } from './api';
import { files } from './files';

export async function showcase(api: Api): Promise<Event> {
  await api.createEvent({ title: 'Spring wedding', status: 'scheduled', place: 'Old mill', startsAt: '2031-05-03T13:00:00.000Z' });
  await api.createEvent({ title: 'Charity run', status: 'completed', description: 'Ten kilometres for the lifeboat.' });
  await api.createEvent({ title: 'Open-air cinema', status: 'cancelled' });
  const event = await api.createEvent({
    title: 'Launch day at the harbour',
    status: 'live',
    place: 'Pier 4',
    description: 'Everything from the first bell to the last light. More at https://example.org/launch',
    startsAt: '2026-03-01T09:30:00.000Z',
  });
  await api.post(event.id, 'Doors open.', 'Grace');
  await api.postFile(event.id, files.mp3, 'The bell', 'Edsger');
  await api.postFile(event.id, files.clip, 'The crane at work', 'Ada');
  await api.postFile(event.id, files.portrait, '', 'Barbara');
  const edited = await api.post(event.id, 'A long text.\n\n'.repeat(3) + 'See https://example.org for the programme.', 'Ada');
  await api.patchMedia(event.id, edited.id, `${'A rather longer text, with the reasons for everything. '.repeat(6)}`);
  await api.postFile(event.id, files.hubble, 'What we came for', 'Ada');
  await api.post(event.id, 'She floats!', 'Grace');
  return event;
}
