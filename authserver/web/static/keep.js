// Copy and print buttons for values that are shown once. The buttons stay hidden without scripts. Never writes HTML.
(function () {
  "use strict";
  function select(place) {
    var range = document.createRange();
    range.selectNodeContents(place);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
  }
  function copies(button) {
    var place = document.getElementById(button.getAttribute("data-copies"));
    var label = button.lastChild;
    var before = label.data;
    function announce(text) {
      label.data = " " + text;
      button.setAttribute("aria-live", "polite");
      setTimeout(function () { label.data = before; }, 4000);
    }
    button.hidden = false;
    button.addEventListener("click", function () {
      navigator.clipboard.writeText(place.innerText.trim()).then(
        function () { announce(button.getAttribute("data-copied") || "Copied"); },
        function () { select(place); announce(button.getAttribute("data-press") || "Press Ctrl+C"); }
      );
    });
  }
  function prints(button) {
    button.hidden = false;
    button.addEventListener("click", function () { print(); });
  }
  document.querySelectorAll("[data-copies]").forEach(copies);
  document.querySelectorAll("[data-prints]").forEach(prints);
})();
