// An OAuth 1.0a consumer on passport-oauth1: `/` signs the user in and shows the response of the protected resource.
// ISSUER, CLIENT_ID, CLIENT_SECRET and PORT come from the environment.

import http from 'node:http'
import OAuth1Strategy from 'passport-oauth1'

const { ISSUER, CLIENT_ID, CLIENT_SECRET, PORT } = process.env
const base = `http://127.0.0.1:${PORT}`
const session = {} // the session of the only browser of the test

class Strategy extends OAuth1Strategy {
  constructor() {
    super(
      {
        requestTokenURL: `${ISSUER}/oauth/requestToken`,
        accessTokenURL: `${ISSUER}/oauth/accessToken`,
        userAuthorizationURL: `${ISSUER}/oauth/authorize`,
        consumerKey: CLIENT_ID,
        consumerSecret: CLIENT_SECRET,
        callbackURL: `${base}/callback`,
      },
      (token, tokenSecret, profile, done) => done(null, profile),
    )
  }

  userProfile(token, tokenSecret, params, done) {
    this._oauth.get(`${ISSUER}/oauth/whoami`, token, tokenSecret, (error, body) => done(error, body))
  }
}

// Does what passport does: sets the callbacks of a strategy, and then calls it.
function authenticate(request, response) {
  const url = new URL(request.url, base)
  const strategy = Object.create(new Strategy())
  const text = (status, body) => response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(body)
  strategy.redirect = (location) => response.writeHead(302, { location }).end()
  strategy.success = (body) => text(200, body)
  strategy.fail = (challenge) => text(502, `refused: ${challenge?.message ?? 'failed'}`)
  strategy.error = (error) => text(502, `refused: ${error.oauthError?.data ?? error}`)
  strategy.authenticate({ url: request.url, query: Object.fromEntries(url.searchParams), session, headers: request.headers })
}

http
  .createServer((request, response) => {
    if (request.url === '/live') response.writeHead(200).end('live')
    else if (request.url === '/' || request.url.startsWith('/callback')) authenticate(request, response)
    else response.writeHead(404).end()
  })
  .listen(Number(PORT), '127.0.0.1')
