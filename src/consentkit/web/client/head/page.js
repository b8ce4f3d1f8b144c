// What the server says of the page stands on the script's own element, so that this text is the same on every page. A library
// that runs the scripts of a page it fetched makes an element of its own: then nothing of this is for it.
const own = document.currentScript?.closest("[data-ck-head]");
const page = JSON.parse(own?.dataset.ckHead ?? "{}");
let allowed = (name) => page.allowed.includes(name);
// In a sandboxed frame the first touch of a cookie throws.
const sealed = origin === "null";
const sent = (name = page.cookie) => (sealed ? page.hint : `; ${document.cookie}`.split(`; ${name}=`)[1]?.split(";")[0]) ?? "";
// What the browser says to scripts and has not said to the server, which is told by a cookie, and where it is asked for the
// state. It closes and never opens.
const heard = (asked) => {
  const name = page.hear?.find((name) => navigator[name] == 1) ?? asked;
  if (name && !sealed) document.cookie = `${page.mark}=${name};${page.keep}`;
  return name;
};
if (own) own.heard = heard;
