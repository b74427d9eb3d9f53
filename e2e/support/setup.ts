// Before any test: the server has to be there, and is said to be missing once instead of by every test.

import { existsSync } from 'node:fs';
import { BINARY } from './server';

export default function setup(): void {
  if (!existsSync(BINARY)) throw new Error(`${BINARY} is missing: build it, or name another in TOUCHLINE_BIN`);
}
