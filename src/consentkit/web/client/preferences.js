// The second layer: the preferences page in a dialog. Loaded when it is asked for. Whatever fails here, the link that opened
// it still leads to the page itself.

// A document fetched this way runs no script, and no text of ours passes through innerHTML: Trusted Types have nothing to stop.
const page = (address) =>
  new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("GET", address);
    request.responseType = "document";
    request.onload = () => (request.status === 200 ? resolve(request.response) : reject(request.status));
    request.onerror = reject;
    request.send();
  });

/** Opens the preferences in a dialog inside the notice's shadow root. The focus returns to the small control, or to the banner. */
export async function open(notice) {
  const { root, control } = notice;
  const fetched = await page(notice.preferences);
  const content = fetched.querySelector("main");
  const sheet = new CSSStyleSheet();
  await sheet.replace(await (await fetch(fetched.querySelector("link[rel=stylesheet]").href)).text());
  root.adoptedStyleSheets = [sheet];
  if (root.querySelector(".ck")) return;
  const dialog = document.adoptNode(dialogOf(content));
  const status = dialog.querySelector(".status");
  dialog.querySelector(".close").onclick = () => dialog.close();
  dialog.onclose = () => {
    dialog.remove();
    (root.getElementById("consentkit-more") ?? control).focus();
  };
  dialog.onsubmit = (event) => {
    // The receipt is a page: the form is sent as it is without us.
    if (event.target.elements.receipt?.checked) return;
    event.preventDefault();
    notice.act("choose", event.submitter.value, "page", new FormData(event.target)).catch(() => {
      status.textContent = notice.status.dataset.failed;
      status.scrollIntoView();
    });
  };
  root.append(dialog);
  dialog.showModal();
}

function dialogOf(content) {
  const make = (name, from) => {
    const made = from.ownerDocument.createElement(name);
    for (const { name: key, value } of from.attributes) made.setAttribute(key, value);
    made.append(...from.childNodes);
    return made;
  };
  // A page has one heading of the first level and one main part, and they are the host's.
  const title = content.querySelector("h1");
  const heading = make("h2", title);
  heading.tabIndex = -1;
  heading.autofocus = true;
  title.replaceWith(heading);
  const home = content.baseURI;
  const dialog = make("dialog", content);
  dialog.setAttribute("aria-labelledby", heading.id);
  dialog.querySelector(".close").hidden = false;
  // Addresses are relative to the page they came from, and a host's <base> is none of theirs.
  for (const form of dialog.querySelectorAll("form")) form.setAttribute("action", new URL(form.getAttribute("action"), home));
  for (const link of dialog.querySelectorAll("a")) {
    link.setAttribute("href", link.href);
    link.target = "_self";
  }
  return dialog;
}
