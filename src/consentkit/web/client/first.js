// On every page, after the notice: sends a choice without leaving the page, and keeps the page in step with it.
import { allows, narrows, same, stateFrom } from "./state.js";
import { activate, all } from "./apply.js";

// An element named like a method hides it on document and window; prototypes cannot be hidden.
const on = (target, type, listener) => EventTarget.prototype.addEventListener.call(target, type, listener);
const tell = (type, detail) =>
  EventTarget.prototype.dispatchEvent.call(document, new CustomEvent(`consentkit:${type}`, { bubbles: true, detail }));

const host = all("#consentkit").find(({ shadowRoot }) =>
  shadowRoot instanceof ShadowRoot && shadowRoot.getElementById("consentkit-preferences"));
if (host && !(window.consentkit?.ready instanceof Promise)) start(host, host.shadowRoot);

function start(host, root) {
  const form = root.querySelector("form");
  const status = root.querySelector(".said");
  const control = root.getElementById("consentkit-preferences");
  const address = new URL(form.getAttribute("action"), location.origin).href;
  const page = form.dataset;
  const hidden = new FormData(form);
  const listeners = new Set();
  const shown = performance.now();
  const sent = JSON.parse(page.state);
  let state = stateFrom(sent);
  let pending;
  let plain;
  let turn = 0;
  let channel;

  const say = (name) => {
    status.textContent = status.dataset[name];
  };

  async function send(action, how, fields) {
    const view = hidden.get("view") + (turn++ ? `-${turn}` : "");
    const answer = await fetch(address, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        action,
        how,
        view,
        notice: hidden.get("notice"),
        shown_ms: Math.round(performance.now() - shown),
        purpose: fields.getAll("purpose"),
        service: fields.getAll("service").filter(Boolean),
      }),
    });
    if (answer.status === 409) reload();
    if (!answer.ok) throw Object.assign(new Error(`consentkit: ${answer.status}`), { status: answer.status });
    return stateFrom((await answer.json()).state);
  }

  // A second press while the first is under way is the same act.
  const choose = (action, how = "api", fields = new FormData()) =>
    (pending ??= send(action, how, fields)
      .then((next) => {
        channel?.postMessage(next);
        adopt(next, true);
        return next;
      })
      .finally(() => {
        pending = undefined;
      }));

  function adopt(next, mine) {
    const before = state;
    state = next;
    const stale = narrows(before, next) || (before.decided && !next.decided) || ("narrowed" in page && narrows(next, before));
    if (!same(before, next)) {
      tell("change", next);
      for (const listener of listeners) listener(next);
    }
    if (stale && reload(mine)) return;
    host.dataset.consent = state.outcome;
    root.querySelector("dialog")?.close();
    if (state.decided) root.getElementById("consentkit-banner")?.remove();
    if (mine) rest(stale ? "later" : "saved");
    activate((name) => allows(state, name), () => reload(mine));
  }

  function reload(mine) {
    if ("posted" in page) return false;
    // One word for the next page: that the choice was just made. It is taken away at once.
    if (mine) attempt(() => (sessionStorage.consentkit = 1));
    location.reload();
    return true;
  }

  function rest(word) {
    control.focus({ preventScroll: true });
    say(word);
    setTimeout(() => (status.textContent = ""), 9e3);
  }

  on(form, "submit", (event) => {
    const button = event.submitter;
    if (plain) return;
    event.preventDefault();
    choose(button.value, "banner").catch((error) => {
      if (error.status) return say("failed");
      plain = true;
      // Not at once: a rejection can come while this event is still being dispatched, and then a form is not sent again.
      setTimeout(() => form.requestSubmit(button));
    });
  });

  const refresh = () =>
    fetch(new URL("state", address))
      .then((answer) => answer.json())
      .then((sent) => adopt(stateFrom(sent)))
      .catch(() => {});

  // A page that was put away may be older than the visitor's last choice; a page of very many services leaves them out.
  on(window, "pageshow", (event) => event.persisted && refresh());
  on(document, "prerenderingchange", refresh);
  const old = performance.getEntriesByType("navigation")[0]?.type === "back_forward";
  const ready = old || !sent.services ? refresh().then(() => state) : Promise.resolve(state);

  // A body swapped by script brings a notice without a shadow root: the one that works takes its place.
  const swapped = new MutationObserver(() => {
    const fresh = all("#consentkit")[0];
    if (host.isConnected || !fresh) return;
    fresh.replaceWith(host);
    watch();
  });
  const watch = () => all("html,body").forEach((element) => swapped.observe(element, { childList: true }));
  watch();

  attempt(() => {
    channel = new BroadcastChannel(address);
    channel.onmessage = ({ data }) => adopt(stateFrom(data));
  });
  attempt(() => {
    if (!sessionStorage.consentkit) return;
    delete sessionStorage.consentkit;
    rest("saved");
  });

  const show = () =>
    import("./preferences.js")
      .then(({ open }) => open({ root, opener: control, choose, failed: status.dataset.failed }))
      .catch(() => (location.href = control.href));
  on(control, "click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    show();
  });

  const api = {
    ready,
    get state() {
      return state;
    },
    allows: (name) => allows(state, name),
    accept: () => choose("accept"),
    reject: () => choose("reject"),
    withdraw: () => choose("withdraw"),
    save({ purposes = [], services = {} }) {
      const fields = new FormData();
      for (const name of purposes) fields.append("purpose", name);
      for (const [name, yes] of Object.entries(services)) fields.append("service", yes ? name : `-${name}`);
      return choose("save", "api", fields);
    },
    show,
    on(type, listener) {
      if (type !== "change") throw new TypeError(type);
      listeners.add(listener);
      listener(state);
      return () => listeners.delete(listener);
    },
  };
  Object.defineProperty(window, "consentkit", { value: Object.freeze(api) });
  tell("ready", state);
}

// Storage and channels throw where site data is blocked or the frame is sandboxed; nothing of ours depends on them.
function attempt(what) {
  try {
    what();
  } catch {}
}
