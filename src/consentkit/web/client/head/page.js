// What the server says of the page stands on the script's own element, so that this text is the same on every page. A library
// that runs the scripts of a page it fetched makes an element of its own: then nothing of this is for it.
const own = document.currentScript?.closest("[data-ck-head]");
const page = JSON.parse(own?.dataset.ckHead ?? "{}");
let allowed = (name) => page.allowed.includes(name);
const sent = () => {
  try {
    const start = `${page.cookie}=`;
    return document.cookie.split("; ").find((pair) => pair.startsWith(start))?.slice(start.length) ?? "";
  } catch {
    return page.hint;
  }
};
