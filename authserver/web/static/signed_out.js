// Goes on to the application once the frames that sign people out elsewhere are loaded, or after a few seconds.
// Without script the link does the same.

(function () {
  'use strict'
  var PATIENCE_MS = 4000
  var loaded = 0
  var isGone = false

  function goOn() {
    var link = document.querySelector('[data-goes-on]')
    if (isGone || !link) return
    isGone = true
    window.location.replace(link.href)
  }

  function goOnWhenAllAreLoaded() {
    if (document.readyState !== 'loading' && loaded >= document.querySelectorAll('iframe').length) goOn()
  }

  // The event does not bubble, but it can be caught on its way down.
  document.addEventListener('load', function (event) {
    if (event.target.tagName !== 'IFRAME') return
    loaded += 1
    goOnWhenAllAreLoaded()
  }, true)
  document.addEventListener('DOMContentLoaded', goOnWhenAllAreLoaded)
  window.setTimeout(goOn, PATIENCE_MS)
})()
