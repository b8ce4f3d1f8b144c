// A page that is the same for all: what the visitor chose is read from the hint, before the notice is there to be seen.
const [digest, outcome, digits, signal] = sent().split(".");
const late = heard() && !signal;
allowed = () => false;
if (own && digest === page.digest && !late) {
  const ids = [...page.purposes, ...page.services];
  const bits = BigInt(`0x0${digits}`).toString(2).padStart(ids.length, 0);
  allowed = (name) => bits[ids.indexOf(name)] > 0;
  own.state = {
    decided: outcome !== "undecided",
    outcome,
    granted: ["necessary", ...page.purposes.filter(allowed)].sort(),
    services: Object.fromEntries(page.services.map((name) => [name, allowed(name)])),
    signal,
  };
  new MutationObserver((_, watcher) => {
    const host = Document.prototype.getElementById.call(document, "consentkit");
    if (!host) return;
    host.dataset.consent = outcome;
    watcher.disconnect();
  }).observe(document, { childList: true, subtree: true });
} else if (own && (digest || page.ask || late)) own.dataset.ckStale = "";
