// Says since when the part that asks for itself again has had no answer.
addEventListener("DOMContentLoaded", () => {
  const part = document.querySelector("[data-live]");
  if (!part) return;
  const said = document.getElementById("no-news");
  let ticks = 0;
  // Four answers that did not come, in seconds.
  const MOST = 8;
  document.body.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target !== part) return;
    ticks = 0;
    said.hidden = true;
  });
  setInterval(() => {
    // Nobody looks at a tab behind another, whose requests the browser slows down.
    if (document.hidden) return;
    ticks += 1;
    if (ticks < MOST || !said.hidden) return;
    said.querySelector("span").textContent = part.querySelector("time").textContent;
    said.hidden = false;
  }, 1000);
});
