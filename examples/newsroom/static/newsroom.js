// The paper's own script: letters without a new page, and the ticker.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  const place = form.dataset.fragment;
  if (!place || event.defaultPrevented) return;
  event.preventDefault();
  const answer = await fetch(form.action, {
    method: "POST",
    headers: { "X-Requested-With": "fetch" },
    body: new URLSearchParams(new FormData(form)),
  });
  document.querySelector(place).outerHTML = await answer.text();
});

const line = document.querySelector("[data-ticker]");
const list = document.querySelector("[data-ticker-list]");
const stream = line?.dataset.ticker ?? list?.dataset.tickerList;
if (stream) {
  const source = new EventSource(stream);
  source.addEventListener("headline", (event) => {
    const { text } = JSON.parse(event.data);
    if (line) line.textContent = text;
    if (list) {
      const entry = document.createElement("li");
      entry.className = "entry";
      const time = document.createElement("time");
      time.textContent = new Date().toTimeString().slice(0, 8);
      const words = document.createElement("p");
      words.textContent = text;
      entry.append(time, words);
      list.prepend(entry);
      if (list.children.length > 20) list.lastElementChild.remove();
    }
  });
  // An open stream would keep the page out of the back/forward cache.
  addEventListener("pagehide", () => source.close());
}
