// Keeps what an organiser types in this browser until the server has it. Nothing leaves the browser
// here: htmx saves, and this notices where it could not.
(() => {
  "use strict";
  const form = document.querySelector("[data-draft]");
  if (!form) return;
  const key = `draft:${form.dataset.draft}`;
  const offer = document.querySelector("[data-recover]");
  const fields = () => [...form.elements].filter((f) => f.name && f.type !== "hidden" && f.type !== "submit");
  const typed = () => JSON.stringify(fields().map((f) => [f.name, f.value]));
  const shown = typed();

  const keep = () => {
    try { localStorage.setItem(key, typed()); } catch { /* full, or switched off */ }
  };
  const drop = () => {
    try { localStorage.removeItem(key); } catch { /* switched off */ }
    if (offer) offer.hidden = true;
  };
  const kept = () => {
    try { return localStorage.getItem(key); } catch { return null; }
  };

  const before = kept();
  if (offer && before && before !== shown) {
    offer.hidden = false;
    offer.querySelector("[data-recover-take]").addEventListener("click", () => {
      const values = new Map(JSON.parse(before));
      fields().forEach((f) => { if (values.has(f.name)) f.value = values.get(f.name); });
      offer.hidden = true;
      form.dispatchEvent(new Event("input", { bubbles: true }));
    });
    offer.querySelector("[data-recover-drop]").addEventListener("click", drop);
  } else if (before) {
    drop();
  }

  form.addEventListener("input", keep);
  form.addEventListener("submit", keep);
  form.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.elt !== form) return;
    const saved = document.getElementById("saved");
    if (event.detail.successful && saved && saved.dataset.saved) drop();
    else if (!event.detail.successful && saved) saved.textContent = form.dataset.lost;
  });
})();
