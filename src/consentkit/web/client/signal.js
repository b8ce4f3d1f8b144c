// That the browser's own opt-out is honored is said until there is a yes in its presence. Loaded where a page may have to say
// so. Of a page that is the same for all, the browser is asked here.
import { all } from "./dom.js";

const roots = all("#consentkit").map(({ shadowRoot }) => shadowRoot);
const root = roots.find((each) => each instanceof ShadowRoot && each.querySelector(".signal"));

function say(state) {
  const line = root.querySelector(".signal");
  if (!line) return;
  const sent = !("shared" in root.querySelector("form").dataset) || navigator.globalPrivacyControl;
  line.hidden = !sent || line.dataset.sold.split(" ").some((name) => state?.granted?.includes(name));
}

if (root) {
  const now = () => say(window.consentkit?.state);
  now();
  EventTarget.prototype.addEventListener.call(document, "consentkit:ready", now);
  EventTarget.prototype.addEventListener.call(document, "consentkit:change", ({ detail }) => {
    // A choice of now is made in the presence of the signal: it overrules nothing any more.
    root.querySelector(".signal a")?.remove();
    say(detail);
  });
  new MutationObserver(now).observe(root, { childList: true });
}
