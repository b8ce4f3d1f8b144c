// The vendor's script: a visitor id in a cookie of the host page, and one hit to the vendor.
(() => {
  const source = document.currentScript.src;
  const known = document.cookie.match(/(?:^|; )_tp_id=([^;]*)/);
  const id = known ? known[1] : crypto.randomUUID();
  const thirteenMonths = 390 * 24 * 60 * 60;
  document.cookie = `_tp_id=${id}; Max-Age=${thirteenMonths}; Path=/; SameSite=Lax`;
  const hit = new URLSearchParams({ id, page: location.href, from: document.referrer });
  fetch(new URL("/collect", source), {
    method: "POST",
    mode: "no-cors",
    credentials: "include",
    keepalive: true,
    body: hit,
  }).catch(() => {});
  window.thirdParty = { hits: (window.thirdParty?.hits ?? 0) + 1 };
})();
