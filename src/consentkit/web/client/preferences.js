// The second layer: the preferences page in a dialog. Loaded when it is asked for; whatever fails here, the link itself works.

const page = (address) =>
  new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("GET", address);
    request.responseType = "document";
    request.onload = () => (request.status === 200 ? resolve(request.response) : reject());
    request.onerror = reject;
    request.send();
  });

export async function open({ root, opener, choose, address }) {
  const fetched = await page(address);
  const main = fetched.querySelector("main");
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(await (await fetch(fetched.querySelector("link[rel=stylesheet]").getAttribute("href"))).text());
  root.adoptedStyleSheets = [sheet];
  const dialog = document.createElement("dialog");
  dialog.append(document.adoptNode(main));
  root.append(dialog);
  dialog.addEventListener("close", () => {
    dialog.remove();
    opener.focus();
  });
  dialog.addEventListener("submit", (event) => {
    event.preventDefault();
    choose(event.submitter.value, "page", new FormData(event.target)).then(() => dialog.close());
  });
  dialog.showModal();
}
