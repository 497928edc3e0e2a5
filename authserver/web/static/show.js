// Lets people see the password that they type; without scripts the buttons stay hidden.
(function () {
  "use strict";
  function watch(button) {
    var input = document.getElementById(button.getAttribute("data-shows"));
    var words = { text: button.getAttribute("data-hide") || "Hide", password: button.getAttribute("data-show") || "Show" };
    function show(visible) {
      input.type = visible ? "text" : "password";
      button.firstElementChild.textContent = words[input.type];
    }
    button.hidden = false;
    button.addEventListener("click", function () {
      show(input.type === "password");
      input.focus();
    });
    // Browsers offer to keep what was typed into a password field, not what is in a text field.
    if (input.form) input.form.addEventListener("submit", function () { show(false); });
  }
  var buttons = document.querySelectorAll("[data-shows]");
  for (var i = 0; i < buttons.length; i += 1) watch(buttons[i]);
})();
