// Continues to the application when the front-channel logout frames have loaded, or after 4 seconds.
// Without scripts the user follows the link.

(function () {
  'use strict'
  var TIMEOUT_MS = 4000
  var loaded = 0
  var isDone = false

  function redirect() {
    var link = document.querySelector('[data-redirects]')
    if (isDone || !link) return
    isDone = true
    window.location.replace(link.href)
  }

  function redirectWhenLoaded() {
    if (document.readyState !== 'loading' && loaded >= document.querySelectorAll('iframe').length) redirect()
  }

  // The load event does not bubble, so listen in the capture phase.
  document.addEventListener('load', function (event) {
    if (event.target.tagName !== 'IFRAME') return
    loaded += 1
    redirectWhenLoaded()
  }, true)
  document.addEventListener('DOMContentLoaded', redirectWhenLoaded)
  window.setTimeout(redirect, TIMEOUT_MS)
})()
