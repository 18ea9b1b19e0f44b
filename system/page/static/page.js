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

// Counts the characters of a text as the server does: an emoji and the end of a line are one each, blanks around the text none.
addEventListener("DOMContentLoaded", () => {
  const file = document.getElementById("media_url");
  for (const said of document.querySelectorAll("[data-counts]")) {
    const field = document.getElementById(said.dataset.counts);
    const tell = () => {
      const most = Number(file.value.trim() ? said.dataset.underAFile : said.dataset.most);
      const text = field.value.trim();
      const long = [...text].length;
      const plural = (number) => `${number.toLocaleString("fr")} caractère${number > 1 ? "s" : ""}`;
      const filled = text.includes("{{") ? ", variables non remplies" : "";
      said.textContent = long > most ? `${plural(long - most)} de trop, sur ${plural(most)} au plus${filled}.` : `${plural(long)} sur ${most.toLocaleString("fr")}${filled}.`;
      said.className = long > most ? "field-problem" : "hint";
    };
    let waits = 0;
    for (const typed of [field, file]) {
      typed.addEventListener("input", () => {
        // Screen readers say it: once, when somebody pauses.
        clearTimeout(waits);
        waits = setTimeout(tell, 500);
      });
    }
    tell();
  }
});
