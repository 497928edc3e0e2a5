// Reloads the page when an administrator has approved the client. Stops polling after an hour.
(function () {
  "use strict";
  var url = document.currentScript.getAttribute("data-status");
  var left = 720;
  function poll() {
    left -= 1;
    fetch(url, { headers: { Accept: "application/json" } })
      .then(function (response) { return response.ok ? response.json() : {}; })
      .catch(function () { return {}; })
      .then(function (status) {
        if (status.approved) location.reload();
        else if (left > 0) setTimeout(poll, 5000);
      });
  }
  setTimeout(poll, 5000);
})();
