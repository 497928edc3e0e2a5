// Asks once before the user discards a value that is shown only once and was not copied, or a filled form. Console pages
// ask with the element #question. Other pages, and the browser's own buttons, use the question of the browser.
(() => {
  "use strict";

  const question = document.getElementById("question");
  let isAgreed = false;

  const isChanged = (field) => {
    if (field.type === "hidden" || field.disabled || !("defaultValue" in field || "options" in field)) return false;
    if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
    if (!field.options) return field.value !== field.defaultValue;
    const options = [...field.options];
    return options.length > 0 && !(options.find((one) => one.defaultSelected) ?? options[0]).selected;
  };

  // A form that is shown again with its errors was filled before.
  const isFilled = (form) => !!form.querySelector("#error-summary") || [...form.elements].some(isChanged);

  // Values that were copied stay copied if they are shown again, for example after an approval.
  const copied = new Set();
  const findUncopied = () => {
    const shown = [...document.querySelectorAll("[data-once]")];
    for (const one of shown) if ("copied" in one.dataset) copied.add(one.textContent);
    return shown.find((one) => !copied.has(one.textContent));
  };

  // Returns what is lost if the page is left, except the input of the form that is submitted.
  const lost = (submitted) => {
    const once = findUncopied();
    if (once && !submitted?.matches("[data-keeps]")) {
      return { title: `The ${once.dataset.once} was not copied`, text: "It will not be shown again." };
    }
    const forms = [...document.querySelectorAll("main form[method=post], dialog form[method=post]")];
    if (forms.some((form) => form !== submitted && isFilled(form))) {
      return { title: "Discard your input?", text: "What you entered is not saved." };
    }
    return null;
  };

  for (const button of question?.querySelectorAll("button") ?? []) {
    button.addEventListener("click", () => question.close(button.value));
  }

  const ask = ({ title, text }) => {
    question.querySelector("h2").textContent = title;
    question.querySelector("p").textContent = text;
    question.returnValue = "";
    question.showModal();
    return new Promise((resolve) => {
      question.addEventListener("close", () => resolve(question.returnValue === "discard"), { once: true });
    });
  };

  // Stops the event and asks. Repeats the action if the user agrees.
  const askFirst = async (event, found, repeat) => {
    event.preventDefault();
    event.stopImmediatePropagation();
    if (question.open || !(await ask(found))) return;
    isAgreed = true;
    repeat();
  };

  const followed = (event) => {
    const found = event.target.closest("a[href], [data-closes]");
    if (!found || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return null;
    const isElsewhere = found.target === "_blank" || found.hasAttribute("download");
    return isElsewhere || found.getAttribute("href")?.startsWith("#") ? null : found;
  };

  document.addEventListener("click", (event) => {
    const link = followed(event);
    if (!link || isAgreed) return;
    if (link.hasAttribute("data-confirms")) isAgreed = true;
    else if (question && lost()) askFirst(event, lost(), () => link.click());
  }, { capture: true });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || question?.open || document.querySelector(":popover-open")) return;
    const closes = document.querySelector("dialog[open] [data-closes]");
    if (closes && !isAgreed && lost()) askFirst(event, lost(), () => closes.click());
  }, { capture: true });

  document.addEventListener("submit", (event) => {
    const { target: form, submitter } = event;
    if (form.method !== "post") return;
    if (isAgreed || !lost(form)) isAgreed = true;
    else if (question) askFirst(event, lost(form), () => form.requestSubmit(submitter));
  }, { capture: true });

  addEventListener("beforeunload", (event) => {
    if (!isAgreed && lost()) event.preventDefault();
  });

  // The page stays, so ask again the next time.
  for (const name of ["htmx:after:swap", "htmx:error", "close"]) {
    document.addEventListener(name, () => { isAgreed = false; }, { capture: true });
  }
  addEventListener("pageshow", () => { isAgreed = false; });

  // The user can also copy with the keyboard.
  document.addEventListener("copy", () => {
    for (const once of document.querySelectorAll("[data-once]")) {
      if (getSelection().containsNode(once.querySelector("code"), true)) once.dataset.copied = "";
    }
  });
})();
