// Makes pages comfortable. Without scripts everything on them works, too.
"use strict";

// Moments are told as how long ago they were, in the language of the page.
function tellMoments() {
  const units = [["year", 31536000], ["month", 2592000], ["day", 86400], ["hour", 3600], ["minute", 60]];
  const inWords = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "auto" });
  for (const time of document.querySelectorAll("time[data-relative]")) {
    const moment = new Date(time.dateTime);
    const seconds = (moment - Date.now()) / 1000;
    const [unit, length] = units.find(([, length]) => Math.abs(seconds) >= length) ?? ["second", 1];
    time.title = moment.toLocaleString(document.documentElement.lang);
    time.textContent = unit === "second" ? inWords.format(0, "second") : inWords.format(Math.round(seconds / length), unit);
  }
}

// A code is sent as soon as all its digits are there.
function sendWhenComplete(field) {
  field.addEventListener("input", () => {
    const digits = field.value.replace(/\D/g, "");
    if (digits.length === Number(field.dataset.submitAt) && field.form.checkValidity()) {
      field.form.requestSubmit(field.form.querySelector("button:not([formaction])"));
    }
  });
}

function reveal(button) {
  const field = document.getElementById(button.dataset.reveal);
  button.hidden = false;
  button.addEventListener("click", () => {
    const isShown = field.type === "text";
    field.type = isShown ? "password" : "text";
    button.setAttribute("aria-pressed", String(!isShown));
    field.focus();
  });
  // What was shown to its owner is not left for the next to see, nor kept as a text by the browser.
  field.form.addEventListener("submit", () => { field.type = "password"; });
}

function copy(button) {
  const word = button.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const text = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(text.textContent.trim());
      button.textContent = button.dataset.copied;
    } catch {
      // The browser does not let pages write there: what is selected is copied by hand.
      getSelection().selectAllChildren(text);
      button.textContent = button.dataset.notCopied;
    }
    setTimeout(() => { button.textContent = word; }, 2000);
  });
}

tellMoments();
document.querySelectorAll("[data-submit-at]").forEach(sendWhenComplete);
document.querySelectorAll("[data-reveal]").forEach(reveal);
if (navigator.clipboard) {
  document.querySelectorAll("[data-copy]").forEach(copy);
}
