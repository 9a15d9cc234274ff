// Keeps what live pages fetched, so that a later visit needs no network. It lies at the
// site's root, and page.mjs registers it when a reader begins to write. The address has
// the version of Python and of the checks: another version, another cache.
// Several books may share a host: the path is part of the name.
const HERE = new URL(self.location.href);
const MINE = `neuron-by-neuron:live:${HERE.pathname}:`;
const NAME = MINE + HERE.searchParams.get("v");
const FIXED = /\/lite\/static\/pyodide\/|\/_course\/live\/(python\/|torch\/|helpers-|runner-)/;
const FRESH = /\/exercises\/|\/book\/|\/_course\/|\/_static\/|\/_sources\/exercises\/|\/_images\//;

self.addEventListener("install", () => self.skipWaiting());

self.addEventListener("activate", (event) => {
  const old = async () => {
    for (const name of await caches.keys()) {
      if (name.startsWith(MINE) && name !== NAME) await caches.delete(name);
    }
    await self.clients.claim();
  };
  event.waitUntil(old());
});

/** What does not change within a version comes from the cache first. */
async function fixed(request) {
  const cache = await caches.open(NAME);
  const found = await cache.match(request);
  if (found) return found;
  const response = await fetch(request);
  if (response.ok) cache.put(request, response.clone()).catch(() => {}); // no room
  return response;
}

/** All else comes from the network, and from the cache where there is none. */
async function fresh(request) {
  const cache = await caches.open(NAME);
  try {
    const response = await fetch(request);
    if (response.ok) cache.put(request, response.clone()).catch(() => {});
    return response;
  } catch (error) {
    const found = await cache.match(request, { ignoreSearch: true });
    if (found) return found;
    throw error;
  }
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  if (FIXED.test(request.url)) event.respondWith(fixed(request));
  else if (new URL(request.url).origin === self.location.origin && FRESH.test(request.url)) event.respondWith(fresh(request));
});
