// Files to post: real photographs, and a short video and sounds of our own.

import { resolve } from 'node:path';

const own = (name: string) => resolve(import.meta.dirname, '../fixtures', name);
const photo = (name: string) => resolve(import.meta.dirname, '../../demo/photos', name);

export const files = {
  /** 480 × 320 */
  board: own('board.jpg'),
  /** 240 × 360 */
  portrait: own('portrait.png'),
  /** A photograph, 1000 × 872, half a megabyte. */
  hubble: photo('hubble_deep_field.jpg'),
  /** 451 × 300 */
  cat: photo('chelsea.png'),
  /** 320 × 180, 1.6 s */
  clip: own('clip.webm'),
  mp3: own('tone.mp3'),
  ogg: own('tone.ogg'),
};
