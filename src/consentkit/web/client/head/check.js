// Bytes that were made for another choice, out of whatever cache, or before the browser's signal was heard: nothing of them may
// run. A second copy that is no better (a service worker that knows one only) stays, closed.
const rule = own?.previousElementSibling;
const check = (again) => {
  const late = heard() && page.sold;
  if (!own || (sent() === page.hint && !late)) return;
  own.dataset.ckStale = "";
  allowed = () => false;
  const anew = !page.posted && (again || performance.getEntriesByType("navigation")[0]?.type !== "reload");
  // A policy counts when its element is put in: the empty one that stands before this script is put in again.
  if (page.open) {
    rule.content = `default-src ${anew ? "'none'" : "'self' 'unsafe-inline' 'unsafe-eval' data: blob:"}`;
    document.head.append(rule);
  }
  if (!anew) return;
  stop();
  location.reload();
};
check();
addEventListener("pageshow", ({ persisted }) => persisted && check(true));
addEventListener("prerenderingchange", () => check(true), true);
addEventListener("consentkit:change", () => (page.hint = sent()));
