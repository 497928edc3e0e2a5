// Keeps a form from being sent twice by a double click; it can be sent again after some seconds, or when shown again.
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
