// Has a worker do the sum that the form asks for, while somebody types. Whatever fails here, the
// form can be sent: the server then takes it by the slower way.
(() => {
  "use strict";
  const box = document.querySelector("[data-check]");
  if (!box || !window.Worker) return;
  const form = box.closest("form");
  const field = box.querySelector("[data-check-solution]");
  const status = box.querySelector("[data-check-status]");
  const challenge = JSON.parse(box.dataset.challenge);
  const LONGEST_WAIT = 20000; // milliseconds
  let state = "";
  let pressed = null; // the button that waits for the sum

  const say = (words) => { status.textContent = box.dataset[words]; };
  const send = () => {
    const button = pressed;
    pressed = null;
    form.requestSubmit(button.isConnected ? button : undefined);
  };
  const end = (how) => {
    if (state !== "working") return;
    state = how;
    box.dataset.state = how;
    say(how);
    if (pressed) send();
  };
  const base64 = (text) => btoa(text); // All of it is ASCII: digits, and words of ours.

  const work = () => {
    if (state) return;
    state = "working";
    say("working");
    try {
      const worker = new Worker(box.dataset.worker);
      worker.onerror = () => end("failed");
      worker.onmessage = ({ data }) => {
        worker.terminate();
        if (!data || data.error) return end("failed");
        field.value = base64(JSON.stringify({ challenge, solution: data }));
        return end("done");
      };
      worker.postMessage({ type: "work", challenge, counterStart: 0, counterStep: 1 });
    } catch {
      end("failed");
    }
  };

  form.addEventListener("focusin", work);
  form.addEventListener("submit", (event) => {
    work();
    if (state !== "working") return;
    event.preventDefault();
    pressed = event.submitter || form.querySelector("[type=submit]");
    say("waiting");
    setTimeout(() => end("failed"), LONGEST_WAIT);
  });
})();
