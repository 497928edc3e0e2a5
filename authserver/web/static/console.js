// Enhances the console: dialogs, copy buttons, row selection and the redirect URI editor. Every page also works
// without this script. The script never writes HTML (Trusted Types).
(() => {
  "use strict";

  const dialog = document.getElementById("dialog");
  const toastElement = document.getElementById("toast");

  // Everything outside an open dialog is inert, so the message is put inside.
  const toast = (message) => {
    (dialog.open ? dialog : document.body).append(toastElement);
    toastElement.textContent = message;
    toastElement.hidden = false;
    clearTimeout(toast.timer);
    toast.timer = setTimeout(() => { toastElement.hidden = true; }, 4000);
  };

  // Dialogs: htmx fills the page's one <dialog> element, and these functions open and close it.

  const openDialog = () => {
    if (!dialog.open) dialog.showModal();
    const first = dialog.querySelector("[autofocus]");
    if (first) first.focus();
  };

  const closeDialog = () => {
    // After a change, the page behind the dialog is out of date.
    const reloads = dialog.querySelector("[data-reloads]");
    if (!reloads) dialog.close();
    else if (reloads.dataset.reloads) location.assign(reloads.dataset.reloads);
    else location.reload();
  };

  dialog.addEventListener("close", () => {
    // The event can arrive after the next dialog has been opened.
    if (!dialog.open) dialog.replaceChildren();
  });
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    closeDialog();
  });
  dialog.addEventListener("pointerdown", (event) => {
    if (event.target === dialog && !dialog.querySelector("form, [data-reloads]")) closeDialog();
  });

  document.addEventListener("htmx:after:swap", (event) => {
    const target = event.detail.ctx.target;
    if (target === dialog || target === "#dialog") openDialog();
    enhance(document);
  });

  // Search for text that the user typed before htmx was ready.
  document.addEventListener("htmx:after:init", ({ target: form }) => {
    if (!form.matches("form[role=search]")) return;
    const typed = [...form.querySelectorAll("input")].some((field) => field.value !== field.defaultValue);
    if (typed) form.dispatchEvent(new Event("input"));
  });

  document.addEventListener("htmx:before:request", (event) => {
    for (const menu of document.querySelectorAll("[popover]")) if (menu.matches(":popover-open")) menu.hidePopover();
    void event;
  });

  // htmx does not swap error responses. Load the page in the browser instead, so that the error is shown.
  document.addEventListener("htmx:response:error", (event) => {
    const { request, response, sourceElement } = event.detail.ctx;
    if ([409, 422].includes(response.status) && sourceElement.matches("form[method=post]")) return;
    if (request.method === "GET") location.assign(request.action);
    else sendAsPage(sourceElement, request.submitter);
  });

  document.addEventListener("htmx:error", (event) => {
    if (event.detail.error && !event.detail.ctx?.response) toast("The server did not respond. Try again.");
  });

  // Submits a form without htmx, for example when a sign-in is required first. The server preserves the input.
  const sendAsPage = (form, submitter) => {
    if (submitter?.name) {
      const pressed = document.createElement("input");
      pressed.type = "hidden";
      pressed.name = submitter.name;
      pressed.value = submitter.value;
      form.append(pressed);
    }
    HTMLFormElement.prototype.submit.call(form);
  };

  // Clicks

  document.addEventListener("click", async (event) => {
    const opens = event.target.closest("a[data-opens]");
    if (opens && window.htmx && !event.button && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      const headers = { "HX-Target": "dialog#dialog" };
      htmx.ajax("GET", opens.getAttribute("href"), { source: opens, target: dialog, headers });
      return;
    }
    const closes = event.target.closest("[data-closes]");
    if (closes && dialog.contains(closes)) {
      event.preventDefault();
      closeDialog();
      return;
    }
    const copies = event.target.closest("[data-copies]");
    if (!copies) return;
    try {
      await navigator.clipboard.writeText(copies.dataset.copies);
      copies.classList.add("is-copied");
      const once = copies.closest("[data-once]");
      if (once) once.dataset.copied = "";
      toast("Copied.");
      setTimeout(() => copies.classList.remove("is-copied"), 2000);
    } catch {
      const range = document.createRange();
      range.selectNodeContents(copies.parentElement.querySelector("code"));
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      toast("Press Ctrl+C to copy.");
    }
  });

  // Screen readers do not read the messages that are on the page when it loads.
  const messages = [...document.querySelectorAll(".notice[role=status]")].map((one) => one.textContent.trim());
  if (messages.length) {
    const announcer = document.getElementById("announcer");
    setTimeout(() => { announcer.textContent = messages.join(" "); }, 300);
  }

  // Row selection

  document.addEventListener("change", (event) => {
    const form = event.target.closest(".selection");
    if (!form) return;
    const rows = [...form.querySelectorAll("input[name=key]")];
    const all = form.querySelector("[data-selects-all]");
    if (event.target === all) for (const row of rows) row.checked = all.checked;
    const selected = rows.filter((row) => row.checked).length;
    all.checked = selected === rows.length;
    all.indeterminate = selected > 0 && selected < rows.length;
    form.querySelector("[data-selected]").textContent = `${selected} selected`;
  });

  // Redirect URI editor: Enter adds one URI, pasted lines add one each, and the server checks them as you type. The
  // form still submits the text area.

  const element = (name, properties = {}, ...children) => {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  };

  const shown = (uri) => element("bdi", { dir: "ltr" }, element("code", { textContent: uri }));

  class RedirectUris {
    constructor(field) {
      this.field = field;
      this.area = field.querySelector("textarea");
      this.input = element("input", {
        className: "input", type: "text", id: "redirect_uri", autocomplete: "off", spellcheck: false, dir: "ltr",
        placeholder: "https://",
      });
      this.input.setAttribute("aria-describedby", "redirect_uris-hint redirect_uris-error redirect_uri-finding");
      if (this.area.hasAttribute("aria-invalid")) this.input.setAttribute("aria-invalid", "true");
      this.list = element("ul", { className: "plain chips" });
      this.finding = element("div", { className: "live-finding", id: "redirect_uri-finding" });
      this.finding.setAttribute("aria-live", "polite");
      const add = element("button", { type: "button", className: "button", textContent: "Add" });
      add.addEventListener("click", () => this.take(this.input.value));
      this.area.hidden = true;
      field.querySelector("label").htmlFor = "redirect_uri";
      for (const link of document.querySelectorAll("a[href='#redirect_uris']")) link.setAttribute("href", "#redirect_uri");
      this.area.before(this.list, element("div", { className: "with-button" }, this.input, add), this.finding);
      // The server has already checked these URIs and rendered its findings.
      this.known = new Map(this.uris.map((uri) => [uri, { sentence: "" }]));
      for (const { dataset } of field.querySelectorAll(".finding")) {
        this.known.set(dataset.uri, { sentence: dataset.sentence, fix: dataset.fix, refused: "refused" in dataset });
      }
      this.input.addEventListener("keydown", (event) => this.onKey(event));
      this.input.addEventListener("paste", (event) => this.onPaste(event));
      this.input.addEventListener("input", () => this.checkSoon());
      this.area.form.addEventListener("submit", (event) => this.onSubmit(event), { capture: true });
      this.draw();
    }

    get uris() {
      return this.area.value.split("\n").map((line) => line.trim()).filter(Boolean);
    }

    onKey(event) {
      if (event.key !== "Enter") return;
      event.preventDefault();
      this.take(this.input.value);
    }

    onPaste(event) {
      const text = event.clipboardData.getData("text");
      if (!/[\r\n]\s*\S/.test(text)) return;
      event.preventDefault();
      this.take(text);
    }

    // Adds a URI that the user typed but has not added yet.
    onSubmit() {
      if (this.input.value.trim()) this.take(this.input.value);
    }

    take(text) {
      const added = text.split(/\s+/).filter(Boolean);
      if (!added.length) return;
      this.area.value = [...new Set([...this.uris, ...added])].join("\n");
      this.input.value = "";
      this.finding.replaceChildren();
      this.draw();
      this.input.focus();
    }

    drop(uri) {
      this.area.value = this.uris.filter((other) => other !== uri).join("\n");
      this.draw();
      this.input.focus();
    }

    swap(uri, fix) {
      this.area.value = [...new Set(this.uris.map((other) => (other === uri ? fix : other)))].join("\n");
      this.draw();
      this.input.focus();
    }

    draw() {
      this.list.replaceChildren(...this.uris.map((uri) => this.chip(uri)));
    }

    chip(uri) {
      const remove = element("button", { type: "button", className: "chip-remove", textContent: "×" });
      remove.setAttribute("aria-label", `Remove ${uri}`);
      remove.addEventListener("click", () => this.drop(uri));
      const place = element("div", { className: "chip-finding" });
      const item = element("li", { className: "chip" }, element("div", { className: "chip-line" }, shown(uri), remove), place);
      this.check(uri).then((found) => this.show(place, found, () => this.swap(uri, found.fix)));
      return item;
    }

    checkSoon() {
      clearTimeout(this.timer);
      const uri = this.input.value.trim();
      if (!uri) return this.finding.replaceChildren();
      this.timer = setTimeout(async () => {
        const found = await this.check(uri);
        if (this.input.value.trim() !== uri) return;
        this.show(this.finding, found, () => {
          this.input.value = found.fix;
          this.input.focus();
          this.checkSoon();
        });
      }, 300);
    }

    async check(uri) {
      if (this.known.has(uri)) return this.known.get(uri);
      try {
        const response = await fetch(`${this.field.dataset.uris}?uri=${encodeURIComponent(uri)}`);
        if (!response.ok) return { sentence: "" };
        const found = await response.json();
        this.known.set(uri, found);
        return found;
      } catch {
        return { sentence: "" };
      }
    }

    show(place, found, use) {
      place.replaceChildren();
      if (!found.sentence) return;
      place.append(element("p", { className: found.refused ? "error" : "warning", textContent: found.sentence }));
      if (!found.fix) return;
      const fix = element("button", { type: "button", className: "button button-small" }, "Use this: ", shown(found.fix));
      fix.addEventListener("click", use);
      place.append(fix);
    }
  }

  const enhance = (root) => {
    for (const field of root.querySelectorAll("[data-uris]:not(.is-live)")) {
      field.classList.add("is-live");
      new RedirectUris(field);
    }
  };

  enhance(document);
})();
