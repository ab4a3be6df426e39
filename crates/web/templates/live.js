// A run that goes on: parts of its page are replaced as they change. Without it, the page is loaded anew every few seconds.
const now = document.querySelector("[data-live]");
if (now) {
  const source = new EventSource(now.dataset.live);
  const replace = (event) => {
    const drawn = document.createRange().createContextualFragment(event.data).firstElementChild;
    const old = document.getElementById(drawn.id);
    // A page that was drawn before there was a plan has no such part yet.
    if (!old) return location.reload();
    // What the reader opened or closed stays so.
    if (old.open !== undefined && old.dataset.touched) [drawn.open, drawn.dataset.touched] = [old.open, "yes"];
    old.replaceWith(drawn);
  };
  document.addEventListener("click", ({ target }) => { const one = target.closest("summary")?.parentElement; if (one) one.dataset.touched = "yes"; });
  for (const kind of ["head", "tier", "budget", "time"]) source.addEventListener(kind, replace);
  source.addEventListener("note", (event) => { now.textContent = event.data; });
  source.addEventListener("done", () => {
    source.close();
    const link = document.createElement("a");
    link.href = location.pathname;
    link.textContent = "Show it with its logs.";
    now.textContent = "This run is over. ";
    now.append(link);
  });
  // Refused, for there are too many onlookers: as without scripts.
  source.addEventListener("error", () => { if (source.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 10000); });
}
