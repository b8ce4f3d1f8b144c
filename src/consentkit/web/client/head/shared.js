// A page that is the same for all: what the visitor chose is read from the hint, before the notice is there to be seen.
const [digest, outcome, digits, signal] = sent().split(".");
const late = heard() && !signal;
allowed = () => false;
if (own && digest === page.digest && !late) {
  const bits = BigInt(`0x0${digits}`);
  const open = page.ids.filter((_, at) => (bits >> BigInt(page.ids.length - 1 - at)) & 1n);
  allowed = (name) => open.includes(name);
  own.state = {
    decided: outcome !== "undecided",
    outcome,
    granted: ["necessary", ...page.ids.slice(0, page.purposes).filter(allowed)].sort(),
    services: Object.fromEntries(page.ids.slice(page.purposes).map((name) => [name, allowed(name)])),
    signal,
  };
  const watcher = new MutationObserver(() => {
    const host = document.getElementById("consentkit");
    if (!host) return;
    host.dataset.consent = own.state.outcome;
    watcher.disconnect();
  });
  watcher.observe(document, { childList: true, subtree: true });
} else if (own && (digest || page.ask || late)) own.dataset.ckStale = "";
