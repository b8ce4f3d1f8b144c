// On every page, after the notice: sends a choice without leaving the page, and keeps the page in step with it.
import { allows, narrows, same, stateFrom } from "./state.js";
import { all } from "./dom.js";

// An element named like a method hides it on document and window; prototypes cannot be hidden.
const on = (target, type, listener) => EventTarget.prototype.addEventListener.call(target, type, listener);
const tell = (type, detail) =>
  EventTarget.prototype.dispatchEvent.call(document, new CustomEvent(`consentkit:${type}`, { bubbles: true, detail }));

// Storage and channels throw where site data is blocked or the frame is sandboxed; nothing of ours depends on them.
const attempt = (what) => {
  try {
    what();
  } catch {}
};

class Notice {
  listeners = new Set();
  turn = 0;

  constructor(host) {
    this.host = host;
    this.root = host.shadowRoot;
    const sent = this.enter();
    [this.head] = all("[data-ck-head]");
    // Of bytes made for another choice nothing is believed.
    const stale = "ckStale" in (this.head?.dataset ?? {});
    this.state = stateFrom(stale ? {} : sent);
    // A page that is the same for all is so inside another page, too, where no choice opens anything.
    if ("shared" in this.page && top !== self) this.root.getElementById("consentkit-banner")?.remove();
    this.ready = this.follow(stale || !sent.services);
    this.stay();
    if (all("[data-ck-player]")[0]) import("./apply.js").catch(() => {});
  }

  // Takes hold of what stands in the root; the state that came with it.
  enter() {
    this.form = this.root.querySelector("form");
    this.status = this.root.querySelector(".said");
    this.control = this.root.getElementById("consentkit-preferences");
    this.page = this.form.dataset;
    this.address = new URL(this.form.getAttribute("action"), location.origin).href;
    this.shown = performance.now();
    on(this.form, "submit", (event) => this.submit(event));
    on(this.control, "click", (event) => this.click(event));
    return JSON.parse(this.page.state);
  }

  // Keeps the page in step: with other tabs, and with what was chosen while it was put away. A page of very many services
  // leaves their state out, so it is asked for. A page that is the same for all has it from the hint.
  follow(unknown) {
    attempt(() => {
      this.channel = new BroadcastChannel(this.address);
      this.channel.onmessage = ({ data }) => this.adopt(stateFrom(data));
    });
    attempt(() => {
      if (!sessionStorage.consentkit) return;
      delete sessionStorage.consentkit;
      this.rest("saved");
    });
    on(window, "pageshow", (event) => event.persisted && this.refresh());
    on(document, "prerenderingchange", () => this.refresh());
    const back = performance.getEntriesByType("navigation")[0]?.type === "back_forward";
    if (this.head?.state) this.adopt(stateFrom(this.head.state));
    return back || unknown ? this.refresh() : Promise.resolve(this.state);
  }

  // A transformed ancestor takes a fixed box along with it, out of sight; the top layer stays where the window is.
  stand() {
    const { top, bottom } = this.control.getBoundingClientRect();
    if (top >= 0 && bottom <= innerHeight) return;
    this.host.popover = "manual";
    this.host.showPopover();
  }

  // A script that swaps the body (Turbo Drive, hx-boost) brings a notice without a shadow root: its place is taken by the one
  // that works. A body without any gets it at its end.
  stay() {
    let body;
    const watch = () => {
      [body] = all("body");
      all("html,body").forEach((element) => watcher.observe(element, { childList: true }));
      attempt(() => this.stand());
    };
    const watcher = new MutationObserver(() => {
      const [fresh] = all("#consentkit");
      const [next] = all("body");
      if (this.host.isConnected || (!fresh && next === body)) return;
      if (fresh) fresh.replaceWith(this.host);
      else next?.append(this.host);
      this.take(fresh);
      watch();
    });
    watch();
  }

  // The words and the form of the new page move in. Its style takes the nonce that this document was sent with. A page that
  // was fetched ahead of a choice is fetched again.
  take(fresh) {
    const content = fresh?.querySelector("template")?.content;
    if (content) {
      this.host.lang = fresh.lang;
      this.host.dir = fresh.dir;
      for (const style of all("style", content)) style.nonce = this.root.querySelector("style")?.nonce;
      this.root.replaceChildren(content);
      const sent = this.enter();
      const ahead = sent.services && !("shared" in this.page) && !same(stateFrom(sent), this.state);
      if (ahead && this.reload()) return;
    }
    this.adopt(this.state);
  }

  async refresh() {
    try {
      this.adopt(stateFrom(await (await fetch(new URL(`state${this.head?.heard?.() ?? ""}`, this.address))).json()));
    } catch {}
    return this.state;
  }

  submit(event) {
    if (this.plain) return;
    event.preventDefault();
    this.choose(event.submitter.value, "banner").catch((error) => {
      if (error.status) return this.say("failed");
      this.plain = true;
      // Not at once: a rejection can come while this event is still being dispatched, and then a form is not sent again.
      setTimeout(() => this.form.requestSubmit(event.submitter));
    });
  }

  // A second press of the same button is the same act. Another one stops what is under way, but nothing stops a refusal.
  choose(action, how = "api", fields = new FormData()) {
    if (this.action === action || /^[rw]/.test(this.action)) return this.pending;
    this.stop?.abort();
    const { signal } = (this.stop = new AbortController());
    this.action = action;
    // Who waits for an act that was stopped is told how it ended.
    return (this.pending = this.send(action, how, fields, signal).catch((error) => {
      if (signal.aborted) return this.pending;
      this.action = "";
      throw error;
    }));
  }

  async send(action, how, fields, signal) {
    const own = new FormData(this.form);
    const answer = await fetch(this.address, {
      signal,
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        action,
        how,
        // One word until an act is done: by it the server knows a grant that a refusal overtakes.
        view: own.get("view") + (this.turn ? `-${this.turn}` : ""),
        notice: own.get("notice"),
        shown_ms: Math.round(performance.now() - this.shown),
        purpose: fields.getAll("purpose"),
        service: fields.getAll("service").filter(Boolean),
      }),
    });
    const { status } = answer;
    if (status === 409) this.reload();
    if (!answer.ok) throw Object.assign(new Error(`consentkit: ${status}`), { status });
    const { state, storage } = await answer.json();
    const next = stateFrom(state);
    this.turn++;
    this.action = "";
    this.channel?.postMessage(next);
    if (storage?.length) await this.clear(storage);
    this.adopt(next, true);
    return next;
  }

  // What services that may not run keep in the browser. A choice holds, whether this can be had or not.
  async clear(keys) {
    try {
      await (await import("./clear.js")).clear(keys);
    } catch {}
  }

  adopt(next, mine) {
    const before = this.state;
    this.state = next;
    if (!same(before, next)) {
      tell("change", next);
      for (const listener of this.listeners) listener(next);
    }
    const stale =
      narrows(before, next) || (before.decided && !next.decided) || ("narrowed" in this.page && narrows(next, before));
    if (stale && this.reload(mine)) return;
    this.host.dataset.consent = next.outcome;
    this.root.querySelector("dialog")?.close();
    if (next.decided) this.root.getElementById("consentkit-banner")?.remove();
    if (mine) this.rest(stale ? "later" : "saved");
    if (narrows(next, before) || all("[data-ck],template")[0]) this.enliven(mine);
  }

  // Where the module that brings things to life cannot be had, a new page brings them; one that is the same for all cannot.
  // Not while the page is read: its own document.write must still write into it.
  async enliven(mine) {
    const giveUp = () => (mine || !("shared" in this.page)) && this.reload(mine);
    try {
      if (document.readyState === "loading") await new Promise((resolve) => on(document, "DOMContentLoaded", resolve));
      await (await import("./apply.js")).activate((name) => allows(this.state, name), giveUp);
    } catch {
      giveUp();
    }
  }

  reload(mine) {
    if ("posted" in this.page) return false;
    // One word for the next page: that the choice was just made. It is taken away at once.
    if (mine) attempt(() => (sessionStorage.consentkit = 1));
    location.reload();
    return true;
  }

  // Where the focus goes after a choice, whatever was pressed: the place to change it.
  rest(word) {
    this.control.focus({ preventScroll: true });
    this.say(word);
  }

  say(word) {
    this.status.textContent = this.status.dataset[word];
    setTimeout(() => (this.status.textContent = ""), 9e3);
  }

  click(event) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    this.show();
  }

  async show() {
    try {
      await (await import("./preferences.js")).open(this);
    } catch {
      location.href = this.control.href;
    }
  }
}

const api = (notice) => ({
  get state() {
    return notice.state;
  },
  ready: notice.ready,
  allows: (name) => allows(notice.state, name),
  accept: () => notice.choose("accept"),
  reject: () => notice.choose("reject"),
  withdraw: () => notice.choose("withdraw"),
  save({ purposes = [], services = {} }) {
    const fields = new FormData();
    for (const name of purposes) fields.append("purpose", name);
    for (const [name, yes] of Object.entries(services)) fields.append("service", yes ? name : `-${name}`);
    return notice.choose("save", "api", fields);
  },
  show: () => notice.show(),
  on(type, listener) {
    if (type !== "change") throw new TypeError(type);
    notice.listeners.add(listener);
    listener(notice.state);
    return () => notice.listeners.delete(listener);
  },
});

const host = all("#consentkit").find(
  ({ shadowRoot }) => shadowRoot instanceof ShadowRoot && shadowRoot.getElementById("consentkit-preferences"),
);
if (host && !(window.consentkit?.ready instanceof Promise)) {
  const notice = new Notice(host);
  Object.defineProperty(window, "consentkit", { value: Object.freeze(api(notice)) });
  tell("ready", notice.state);
}
