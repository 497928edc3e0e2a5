// Copy and print buttons for codes that are shown once. Without scripts the buttons stay hidden.
(function () {
  "use strict";
  function select(element) {
    var range = document.createRange();
    range.selectNodeContents(element);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
  }
  // leaving.js does not ask about these codes any more.
  function kept(button) {
    var shown = button.closest("[data-once]");
    if (shown) shown.setAttribute("data-copied", "");
  }
  function enableCopy(button) {
    var source = document.getElementById(button.getAttribute("data-copies"));
    var label = button.lastChild;
    var original = label.data;
    function show(text) {
      label.data = " " + text;
      button.setAttribute("aria-live", "polite");
      setTimeout(function () { label.data = original; }, 4000);
    }
    button.hidden = false;
    button.addEventListener("click", function () {
      navigator.clipboard.writeText(source.innerText.trim()).then(
        function () { kept(button); show(button.getAttribute("data-copied") || "Copied"); },
        function () { select(source); show(button.getAttribute("data-press") || "Press Ctrl+C"); }
      );
    });
  }
  function enablePrint(button) {
    button.hidden = false;
    button.addEventListener("click", function () { kept(button); print(); });
  }
  document.querySelectorAll("[data-copies]").forEach(enableCopy);
  document.querySelectorAll("[data-once] a[download]").forEach(function (link) {
    link.addEventListener("click", function () { kept(link); });
  });
  document.querySelectorAll("[data-prints]").forEach(enablePrint);
})();
