// Keeps the portal's static files, and one page that says what to do without a connection.
// Nothing about anybody is kept: no answer to a question, no job, no photo.

const { version, assets } = {{ setup|tojson }};
const scope = new URL(self.registration.scope).pathname;
const offline = `${scope}/offline`;
const family = `portal${scope}-`;
const kept = `${family}${version}`;

async function keep() {
  const cache = await caches.open(kept);
  const plainly = (path) => new Request(path, { credentials: "omit" });
  await cache.addAll([...assets, offline].map(plainly));
  await self.skipWaiting();
}

async function forget(but) {
  for (const name of await caches.keys()) {
    if (name.startsWith(family) && name !== but) await caches.delete(name);
  }
}

// Where the garage has no portal any more, nothing of it stays in the browser.
async function leaveWhereGone() {
  const own = await fetch(self.location.href, { cache: "no-store" });
  if (own.status !== 404) return;
  await forget();
  await self.registration.unregister();
}

async function open(event) {
  try {
    const answer = await fetch(event.request);
    if (answer.status === 404) event.waitUntil(leaveWhereGone());
    return answer;
  } catch (problem) {
    return (await caches.match(offline)) ?? Promise.reject(problem);
  }
}

self.addEventListener("install", (event) => event.waitUntil(keep()));
self.addEventListener("activate", (event) => event.waitUntil(forget(kept)));
self.addEventListener("fetch", (event) => {
  if (event.request.method !== "GET") return;
  if (event.request.mode === "navigate") {
    event.respondWith(open(event));
  } else if (assets.includes(new URL(event.request.url).pathname)) {
    event.respondWith(caches.match(event.request.url).then((found) => found ?? fetch(event.request)));
  }
});
