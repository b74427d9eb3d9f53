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

/** What Ada is told of on a lively day: her event, and how many notifications there are. */
export async function tell(api: Api): Promise<{ event: string; notifications: number }> {
  const ada = await api.register('ada', 'Ada Lovelace');
  const grace = await api.register('grace', 'Grace Hopper');
  const event = await ada.createEvent({ title: 'Launch day at the harbour', status: 'live' });
  const doors = await ada.post(event.id, 'Doors open. The quay is full already.');
  const floats = await ada.post(event.id, 'She floats!');
  const others = await grace.createEvent({ title: 'Concert by the river' });
  await grace.post(others.id, 'Sound check with @ada, who brought the cables and knows which way round they go, as she always does.');
  await grace.like(event.id, doors.id);
  await grace.comment(event.id, doors.id, 'We can hear you from here.');
  for (let n = 1; n <= 6; n += 1) {
    const fan = await api.register(`fan${n}`, n === 6 ? 'Katherine Johnson' : `Fan ${n}`);
    await fan.like(event.id, floats.id);
    if (n === 6) await fan.comment(event.id, floats.id, 'What a sight. Congratulations to everybody who worked on her!');
  }
  await grace.comment(event.id, floats.id, 'Told you so, @ada. See https://example.org/floating');
  // The mentions (2), the like, the burst of likes, the comments on two items.
  return { event: event.id, notifications: 6 };
}
