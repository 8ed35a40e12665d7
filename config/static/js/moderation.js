// Lets a moderator decide entries by single keys and without leaving the list, and says which entry
// one looks at, so that a colleague goes on with another. Every decision works without this script,
// by buttons and links; nothing here knows more than they do.
(() => {
  "use strict";
  const queue = document.querySelector("[data-queue]");
  const page = document.querySelector("[data-entry]");
  const csrf = () => document.querySelector("[name=csrfmiddlewaretoken]").value;

  // Whether single keys decide: each browser remembers it (WCAG 2.1.4).
  const SWITCH = "moderation-keys";
  const isOn = () => {
    try { return localStorage.getItem(SWITCH) !== "off"; } catch { return true; }
  };
  const remember = (on) => {
    try { localStorage.setItem(SWITCH, on ? "on" : "off"); } catch { /* full, or switched off */ }
  };

  const keys = document.getElementById("keys");
  const showKeys = () => { if (!keys.open) keys.showModal(); };
  document.querySelectorAll("[data-keys-bar]").forEach((bar) => { bar.hidden = false; });
  document.querySelectorAll("[data-keys-open]").forEach((button) => button.addEventListener("click", showKeys));
  const on = document.querySelector("[data-keys-on]");
  if (on) {
    on.checked = isOn();
    on.addEventListener("change", () => remember(on.checked));
  }
  document.querySelectorAll("[data-dialog-close]").forEach((button) => {
    button.addEventListener("click", () => button.closest("dialog").close());
  });

  const post = (url, fields, signal) => {
    const body = new FormData();
    body.set("csrfmiddlewaretoken", csrf());
    Object.entries(fields).forEach(([name, value]) => body.set(name, value));
    return fetch(url, { method: "POST", body, headers: { Accept: "application/json" }, credentials: "same-origin", signal });
  };
  const send = (url, fields) => {
    const form = document.createElement("form");
    Object.assign(form, { method: "post", action: url });
    Object.entries({ csrfmiddlewaretoken: csrf(), ...fields }).forEach(([name, value]) => {
      const field = document.createElement("input");
      Object.assign(field, { type: "hidden", name, value });
      form.append(field);
    });
    document.body.append(form);
    form.submit();
  };

  // Who looks at what -----------------------------------------------------------------------------

  // One entry is this moderator's: that of the page, or the row of the list that one is at. Said
  // again each minute, as long as somebody moves; whoever goes to another page frees it.
  let held = "";
  let isActive = true;
  const claim = (url) => {
    held = url;
    isActive = false;
    return post(url, {}, AbortSignal.timeout(3000));
  };
  const free = () => {
    if (!held) return;
    const body = new FormData();
    body.set("csrfmiddlewaretoken", csrf());
    body.set("leave", "1");
    navigator.sendBeacon(held, body);
  };
  ["keydown", "pointermove", "scroll"].forEach((kind) => {
    addEventListener(kind, () => { isActive = true; }, { passive: true });
  });
  setInterval(() => { if (held && isActive && !document.hidden) claim(held).catch(() => {}); }, 60000);
  addEventListener("pagehide", free);

  // What the last message offers to undo, on either page.
  const undoByMessage = () => {
    const link = document.querySelector(".messagelist a[data-undo]");
    if (link) send(link.href.split("#")[0], { decision: link.dataset.undo, seen: link.dataset.seen });
  };

  // The list ------------------------------------------------------------------------------------

  const rows = () => [...queue.querySelectorAll("[data-row]")];
  const isDecided = (row) => row.classList.contains("row--decided");
  const isOpen = (row) => !isDecided(row) && !("elsewhere" in row.dataset);
  const readingOf = (row) => row.querySelector("[data-reading]")?.dataset.reading ?? "";
  const current = () => document.activeElement && document.activeElement.closest("[data-row]");
  const status = document.querySelector("[data-status]");
  let lastDecided = null; // Also one taken back since: the message speaks of what was before it.

  // The row that one is at is claimed: at once after a decision, and where one only passes by not
  // at all. What a colleague has, or has decided, is left for the next one.
  const GLANCE = 500;
  let claiming = Promise.resolve();
  let claimLater = 0;
  let movedAt = -GLANCE;
  const look = (row, delay) => {
    clearTimeout(claimLater);
    const url = readingOf(row);
    if (url && url !== held) claimLater = setTimeout(() => { claiming = hold(row, url).catch(() => {}); }, delay);
  };
  const hold = async (row, url) => {
    if (row.dataset.busy || readingOf(row) !== url || document.hidden) return;
    free();
    const answer = await claim(url);
    if (answer.status === 204 || readingOf(row) !== url) return;
    const told = await answer.json();
    if (held === url) held = "";
    status.textContent = told.sentence;
    const isHere = current() === row;
    const go = told.gone ? leave(row, told.sentence) : pass(row, told.sentence);
    sayWhetherDone();
    if (!isHere) return;
    // A key that is on its way was meant for the row before.
    movedAt = performance.now();
    go(row);
  };

  const goTo = (row, delay = GLANCE) => {
    if (!row) return;
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
    look(row, delay);
  };
  const step = (direction) => {
    const all = rows();
    const place = all.indexOf(current());
    goTo(place < 0 ? all.find(isOpen) ?? all[0] : all[place + direction]);
  };
  const onward = document.querySelector("[data-page-done]");
  const goOn = (row) => {
    const all = rows();
    const place = all.indexOf(row);
    const waiting = [...all.slice(place + 1), ...all.slice(0, place)].filter(isOpen);
    if (waiting.length) goTo(waiting[0], 0);
    else onward.querySelector("a").focus();
  };
  // The page stays when it is done, so that the last decision can still be taken back.
  const sayWhetherDone = () => { if (!rows().some(isOpen)) onward.hidden = false; };
  // The row that one is at, or what else has the focus; null if nothing has it.
  const whereOneIs = () => {
    const at = document.activeElement;
    return !at || at === document.body ? null : at.closest("[data-row]") || at;
  };

  const decide = async (row, url, fields) => {
    if (row.dataset.busy) return;
    row.dataset.busy = "1";
    const from = whereOneIs();
    const wasOpen = isOpen(row);
    try {
      await claiming;
      if (wasOpen && !isOpen(row)) return; // A colleague was quicker.
      const answer = await post(url, fields);
      const told = await answer.json();
      // On a slow answer one has gone on to read another row: the next key is meant for that one.
      const hasStayed = [row, from, null].includes(whereOneIs());
      status.textContent = told.sentence;
      const go = show(row, told, fields.decision);
      sayWhetherDone();
      if (hasStayed) go(row);
    } catch {
      // No answer, or one of another kind (logged out): let the browser show what it is.
      send(url, fields);
    } finally {
      delete row.dataset.busy;
    }
  };
  // Django's script counts, and ticks with all others, what has this class when it begins; here it
  // is asked each time, because rows are decided meanwhile.
  const boxes = () => [...queue.querySelectorAll("input.action-select")];
  const countBoxes = window.Actions;
  if (queue && countBoxes) {
    window.Actions = () => countBoxes({
      forEach: (visit) => boxes().forEach(visit),
      get length() { return boxes().length; },
      [Symbol.iterator]: () => boxes()[Symbol.iterator](),
    });
  }
  const letTick = (row, may) => {
    const box = row.querySelector("[name=_selected_action]");
    if (!box) return;
    box.disabled = !may;
    box.checked = false;
    box.classList.toggle("action-select", may);
    row.classList.remove("selected");
    dispatchEvent(new Event("pageshow")); // At which Django's script counts again.
  };

  // Each of these says where one goes from the row.
  const show = (row, told, decision) => {
    if (told.gone) return leave(row, told.sentence);
    return told.done ? settle(row, told.html, decision) : refuse(row, told.sentence);
  };
  const settle = (row, html, decision) => {
    const isBack = decision === "back" || decision === "up";
    if (readingOf(row) === held) held = ""; // The decision has freed it.
    row.querySelector("[data-decision]").innerHTML = html;
    row.classList.toggle("row--decided", !isBack);
    letTick(row, isBack);
    lastDecided = row;
    return isBack ? goTo : goOn;
  };
  const noteOf = (sentence, kind = "row__refused") => {
    const note = document.createElement("p");
    note.className = kind;
    note.textContent = sentence;
    return note;
  };
  const refuse = (row, sentence) => {
    row.querySelector("[data-decision]").prepend(noteOf(sentence));
    return goTo;
  };
  // A colleague was quicker, or its signatory withdrew: nothing is left to decide here.
  const leave = (row, sentence) => {
    row.querySelector("[data-decision]").replaceChildren(noteOf(sentence));
    row.classList.add("row--decided");
    letTick(row, false);
    return goOn;
  };
  // A colleague looks at it, or it is to be read anew: its own page has all of it.
  const pass = (row, sentence) => {
    const open = row.querySelector("[data-reading]");
    open.removeAttribute("data-reading");
    row.querySelector("[data-decision]").replaceChildren(noteOf(sentence, "row__looked"), open);
    row.dataset.elsewhere = "";
    letTick(row, false);
    return goOn;
  };

  const dialog = document.getElementById("reject-dialog");
  let rejected = null;
  const openRejection = (link) => {
    rejected = { row: link.closest("[data-row]"), url: link.dataset.reject };
    const form = dialog.querySelector("form");
    form.reset();
    const note = form.querySelector("[data-note]");
    if (note) note.hidden = "nameless" in link.dataset;
    dialog.querySelector("[data-reject-name]").textContent = rejected.row.querySelector(".line__name").textContent;
    dialog.showModal();
    form.querySelector("[name=reason]").focus();
  };

  if (queue) {
    document.getElementById("changelist-form").addEventListener("submit", (event) => {
      const button = event.submitter;
      const row = button && button.closest("[data-row]");
      if (!row || button.name !== "decision") return;
      event.preventDefault();
      decide(row, button.formAction, { decision: button.value });
    });
    queue.addEventListener("focusin", (event) => {
      const row = event.target.closest("[data-row]");
      if (row) look(row, GLANCE);
    });
    queue.addEventListener("click", (event) => {
      const link = event.target.closest("[data-reject]");
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      openRejection(link);
    });
    dialog.querySelector("form").addEventListener("submit", (event) => {
      event.preventDefault();
      const form = event.target;
      const reason = form.querySelector("[name=reason]:checked");
      if (!reason) return form.querySelector("[name=reason]").focus();
      const note = form.elements.note && !form.elements.note.closest("[hidden]") ? form.elements.note.value : "";
      dialog.close();
      decide(rejected.row, rejected.url, { decision: "reject", reason: reason.value, note });
    });
    // Back from a decision without this page's memory: the row that comes next.
    if (location.hash.startsWith("#entry-")) goTo(document.getElementById(location.hash.slice(1)));
  }

  // The entry -----------------------------------------------------------------------------------

  const chooseReason = (scope, number) => {
    const reason = scope.querySelectorAll("[name=reason]")[number - 1];
    if (!reason) return false;
    reason.checked = true;
    reason.focus();
    return true;
  };

  if (page && page.dataset.reading) {
    held = page.dataset.reading;
    if (!document.hidden) claim(held).catch(() => {});
  }

  // The keys ------------------------------------------------------------------------------------

  const isTyping = (target) => target.isContentEditable || (
    target.matches("input, textarea, select") && !target.matches("[type=checkbox], [type=radio], [type=submit], [type=button]")
  );
  const press = (scope, key) => {
    const found = scope && scope.querySelector(`[data-key="${key}"]`);
    if (found) found.click();
    return Boolean(found);
  };

  const inList = (key) => {
    if (key === "j") step(1);
    else if (key === "k") step(-1);
    else if (key === "n") return press(document.querySelector("[data-page-done]:not([hidden])"), "n");
    else if (key === "z") {
      if (lastDecided) press(lastDecided, "z");
      else undoByMessage();
    } else if ("aros".includes(key)) {
      // The first key only finds the place: nobody decides what they have not looked at.
      const row = current();
      if (performance.now() - movedAt < GLANCE) return true;
      if (!row) goTo(rows().find(isOpen));
      else if (!isDecided(row) || key === "o") press(row, key);
    } else return false;
    return true;
  };
  const inEntry = (key) => {
    const reject = document.getElementById("entry-reject");
    if (key === "r" && reject) {
      reject.scrollIntoView({ block: "nearest" });
      return reject.querySelector("[name=reason]").focus() ?? true;
    }
    if (/^[1-6]$/.test(key)) return Boolean(reject) && reject.contains(document.activeElement) && chooseReason(reject, Number(key));
    if (key === "z") {
      // After a decision without a way back, the button of this page is about another entry.
      if (document.querySelector(".messagelist")) undoByMessage();
      else press(page, "z");
      return true;
    }
    return "asnp".includes(key) && press(page, key);
  };

  document.addEventListener("keydown", (event) => {
    // Holding a key down decides one entry, not thirty.
    if (event.repeat || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.defaultPrevented || isTyping(event.target)) return;
    const key = event.key.toLowerCase();
    const open = document.querySelector("dialog[open]");
    if (open) {
      if (open === dialog && isOn() && /^[1-6]$/.test(key) && chooseReason(open, Number(key))) event.preventDefault();
      return;
    }
    if (!isOn() || (!queue && !page)) return;
    if (event.key === "?") showKeys();
    else if (event.shiftKey) return;
    else if (!(queue ? inList(key) : inEntry(key))) return;
    event.preventDefault();
  });
})();
