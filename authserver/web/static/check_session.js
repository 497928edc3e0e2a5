// The OP iframe of OpenID Connect Session Management 1.0, section 3.2: the RP iframe posts "client_id session_state",
// and this frame responds with "unchanged", "changed" or "error". The script implements SHA-256 itself, because
// crypto.subtle requires TLS.

(function () {
  'use strict'

  var K = []
  var FIRST = []

  function fraction(root) { return ((root - Math.floor(root)) * 0x100000000) | 0 }

  for (var candidate = 2; K.length < 64; candidate += 1) {
    var isPrime = true
    for (var divisor = 2; divisor * divisor <= candidate; divisor += 1) if (candidate % divisor === 0) isPrime = false
    if (!isPrime) continue
    if (FIRST.length < 8) FIRST.push(fraction(Math.sqrt(candidate)))
    K.push(fraction(Math.cbrt(candidate)))
  }

  function rotate(word, count) { return (word >>> count) | (word << (32 - count)) }

  function padded(bytes) {
    var message = bytes.slice()
    message.push(0x80)
    while (message.length % 64 !== 56) message.push(0)
    var bits = bytes.length * 8
    for (var shift = 56; shift >= 0; shift -= 8) message.push(shift >= 32 ? 0 : (bits >>> shift) & 255)
    return message
  }

  function round(state, message, offset) {
    var words = []
    var s = state.slice()
    for (var i = 0; i < 64; i += 1) {
      if (i < 16) {
        var at = offset + i * 4
        words[i] = (message[at] << 24) | (message[at + 1] << 16) | (message[at + 2] << 8) | message[at + 3]
      } else {
        var a = words[i - 15]
        var b = words[i - 2]
        var small = rotate(a, 7) ^ rotate(a, 18) ^ (a >>> 3)
        var large = rotate(b, 17) ^ rotate(b, 19) ^ (b >>> 10)
        words[i] = (words[i - 16] + small + words[i - 7] + large) | 0
      }
      var sum1 = rotate(s[4], 6) ^ rotate(s[4], 11) ^ rotate(s[4], 25)
      var chosen = (s[4] & s[5]) ^ (~s[4] & s[6])
      var first = (s[7] + sum1 + chosen + K[i] + words[i]) | 0
      var sum0 = rotate(s[0], 2) ^ rotate(s[0], 13) ^ rotate(s[0], 22)
      var majority = (s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2])
      var second = (sum0 + majority) | 0
      s = [(first + second) | 0, s[0], s[1], s[2], (s[3] + first) | 0, s[4], s[5], s[6]]
    }
    return state.map(function (word, index) { return (word + s[index]) | 0 })
  }

  function sha256(text) {
    var encoded = unescape(encodeURIComponent(text))
    var bytes = []
    for (var i = 0; i < encoded.length; i += 1) bytes.push(encoded.charCodeAt(i))
    var message = padded(bytes)
    var state = FIRST
    for (var offset = 0; offset < message.length; offset += 64) state = round(state, message, offset)
    return state.map(function (word) { return ('0000000' + (word >>> 0).toString(16)).slice(-8) }).join('')
  }

  var NAME = document.body.getAttribute('data-cookie')
  var PROBE = NAME + '_probe'
  var ATTRIBUTES = '; path=/' + (location.protocol === 'https:' ? '; secure; samesite=none' : '; samesite=lax')

  function cookie(name) {
    var found = document.cookie.split('; ').filter(function (each) { return each.indexOf(name + '=') === 0 })[0]
    return found ? found.slice(name.length + 1) : ''
  }

  // Without the cookie, the user has signed out, or the browser hides the cookie from frames on other sites. In the first
  // case, a cookie with the same attributes can be set. Browsers that partition cookies allow that, too, but report that
  // the frame has no access to the cookies of this site.
  function readsCookies() {
    document.cookie = PROBE + '=1' + ATTRIBUTES
    var isSet = cookie(PROBE) === '1'
    document.cookie = PROBE + '=; max-age=0' + ATTRIBUTES
    return isSet && document.hasStorageAccess ? document.hasStorageAccess() : Promise.resolve(isSet)
  }

  function status(data, origin) {
    var match = typeof data === 'string' ? /^(\S+) ([0-9a-f]{64})\.(\S+)$/.exec(data) : null
    if (!match || !/^https?:\/\//.test(origin)) return 'error'
    var state = cookie(NAME)
    if (!state) return readsCookies().then(function (isReading) { return isReading ? 'changed' : 'error' })
    return sha256([match[1], origin, state, match[3]].join(' ')) === match[2] ? 'unchanged' : 'changed'
  }

  window.addEventListener('message', function (event) {
    if (!event.source || event.source === window) return
    function respond(answer) { event.source.postMessage(answer, event.origin) }
    // Reading a cookie throws an error in a frame with a sandbox.
    Promise.resolve().then(function () { return status(event.data, event.origin) }).then(respond, function () {
      respond('error')
    })
  })
})()
