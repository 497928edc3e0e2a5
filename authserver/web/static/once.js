// Prevents a double click from submitting a form twice. The form can be submitted again
// after 4 seconds, or when the page is shown again.
(function () {
  "use strict";
  var pause = 4000;
  var sent = 0;
  document.addEventListener("submit", function (event) {
    if (sent && Date.now() - sent < pause) event.preventDefault();
    else if (!event.defaultPrevented) sent = Date.now();
  });
  addEventListener("pageshow", function () { sent = 0; });
})();
