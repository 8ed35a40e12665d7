/* Asks the browser for a passkey and sends what it answers with the form. See components/passkey.html. */
"use strict";

async function optionsOf(form) {
  const address = form.dataset.passkeyOptions;
  if (!address) return JSON.parse(document.getElementById("passkey-options").textContent);
  const answer = await fetch(address, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`${answer.status}`);
  return answer.json();
}

async function ask(form) {
  const options = await optionsOf(form);
  if (form.dataset.passkey === "get") return webauthnJSON.get(options.request_options);
  const wanted = options.creation_options.publicKey.authenticatorSelection;
  Object.assign(wanted, {
    residentKey: "required", requireResidentKey: true, userVerification: "required",
  });
  return webauthnJSON.create(options.creation_options);
}

function show(form, message) {
  for (const kind of ["failure", "missing"]) {
    form.querySelector(`[data-passkey-${kind}]`).hidden = kind !== message;
  }
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  form.querySelector("[data-passkey-script]").remove(); // It says that scripts are switched off.
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    show(form, window.PublicKeyCredential ? null : "missing");
    if (!window.PublicKeyCredential) return;
    try {
      form.elements.credential.value = JSON.stringify(await ask(form));
      form.submit();
    } catch {
      show(form, "failure");
    }
  });
}
