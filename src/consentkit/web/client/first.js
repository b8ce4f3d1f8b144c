// On every page, after the notice: sends a choice without leaving the page, and keeps the page in step with it.
import { allows, narrows, same, stateFrom } from "./state.js";
import { activate, all } from "./apply.js";

// An element named like a method hides it on document and window; the prototypes cannot be hidden.
const on = (target, type, listener) => EventTarget.prototype.addEventListener.call(target, type, listener);
const tell = (type, detail) =>
  EventTarget.prototype.dispatchEvent.call(document, new CustomEvent(`consentkit:${type}`, { bubbles: true, detail }));

const host = all("#consentkit").find((element) => element.shadowRoot?.getElementById("consentkit-preferences"));
if (host && !Object.hasOwn(window, "consentkit")) start(host, host.shadowRoot);

function start(host, root) {
  const $ = (name) => root.getElementById(`consentkit-${name}`);
  const form = root.querySelector("form");
  const status = root.querySelector("[role=status]");
  const control = $("preferences");
  const address = new URL(form.getAttribute("action"), location.origin).href;
  const page = form.dataset;
  const listeners = new Set();
  const shown = performance.now();
  let state = stateFrom(JSON.parse(page.state));
  let pending;
  let plain;
  let turn = 0;

  const say = (name) => {
    status.textContent = status.dataset[name];
  };

  async function send(action, how, fields = new FormData()) {
    const own = new FormData(form);
    const answer = await fetch(address, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json" },
      body: JSON.stringify({
        action,
        how,
        notice: own.get("notice"),
        view: own.get("view") + (turn++ ? `-${turn}` : ""),
        shown_ms: Math.round(performance.now() - shown),
        purpose: fields.getAll("purpose"),
        service: fields.getAll("service").filter(Boolean),
      }),
    });
    if (!answer.ok) throw answer;
    return stateFrom((await answer.json()).state);
  }

  function choose(action, how = "api", fields = undefined) {
    pending ??= send(action, how, fields)
      .then((next) => {
        channel?.postMessage(next);
        adopt(next, true);
        return next;
      })
      .finally(() => {
        pending = undefined;
      });
    return pending;
  }

  function reload(mine) {
    if ("posted" in page) return mine && say("later");
    if (mine) try { sessionStorage.consentkit = 1; } catch {}
    location.reload();
  }

  function adopt(next, mine) {
    const before = state;
    state = next;
    if (narrows(before, next) || (before.decided && !next.decided)) reload(mine);
    else settle(mine);
    if (!same(before, next)) {
      tell("change", next);
      for (const listener of listeners) listener(next);
    }
  }

  function settle(mine) {
    host.dataset.consent = state.outcome;
    if (state.decided) $("banner")?.remove();
    if (mine) rest();
    activate((name) => allows(state, name), () => reload());
  }

  function rest() {
    control.focus({ preventScroll: true });
    say("saved");
  }

  on(form, "submit", (event) => {
    if (plain) return;
    event.preventDefault();
    const button = event.submitter;
    choose(button.value, "banner").catch((answer) => {
      if (answer.status) return say("failed");
      plain = true;
      form.requestSubmit(button);
    });
  });

  const refresh = () =>
    fetch(new URL("state", address))
      .then((answer) => answer.json())
      .then((sent) => adopt(stateFrom(sent)), () => {});

  on(window, "pageshow", (event) => event.persisted && refresh());
  on(document, "prerenderingchange", refresh);
  if (performance.getEntriesByType("navigation")[0]?.type === "back_forward") refresh();
  let channel;
  try {
    channel = new BroadcastChannel(address);
    channel.onmessage = ({ data }) => adopt(stateFrom(data));
    if (sessionStorage.consentkit) {
      delete sessionStorage.consentkit;
      rest();
    }
  } catch {}

  const layer = (opener) =>
    import("./preferences.js")
      .then(({ open }) => open({ root, opener, choose, address: control.href }))
      .catch(() => { location.href = control.href; });
  for (const link of [control, $("more")])
    if (link) on(link, "click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      layer(link);
    });

  const api = Object.freeze({
    get state() { return state; },
    allows: (name) => allows(state, name),
    accept: () => choose("accept"),
    reject: () => choose("reject"),
    withdraw: () => choose("withdraw"),
    save(choice) {
      const fields = new FormData();
      for (const name of choice.purposes ?? []) fields.append("purpose", name);
      for (const [name, yes] of Object.entries(choice.services ?? {})) fields.append("service", yes ? name : `-${name}`);
      return choose("save", "api", fields);
    },
    show: () => layer(control),
    on(type, listener) {
      if (type !== "change") return () => {};
      listeners.add(listener);
      listener(state);
      return () => listeners.delete(listener);
    },
    ready: Promise.resolve(),
  });
  Object.defineProperty(window, "consentkit", { value: api });
  tell("ready", state);
}
