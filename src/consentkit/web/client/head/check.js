// Bytes that were made for another choice, out of whatever cache: nothing of them may run. A second copy that is no better
// (a service worker that knows one only) stays, closed.
const close = (sources) => {
  const rule = document.createElement("meta");
  rule.httpEquiv = "Content-Security-Policy";
  rule.content = `default-src ${sources}`;
  document.head.append(rule);
};
const check = (again) => {
  if (!own || sent() === page.hint) return;
  own.dataset.ckStale = "";
  if (!page.posted && (again || performance.getEntriesByType("navigation")[0]?.type !== "reload")) {
    if (page.open) close("'none'");
    stop();
    location.reload();
  } else if (page.open) close("'self' 'unsafe-inline' 'unsafe-eval' data: blob:");
};
check();
addEventListener("pageshow", ({ persisted }) => persisted && check(true));
document.addEventListener("prerenderingchange", () => check(true));
document.addEventListener("consentkit:change", () => (page.hint = sent()));
