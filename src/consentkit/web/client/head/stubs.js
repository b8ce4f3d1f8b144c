// What pages call of services that may not run: it does nothing, so that nothing throws. A function goes before the service
// starts, since loaders leave alone what is there; a list stays, since they take it over.
const made = [];
const stub = (id, call) => {
  const path = call.slice(0, -2).split(".");
  const last = path.pop();
  let at = window;
  let root;
  for (const name of path) {
    root ??= at[name] ? null : [at, name];
    at = at[name] ??= {};
  }
  if (at[last]) return;
  if (call.endsWith("[]")) return (at[last] = []);
  at[last] = function () {};
  const [on, name] = root ?? [at, last];
  made.push([id, on, name, on[name]]);
};
for (const [id, calls] of Object.entries(page.stubs ?? {})) {
  for (const call of allowed(id) ? [] : calls) {
    try {
      stub(id, call);
    } catch {}
  }
}
if (own) own.made = made;
