// Google's Consent Mode: denied before the first tag, then what is granted. Its tags read an arguments object, no list.
const say = function () {
  (window.dataLayer ??= []).push(arguments);
};
const types = (open) =>
  Object.fromEntries(Object.entries(page.mode).map(([type, names]) => [type, names.every(open) ? "granted" : "denied"]));
let told = types(() => false);
const tell = (open) => {
  const now = types(open);
  if (JSON.stringify(now) !== JSON.stringify(told)) say("consent", "update", (told = now));
};
if (own) {
  say("consent", "default", { ...told, security_storage: "granted", ...page.wait });
  tell((name) => allowed(name));
  addEventListener("consentkit:change", ({ detail }) =>
    tell((name) => detail.granted.includes(name) || detail.services[name]));
}
