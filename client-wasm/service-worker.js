// What there is without a network (M10): the app itself, and what was last read of its timelines.
//
// The app is kept whole, one copy per build: `SHELL` names its files, which carry hashes of their content. A
// page is asked for over the network first and taken from a copy when no answer comes, so a page and the code
// that it names are always of one build. What was read is only ever shown when it cannot be read anew; a client
// goes live from its cursor, however old. Decides nothing else: no request is changed, and none that changes
// something is held back. `xtask` fills in the two constants.

const VERSION = '__VERSION__';
const SHELL = __SHELL__;

const SHELL_CACHE = `shell-${VERSION}`;
const READ_CACHE = 'read';
const PICTURE_CACHE = 'pictures';
// An older page may still be open, and fetch what it has not needed yet.
const SHELLS_KEPT = 2;
const READ_MAX = 120;
const PICTURES_MAX = 200;
const PICTURE_BYTES_MAX = 1_000_000;
// How long a page, or something that was read before, is waited for, in milliseconds.
const PAGE_WAIT_MS = 3_000;
const READ_WAIT_MS = 8_000;

// What is kept of the API: where pages begin. `limit` and `kind` are part of the address, older pages are not kept.
const READS = [
  /^\/api\/session$/,
  /^\/api\/events$/,
  /^\/api\/events\/[^/]+$/,
  /^\/api\/events\/[^/]+\/(media|access|matches|teams|tournaments)$/,
  /^\/api\/(matches|tournaments|teams)\/[^/]+(\/(events|matches))?$/,
];
// After these somebody else may be looking: nothing that was read by whoever looked before stays.
const TURNS = [/^\/api\/session$/, /^\/api\/accounts$/, /^\/api\/account\/sessions(\/|$)/, /^\/api\/account\/password$/];

// Counts the turns: an answer to whoever looked before is not kept for who looks now.
let turn = 0;

self.addEventListener('install', (event) => {
  event.waitUntil(install());
});

self.addEventListener('activate', (event) => {
  event.waitUntil(activate());
});

self.addEventListener('message', (event) => {
  // The first page was there before this worker: what it has read is read again, to be kept.
  const urls = event.data?.read;
  if (Array.isArray(urls)) event.waitUntil(Promise.all(urls.slice(0, READ_MAX).map(keepAgain)));
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== self.location.origin) return;
  if (request.method !== 'GET') {
    if (TURNS.some((path) => path.test(url.pathname))) event.respondWith(turned(request));
    return;
  }
  if (request.mode === 'navigate') {
    if (isPage(url)) event.respondWith(page(event));
  } else if (SHELL.includes(url.pathname) || /-[0-9a-f]{16}[._]/.test(url.pathname)) {
    event.respondWith(shellFile(request));
  } else if (isRead(url)) {
    event.respondWith(read(event));
  } else if (request.destination === 'image' && url.pathname.startsWith('/media/')) {
    event.respondWith(picture(event));
  }
});

async function install() {
  const cache = await caches.open(SHELL_CACHE);
  const files = SHELL.filter((path) => path !== '/');
  await cache.addAll(files);
  const page = await fetch('/', { cache: 'no-cache' });
  if (!page.ok) throw new Error(`the page is answered with ${page.status}`);
  // The server may have been replaced between this script and its page.
  const text = await page.clone().text();
  if (!files.some((path) => path.endsWith('_bg.wasm') && text.includes(path.slice(1)))) {
    throw new Error('the page is of another build');
  }
  await cache.put('/', page);
  await self.skipWaiting();
}

async function activate() {
  const shells = (await caches.keys()).filter((name) => name.startsWith('shell-') && name !== SHELL_CACHE);
  await Promise.all(shells.slice(0, Math.max(0, shells.length - (SHELLS_KEPT - 1))).map((name) => caches.delete(name)));
  await self.clients.claim();
}

function isPage(url) {
  const last = url.pathname.split('/').pop();
  return !last.includes('.') && !/^\/(api|media|ws|healthz|readyz|metrics)(\/|$)/.test(url.pathname);
}

function isRead(url) {
  return READS.some((path) => path.test(url.pathname)) && !url.searchParams.has('before');
}

async function page(event) {
  const kept = await (await caches.open(SHELL_CACHE)).match('/');
  try {
    const response = await within(fetch(event.request), kept && PAGE_WAIT_MS);
    return response.status >= 500 && kept ? kept : response;
  } catch (error) {
    if (kept) return kept;
    throw error;
  }
}

async function shellFile(request) {
  return (await caches.match(request, { ignoreVary: true })) ?? fetch(request);
}

async function read(event) {
  const { request } = event;
  const cache = await caches.open(READ_CACHE);
  const kept = await cache.match(request.url);
  const at = turn;
  try {
    const response = await within(fetch(request), kept && READ_WAIT_MS);
    if (response.status >= 500 && kept) return asOf(kept);
    if (at === turn) event.waitUntil(keep(cache, request.url, response.clone(), kept));
    return response;
  } catch (error) {
    if (kept && at === turn) return asOf(kept);
    throw error;
  }
}

// Keeps an answer, or forgets what is not to be seen any more.
async function keep(cache, url, response, before) {
  if (!response.ok) {
    if (response.status < 500 && response.status !== 429) await cache.delete(url);
    return;
  }
  if (new URL(url).pathname === '/api/session' && before) {
    const [was, is] = await Promise.all([before.json(), response.clone().json()]);
    if (was.account?.id !== is.account?.id) await forget();
  }
  await cache.put(url, response);
  await bound(cache, READ_MAX);
}

async function keepAgain(address) {
  const url = new URL(address, self.location.origin);
  if (url.origin !== self.location.origin || !isRead(url)) return;
  const cache = await caches.open(READ_CACHE);
  const at = turn;
  const response = await fetch(url).catch(() => undefined);
  if (response?.ok && at === turn) await keep(cache, url.href, response, undefined);
}

async function picture(event) {
  const { request } = event;
  const cache = await caches.open(PICTURE_CACHE);
  const at = turn;
  try {
    const response = await fetch(request);
    const length = Number(response.headers.get('content-length') ?? PICTURE_BYTES_MAX + 1);
    if (response.status === 200 && length <= PICTURE_BYTES_MAX && at === turn) {
      const copy = response.clone();
      event.waitUntil(cache.put(request.url, copy).then(() => bound(cache, PICTURES_MAX)));
    }
    return response;
  } catch (error) {
    const kept = await cache.match(request.url);
    if (kept) return kept;
    throw error;
  }
}

async function turned(request) {
  turn += 1;
  const response = await fetch(request);
  if (response.ok) await forget();
  return response;
}

async function forget() {
  turn += 1;
  await Promise.all([caches.delete(READ_CACHE), caches.delete(PICTURE_CACHE)]);
}

// What was written last stands last.
async function bound(cache, max) {
  const keys = await cache.keys();
  await Promise.all(keys.slice(0, Math.max(0, keys.length - max)).map((key) => cache.delete(key)));
}

// The answer as it was, and when that was: RFC 9110, section 6.6.1.
function asOf(kept) {
  const headers = new Headers(kept.headers);
  headers.set('touchline-as-of', kept.headers.get('date') ?? '');
  return new Response(kept.body, { status: kept.status, statusText: kept.statusText, headers });
}

function within(promise, wait_ms) {
  if (!wait_ms) return promise;
  const late = new Promise((_, reject) => setTimeout(() => reject(new Error('no answer in time')), wait_ms));
  return Promise.race([promise, late]);
}
