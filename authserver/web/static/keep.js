// Copies and prints what is shown once; without scripts the buttons stay hidden. Nothing here writes HTML.
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
    var words = button.lastChild;
    var before = words.data;
    function say(text) {
      words.data = " " + text;
      button.setAttribute("aria-live", "polite");
      setTimeout(function () { words.data = before; }, 4000);
    }
    button.hidden = false;
    button.addEventListener("click", function () {
      navigator.clipboard.writeText(place.innerText.trim()).then(
        function () { say(button.getAttribute("data-copied") || "Copied"); },
        function () { select(place); say(button.getAttribute("data-press") || "Press Ctrl+C"); }
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
