// Loaded where services that may not run may have kept something in the browser: clears their keys, and no others.

const drop = (name) =>
  new Promise((resolve) => {
    const request = indexedDB.deleteDatabase(name);
    request.onsuccess = request.onerror = request.onblocked = resolve;
  });

/**
 * Clears what services keep in local storage, session storage and IndexedDB.
 * @param keys exact keys, and patterns for a whole key (^ first, $ last)
 * @returns a promise that is fulfilled when it is done; a database that the page still holds open goes with the page
 */
export async function clear(keys) {
  const exact = new Set(keys);
  const patterns = keys.filter((key) => key.startsWith("^")).map((key) => new RegExp(key));
  const known = (name) => exact.has(name) || patterns.some((pattern) => pattern.test(name));
  // Where site data is blocked or the frame is sandboxed the first touch throws, and then nothing else is touched: Chromium
  // tells the page of a failed databases() as an error of its own, although it is caught.
  try {
    for (const storage of [localStorage, sessionStorage])
      for (const name of Array.from(storage, (_, at) => storage.key(at))) if (known(name)) storage.removeItem(name);
    const databases = await indexedDB.databases();
    await Promise.all(databases.filter(({ name }) => known(name)).map(({ name }) => drop(name)));
  } catch {}
}
