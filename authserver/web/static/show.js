// The "Show" buttons of password fields. Without scripts the buttons stay hidden.
(function () {
  "use strict";
  function enable(button) {
    var input = document.getElementById(button.getAttribute("data-shows"));
    var labels = { text: button.getAttribute("data-hide") || "Hide", password: button.getAttribute("data-show") || "Show" };
    function show(visible) {
      input.type = visible ? "text" : "password";
      button.firstElementChild.textContent = labels[input.type];
    }
    button.hidden = false;
    button.addEventListener("click", function () {
      show(input.type === "password");
      input.focus();
    });
    // Browsers offer to save the value of a password field, but not of a text field.
    if (input.form) input.form.addEventListener("submit", function () { show(false); });
  }
  var buttons = document.querySelectorAll("[data-shows]");
  for (var i = 0; i < buttons.length; i += 1) enable(buttons[i]);
})();
