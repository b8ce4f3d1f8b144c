// What an act does to a page: sends it, and brings the page in step. Loaded with the first one, whoever's it is: the visitor's,
// another tab's, a script's.
import { allows, stateFrom } from "./state.js";
import { narrows, same } from "./compare.js";
import { all } from "./dom.js";
import { attempt, on, tell } from "./events.js";

// Old libraries give arrays and objects a toJSON of their own, which makes them text.
const plain = (list) => Object.setPrototypeOf(list, null);

// A listener of the page's own that throws is told of like any error, and keeps nothing from being done.
const hand = (listener, state) => {
  try {
    listener(state);
  } catch (error) {
    setTimeout(() => {
      throw error;
    });
  }
};

export class Acts {
  turn = 0;

  constructor(notice) {
    this.notice = notice;
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

  save({ purposes = [], services = {} }) {
    const fields = new FormData();
    for (const name of purposes) fields.append("purpose", name);
    for (const [name, yes] of Object.entries(services)) fields.append("service", yes ? name : `-${name}`);
    return this.choose("save", "api", fields);
  }

  async send(action, how, fields, signal) {
    const { address, channel, form, shown } = this.notice;
    const own = new FormData(form);
    const answer = await fetch(address, {
      signal,
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        __proto__: null,
        action,
        how,
        // One word until an act is done: by it the server knows a grant that a refusal overtakes.
        view: own.get("view") + (this.turn ? `-${this.turn}` : ""),
        notice: fields.get("notice") ?? own.get("notice"),
        shown_ms: Math.round(performance.now() - shown),
        purpose: plain(fields.getAll("purpose")),
        service: plain(fields.getAll("service").filter(Boolean)),
      }),
    });
    const { status } = answer;
    if (status === 409) this.notice.reload();
    if (!answer.ok) throw Object.assign(new Error(`consentkit: ${status}`), { status });
    const { state, storage } = await answer.json();
    const next = stateFrom(state);
    this.turn++;
    this.action = "";
    channel?.postMessage(next);
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

  /**
   * Brings the page in step with a state.
   * @param mine whether it comes of an act on this page
   * @param before the state that the page was made for
   */
  adopt(next, mine, before = this.notice.state) {
    const { host, listeners, page, root, state } = this.notice;
    this.notice.state = next;
    if (!same(state, next)) {
      tell("change", next);
      for (const listener of listeners) hand(listener, next);
    }
    const stale = narrows(before, next) || (before.decided && !next.decided) || ("narrowed" in page && narrows(next, before));
    if (stale && this.reload(mine)) return;
    host.dataset.consent = next.outcome;
    root.querySelector(".ck")?.close();
    if (next.decided) this.dismiss();
    // It looks by itself from then on.
    if (all(".signal", root)[0]) import("./signal.js").catch(() => {});
    if (mine) this.rest(stale ? "later" : "saved");
    if (narrows(next, before) || all("[data-ck],template")[0]) this.enliven(mine);
  }

  // What stands in front of the page goes, and what was within it stays.
  dismiss() {
    const { root } = this.notice;
    root.getElementById("consentkit-banner")?.remove();
    for (const front of all(".front", root)) front.replaceWith(...front.childNodes);
  }

  // Where the module that brings things to life cannot be had, a new page brings them; one that is the same for all cannot.
  // Not while the page is read: its own document.write must still write into it.
  async enliven(mine) {
    const giveUp = () => (mine || !("shared" in this.notice.page)) && this.reload(mine);
    try {
      if (document.readyState === "loading") await new Promise((resolve) => on(document, "DOMContentLoaded", resolve));
      await (await import("./apply.js")).activate((name) => allows(this.notice.state, name), giveUp);
    } catch {
      giveUp();
    }
  }

  reload(mine) {
    // One word for the next page: that the choice was just made. It is taken away at once.
    if (mine && !("posted" in this.notice.page)) attempt(() => (sessionStorage.consentkit = 1));
    return this.notice.reload();
  }

  // The words and the form of a page that a script brought move in. Its style takes the nonce that this document was sent with.
  // A page that was fetched ahead of a choice is fetched again.
  take(fresh) {
    const { host, root } = this.notice;
    const content = fresh?.querySelector("template")?.content;
    if (content) {
      host.lang = fresh.lang;
      host.dir = fresh.dir;
      for (const style of all("style", content)) style.nonce = root.querySelector("style")?.nonce;
      root.replaceChildren(content);
      const sent = this.notice.enter();
      const ahead = sent.services && !("shared" in this.notice.page) && !same(stateFrom(sent), this.notice.state);
      if (ahead && this.notice.reload()) return;
    }
    this.adopt(this.notice.state);
  }

  // What has the focus is never wholly covered (WCAG 2.2, 2.4.11): it is scrolled clear, else the banner goes to the other edge.
  async uncover(target) {
    // After the browser's own scrolling.
    await new Promise(requestAnimationFrame);
    const { host, root } = this.notice;
    const banner = root.getElementById("consentkit-banner");
    const box = (element) => Element.prototype.getBoundingClientRect.call(element);
    const covered = () => {
      const [inner, outer] = [target, banner].map(box);
      return ["top", "left"].every((side) => inner[side] >= outer[side]) && ["bottom", "right"].every((side) => inner[side] <= outer[side]);
    };
    const clear = () =>
      target.scrollIntoView({ block: banner.classList.contains("top") ? "end" : "start", behavior: "instant" });
    if (!banner || target === host || !covered()) return;
    clear();
    if (!covered()) return;
    banner.classList.toggle("top");
    clear();
  }

  // Where the focus goes after a choice, whatever was pressed: the place to change it.
  rest(word) {
    this.notice.control.focus({ preventScroll: true });
    this.say(word);
  }

  say(word) {
    const { status } = this.notice;
    status.textContent = status.dataset[word];
    setTimeout(() => (status.textContent = ""), 9e3);
  }
}
