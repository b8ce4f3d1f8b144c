// A framework that hydrates the whole document takes what stands first in the head for its own and finds it to be another's:
// it then draws the page anew. So nothing of ours stays there; what is to know goes along with the notice, behind everything.
if (own && document.readyState === "loading") {
  if (page.open) own.previousElementSibling?.remove();
  own.remove();
  // Lookups go through the prototype: <img name=getElementById> would answer in its stead.
  new MutationObserver((all, watcher) => {
    const host = Document.prototype.getElementById.call(document, "consentkit");
    if (!host) return;
    host.append(own);
    watcher.disconnect();
  }).observe(document, { childList: true, subtree: true });
}
