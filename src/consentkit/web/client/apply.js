// Brings gated elements to life: the same element put back in its place, in document order, each once. Loaded the first time
// that something opens, or at once for a page with a player that waits: any other first view goes without it.
// Only names that fetch or run are ever restored, and only on elements that fetch or run: a sanitised comment may hold
// data-* attributes of any name, and must not become an event of its own making. Any other element gets back the addresses in
// its style, and what a lazy loader reads.

import { all } from "./dom.js";

const KINDS = /^(script|iframe|frame|img|image|link|embed|object|source|track|audio|video|input)$/;
const PARKED = /^data-ck-(src|srcset|imagesrcset|lowsrc|href|xlink:href|data|codebase|classid|srcdoc|sandbox|poster|type|data-.+)$/;
const LAZY = /^data-ck-(data-.+|background|media)$/;
const WRITES = ["write", "writeln"];
const RUNS = /^javascript:/i;
const WAITS = /\bwindow\.onload\s*=|["'](?:on)?load["']|["']DOMContentLoaded["']/;
const NO_ADDRESS = /^(?!https?:|data:image\/)[a-z][a-z\d+.-]*:/i;

const gated = (root) =>
  all("[data-ck],template", root).flatMap((element) =>
    element instanceof HTMLTemplateElement ? gated(element.content) : element);

const within = (node) =>
  node instanceof Element && (node.hasAttribute("data-ck") || Element.prototype.querySelector.call(node, "[data-ck],template"));

// At once, where a page has a placeholder for a player: it takes the player's very box, whatever sheet that is from. Where only
// a <source> is shut out it stands inside the player, where nobody sees it, and moves in front.
for (const place of all("iframe[data-ck-player]")) {
  const around = place.closest("video,audio");
  const player = around ?? place.nextElementSibling;
  if (!(player instanceof HTMLMediaElement)) continue;
  player.hidden = false;
  const { width, height } = player.getBoundingClientRect();
  const { display } = getComputedStyle(player);
  // One for each source: the first says it. One that nobody would see says nothing.
  if (around && (!width || player.previousElementSibling?.dataset.ckPlayer === "")) {
    place.remove();
    continue;
  }
  if (around) player.before(place);
  Object.assign(place.style, { boxSizing: "border-box", border: "0", display, width: `${width}px`, height: `${height}px` });
  place.style.maxWidth = "100%";
  // The bar of a sound is too low for words.
  if (player.localName === "audio") place.style.minHeight = "96px";
  player.style.display = "none";
}

let turn = Promise.resolve();
let latest;
// What arrives later, gated for an older choice.
const watcher = new MutationObserver((records) => {
  if (records.some(({ addedNodes }) => [...addedNodes].some(within))) activate(...latest);
});

/**
 * Activates what is allowed now, after all that was activated before.
 * @param allowed whether a purpose or a service may run: (name) => boolean
 * @param giveUp called where something cannot be brought to life in place, and needs a new page; whether there will be one
 */
export function activate(allowed, giveUp) {
  latest = [allowed, giveUp];
  watcher.observe(document, { childList: true, subtree: true });
  return (turn = turn.then(() => enlivenAll(allowed, giveUp)));
}

async function enlivenAll(allowed, giveUp) {
  const ready = gated(document).filter(
    (element) => element.dataset.ck.trim().split(/\s+/).every((name) => name && allowed(name)));
  if (ready.some((element) => element.localName === "script" && /document\s*\.\s*write/.test(element.textContent))) return giveUp();
  // What waits for a page to load waits for ever on one that has: it needs a new page, unless it looks first.
  const late = ({ localName, textContent: text }) => localName === "script" && WAITS.test(text) && !text.includes("readyState");
  if (document.readyState === "complete" && ready.some(late) && giveUp()) return;
  for (const place of all("[data-ck-place]")) if (place.dataset.ckPlace.split(" ").every(allowed)) clear(place);
  if (!ready.length) return;
  for (const { made = [] } of all("[data-ck-head]"))
    for (const [id, on, name, stub] of made) if (allowed(id) && on[name] === stub) delete on[name];
  // A late document.write wipes the page.
  // Not assigned: where a page has frozen its built-ins that throws.
  for (const name of WRITES) Object.defineProperty(document, name, { value: giveUp, configurable: true, writable: true });
  try {
    for (const element of ready) await enliven(element);
  } catch {
    giveUp();
  } finally {
    for (const name of WRITES) delete document[name];
  }
}

function clear(place) {
  const player = place.nextElementSibling;
  if ("ckPlayer" in place.dataset && player instanceof HTMLMediaElement) {
    player.hidden = false;
    player.style.display = "";
  }
  place.remove();
}

async function enliven(element) {
  if (!element.hasAttribute("data-ck")) return;
  unstill(element);
  if (!KINDS.test(element.localName)) return element.removeAttribute("data-ck");
  const place = new Comment();
  element.replaceWith(place);
  const script = element.localName === "script";
  element.removeAttribute("data-ck");
  restore(element, script);
  const waits = script && element.src && !element.hasAttribute("async") && !element.noModule && place.isConnected;
  const done = waits && new Promise((resolve) => (element.onload = element.onerror = resolve));
  // An object that once showed what is inside it never loads again (Chromium, seen 2026-11); a copy does.
  place.replaceWith(element.localName === "object" ? element.cloneNode(true) : element);
  await done;
}

// The gate writes data:ck, before an address in a style, and puts a style that hides the page away by its media.
const INERT = "data:ck,";
function unstill(element) {
  const style = element.getAttribute("style");
  if (style?.includes(INERT)) element.style.cssText = style.replaceAll(INERT, "");
  if (element.localName === "style") {
    const { textContent: sheet } = element;
    if (sheet.includes(INERT)) element.textContent = sheet.replaceAll(INERT, "");
    if (element.media === "not all") element.removeAttribute("media");
  }
  for (const { name, value } of [...element.attributes]) {
    const live = LAZY.exec(name)?.[1];
    if (!live || KINDS.test(element.localName)) continue;
    element.removeAttribute(name);
    element.setAttribute(live, value);
  }
}

function restore(element, script) {
  if (script) element.removeAttribute("type");
  // What stood in a frame while it waited is ours.
  if (element.localName === "iframe") element.removeAttribute("srcdoc");
  for (const { name, value } of [...element.attributes]) {
    const live = PARKED.exec(name)?.[1];
    if (!live) continue;
    element.removeAttribute(name);
    revive(element, live, value, RUNS);
  }
  if (script && element.getAttribute("type") === "text/plain") {
    element.removeAttribute("type");
    if (element.dataset.type) element.type = element.dataset.type;
  }
  for (const name of ["src", "srcset", "href"]) {
    const value = element.getAttribute(`data-${name}`);
    if (value && !element.hasAttribute(name)) revive(element, name, value, NO_ADDRESS);
  }
}

function revive(element, name, value, refused) {
  if (refused.test(value.replace(/[\0- ]+/g, ""))) return;
  const space = name.startsWith("xlink:") ? "http://www.w3.org/1999/xlink" : null;
  element.setAttributeNS(space, name, trusted()[name === "srcdoc" ? "createHTML" : "createScriptURL"](value));
}

// Values that the page itself held are given back to it. Where a page names the policies that it allows and ours is not among
// them, this throws, and the page is reloaded instead.
let policy;
const trusted = () => {
  const rules = { createHTML: (value) => value, createScriptURL: (value) => value };
  return (policy ??= window.trustedTypes?.createPolicy("consentkit", rules) ?? rules);
};
