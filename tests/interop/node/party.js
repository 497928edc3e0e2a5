// A relying party on openid-client: `/` signs the user in and shows the name, `/refresh` uses the refresh token.
// ISSUER, CLIENT_ID, CLIENT_SECRET and PORT come from the environment; the rest is discovered.

import http from 'node:http'
import * as client from 'openid-client'

const { ISSUER, CLIENT_ID, CLIENT_SECRET, PORT } = process.env
const base = `http://127.0.0.1:${PORT}`

let configuration
let pending // what the one browser of the test is in the middle of
let tokens
let subject

async function discovered() {
  configuration ??= await client.discovery(
    new URL(ISSUER),
    CLIENT_ID,
    undefined,
    client.ClientSecretBasic(CLIENT_SECRET),
    { execute: [client.allowInsecureRequests] }, // loopback without TLS
  )
  return configuration
}

async function begin() {
  const config = await discovered()
  const verifier = client.randomPKCECodeVerifier()
  pending = { verifier, state: client.randomState(), nonce: client.randomNonce() }
  return client.buildAuthorizationUrl(config, {
    redirect_uri: `${base}/callback`,
    scope: 'openid profile email',
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state: pending.state,
    nonce: pending.nonce,
  })
}

async function finish(url) {
  const config = await discovered()
  tokens = await client.authorizationCodeGrant(config, url, {
    pkceCodeVerifier: pending.verifier,
    expectedState: pending.state,
    expectedNonce: pending.nonce,
    idTokenExpected: true,
  })
  subject = tokens.claims().sub
  return profile()
}

async function refresh() {
  tokens = await client.refreshTokenGrant(await discovered(), tokens.refresh_token)
  return 'refreshed'
}

// The claims come from the userinfo endpoint, whose subject must be the ID token's.
async function profile() {
  const user = await client.fetchUserInfo(await discovered(), tokens.access_token, subject)
  return JSON.stringify({ name: user.name, sub: user.sub, email: user.email })
}

const answers = {
  '/live': async () => 'live',
  '/callback': finish,
  '/refresh': refresh,
  '/profile': profile,
}

async function answer(request, response) {
  const url = new URL(request.url, base)
  if (url.pathname === '/') {
    response.writeHead(302, { location: (await begin()).href }).end()
    return
  }
  const text = await answers[url.pathname]?.(url)
  response.writeHead(text ? 200 : 404, { 'content-type': 'text/plain; charset=utf-8' }).end(text)
}

http
  .createServer((request, response) =>
    answer(request, response).catch((error) => {
      console.error(error)
      response.writeHead(502, { 'content-type': 'text/plain; charset=utf-8' }).end(`refused: ${error.error ?? error}`)
    }),
  )
  .listen(Number(PORT), '127.0.0.1')
