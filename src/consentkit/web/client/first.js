// On every page, after the notice: knows the state, and loads what acts once there is an act.
import { allows, stateFrom } from "./state.js";
import { all } from "./dom.js";
import { attempt, on, tell } from "./events.js";

const nothing = () => {};

class Notice {
  listeners = new Set();

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
    if (all("[data-ck-player]")[0]) import("./apply.js").catch(nothing);
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
    const [front] = all(".front", this.root);
    if (front) import("./modal.js").then(({ guard }) => guard(front), nothing);
    // On its way while a finger is still down.
    on(this.form, "pointerover", () => this.load().catch(nothing));
    return JSON.parse(this.page.state);
  }

  // Keeps the page in step: with other tabs, and with what was chosen while it was put away. A page of very many services
  // leaves their state out, so it is asked for. A page that is the same for all has it from the hint.
  follow(unknown) {
    attempt(() => {
      this.channel = new BroadcastChannel(this.address);
      this.channel.onmessage = ({ data }) => this.act("adopt", stateFrom(data)).catch(() => this.reload());
    });
    attempt(() => {
      if (!sessionStorage.consentkit) return;
      delete sessionStorage.consentkit;
      this.act("rest", "saved").catch(nothing);
    });
    on(document, "focusin", ({ target }) => this.act("uncover", target).catch(nothing));
    on(window, "pageshow", (event) => event.persisted && this.refresh());
    on(document, "prerenderingchange", () => this.refresh());
    // A signal that came after the page's first script is told for the next one.
    this.head?.heard?.();
    const back = performance.getEntriesByType("navigation")[0]?.type === "back_forward";
    if (this.head?.state) {
      const before = this.state;
      this.state = stateFrom(this.head.state);
      this.act("adopt", this.state, false, before).catch(nothing);
    }
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
      this.act("take", fresh).then(watch, watch);
    });
    watch();
  }

  async refresh() {
    try {
      const answer = await fetch(new URL(`state?signal=${this.head?.heard?.() ?? ""}`, this.address));
      await this.act("adopt", stateFrom(await answer.json()));
    } catch {}
    return this.state;
  }

  submit(event) {
    if (this.plain) return;
    event.preventDefault();
    const { submitter } = event;
    this.act("choose", submitter.value, "banner").catch((error) => {
      if (error.status) return this.act("say", "failed");
      this.plain = true;
      // Not at once: a rejection can come while this event is still being dispatched, and then a form is not sent again.
      setTimeout(() => this.form.requestSubmit(submitter));
    });
  }

  // What follows from a choice is loaded with the first: most views of a page have none.
  load() {
    return (this.acts ??= import("./act.js").then(({ Acts }) => new Acts(this)));
  }

  async act(name, ...values) {
    return (await this.load())[name](...values);
  }

  reload() {
    if ("posted" in this.page) return false;
    location.reload();
    return true;
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
      location.href = this.preferences;
    }
  }

  // A script may have changed the address since: the way back leads to what is shown now.
  get preferences() {
    const page = new URL(this.control.href);
    page.searchParams.set("next", location.pathname + location.search);
    return page;
  }
}

const api = (notice) => ({
  get state() {
    return notice.state;
  },
  ready: notice.ready,
  allows: (name) => allows(notice.state, name),
  accept: () => notice.act("choose", "accept"),
  reject: () => notice.act("choose", "reject"),
  withdraw: () => notice.act("choose", "withdraw"),
  save: (choice) => notice.act("save", choice),
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
