// Loads the mailbox again as soon as its newest mail is another one. Without scripts the page reloads itself.
"use strict";

const POLL_MILLISECONDS = 2000;
const shown = document.querySelector("[data-newest]").dataset.newest;

async function newest() {
  const response = await fetch("mailbox.json", { cache: "no-store" });
  const { items } = await response.json();
  return items.length > 0 ? items[0].id : "";
}

async function look() {
  try {
    if (document.visibilityState === "visible" && (await newest()) !== shown) {
      location.reload();
      return;
    }
  } catch {
    // The service restarts: it answers again at one of the next looks.
  }
  setTimeout(look, POLL_MILLISECONDS);
}

setTimeout(look, POLL_MILLISECONDS);
