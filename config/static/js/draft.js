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
  // What two texts say, however many blanks, line ends and empty rows they have.
  const said = (json) => JSON.parse(json).map(([name, value]) => value.replace(/\s+/g, " ").trim()).filter(Boolean).join("\n");

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
  const save = () => form.dispatchEvent(new Event("input", { bubbles: true }));

  const before = kept();
  const isDifferent = () => {
    try { return said(before) !== said(typed()); } catch { return false; }
  };
  // A page that says "saved" answers what was just sent, moved or removed rows included.
  if (offer && before && !("savedNow" in form.dataset) && isDifferent()) {
    offer.hidden = false;
    offer.querySelector("[data-recover-take]").addEventListener("click", () => {
      const values = new Map(JSON.parse(before));
      fields().forEach((f) => { if (values.has(f.name)) { f.value = values.get(f.name); values.delete(f.name); } });
      // Rows that the page lacks go along unseen, and stand on it once it is saved.
      values.forEach((value, name) => {
        const row = document.createElement("input");
        Object.assign(row, { type: "hidden", name, value });
        form.append(row);
      });
      offer.hidden = true;
      form.elements.text.dispatchEvent(new Event("input", { bubbles: true }));
    });
    offer.querySelector("[data-recover-drop]").addEventListener("click", drop);
  } else if (before) {
    drop();
  }

  let sent = null;
  let pressed = null;
  form.addEventListener("input", keep);
  form.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.elt === form) sent = typed();
  });
  form.addEventListener("submit", (event) => {
    keep();
    if (sent === null) return;
    // The answer on its way has the number of the draft; sent without it, the form would be
    // taken for somebody else's.
    event.preventDefault();
    pressed = event.submitter;
  });
  form.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.elt !== form) return;
    const saved = document.getElementById("saved");
    const isSame = sent === typed();
    sent = null;
    if (pressed) {
      const button = pressed;
      pressed = null;
      setTimeout(() => form.requestSubmit(button));
    } else if (event.detail.successful) {
      // The answer is not on the page yet.
      if (isSame && /data-saved="/.test(event.detail.xhr.responseText)) drop();
    } else if (saved) {
      saved.removeAttribute("data-saved");
      saved.textContent = event.detail.xhr.status === 401 ? form.dataset.signedOut : form.dataset.lost;
    }
  });
  window.addEventListener("online", () => { if (kept()) save(); });
})();
