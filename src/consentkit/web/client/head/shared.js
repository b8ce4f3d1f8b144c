// A page that is the same for all: what the visitor chose is read from the hint, before the notice is there to be seen.
const [digest, outcome, digits, signal] = sent().split(".");
// A hint that knows of no signal is believed for a day after the server was asked, which hears what the scripts may not. Till it
// has answered, a choice is known, so that nobody is asked again, and opens nothing. (Without a mark it is the hint itself.)
let late = !signal && heard(digest && !sent(page.mark) && "asked");
allowed = () => false;
if (own && digest === page.digest) {
  const ids = [...page.purposes, ...page.services];
  const bits = BigInt("0x" + digits).toString(2).padStart(ids.length, 0);
  allowed = (name) => !late && bits[ids.indexOf(name)] > 0;
  own.state = {
    decided: outcome !== "undecided",
    outcome,
    granted: ["necessary", ...page.purposes.filter(allowed)].sort(),
    services: Object.fromEntries(page.services.map((name) => [name, allowed(name)])),
    signal,
  };
  new MutationObserver((all, watcher) => {
    const host = Document.prototype.getElementById.call(document, "consentkit");
    if (!host) return;
    host.dataset.consent = outcome;
    watcher.disconnect();
  }).observe(document, { childList: true, subtree: true });
} else if (digest || page.ask) late = own;
if (late) own.dataset.ckStale = "";
