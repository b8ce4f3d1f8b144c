// Says that the browser's own opt-out is honored, and that it takes back an earlier yes, as the server has found. Loaded where a
// page may have to say so.
import { all } from "./dom.js";

const roots = all("#consentkit").map(({ shadowRoot }) => shadowRoot);
const root = roots.find((each) => each instanceof ShadowRoot && each.querySelector(".signal"));

function say({ signal }) {
  const line = root.querySelector(".signal");
  if (!line) return;
  line.hidden = !["honored", "conflict"].includes(signal);
  for (const link of line.children) link.hidden = signal !== "conflict";
}

if (root) {
  const on = EventTarget.prototype.addEventListener;
  const now = () => window.consentkit?.state && say(window.consentkit.state);
  now();
  on.call(document, "consentkit:ready", now);
  on.call(document, "consentkit:change", now);
  new MutationObserver(now).observe(root, { childList: true });
}
