// A relying party on openid-client: `/` signs the user in and shows the name, `/refresh` uses the refresh token, `/logout`
// signs out, `/backchannel` receives logout tokens, and `/logout-claims` shows their claims; `/device` gets a user code and
// `/device-result` the tokens. ISSUER, CLIENT_ID, CLIENT_SECRET and PORT come from the environment.

import http from 'node:http'
import * as jose from 'jose'
import * as client from 'openid-client'

const { ISSUER, CLIENT_ID, CLIENT_SECRET, PORT } = process.env
const base = `http://127.0.0.1:${PORT}`

let configuration
let pending // the authorization request in progress
let tokens
let subject
let device // the codes of the device authorization in progress
const logoutClaims = [] // the claims of the logout tokens that were accepted

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

// The claims come from the userinfo endpoint. Its response must have the same subject as the ID token.
async function profile() {
  const user = await client.fetchUserInfo(await discovered(), tokens.access_token, subject)
  return JSON.stringify({ name: user.name, sub: user.sub, email: user.email })
}

async function logoutUrl() {
  return client.buildEndSessionUrl(await discovered(), {
    id_token_hint: tokens.id_token,
    post_logout_redirect_uri: `${base}/signed-out`,
    state: 'a b&c',
  })
}

// Back-Channel Logout, section 2.6: the validation of a logout token.
async function receiveLogout(body) {
  const metadata = (await discovered()).serverMetadata()
  const token = new URLSearchParams(body).get('logout_token')
  const keys = jose.createRemoteJWKSet(new URL(metadata.jwks_uri))
  const { payload } = await jose.jwtVerify(token, keys, {
    issuer: ISSUER,
    audience: CLIENT_ID,
    typ: 'logout+jwt',
    requiredClaims: ['iat', 'exp', 'jti', 'sid', 'sub'],
    maxTokenAge: 60,
  })
  const event = payload.events['http://schemas.openid.net/event/backchannel-logout']
  if (typeof event !== 'object' || 'nonce' in payload) throw new Error('this is not a logout token')
  logoutClaims.push({ sub: payload.sub, sid: payload.sid })
}

async function startDevice() {
  device = await client.initiateDeviceAuthorization(await discovered(), { scope: 'openid profile email' })
  return JSON.stringify(device)
}

async function finishDevice() {
  tokens = await client.pollDeviceAuthorizationGrant(await discovered(), device)
  subject = tokens.claims().sub
  return profile()
}

async function bodyOf(request) {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

const answers = {
  '/live': async () => 'live',
  '/callback': finish,
  '/refresh': refresh,
  '/profile': profile,
  '/signed-out': async (url) => `signed out, state ${url.searchParams.get('state')}`,
  '/logout-claims': async () => JSON.stringify(logoutClaims),
  '/device': startDevice,
  '/device-result': finishDevice,
}

async function answer(request, response) {
  const url = new URL(request.url, base)
  if (url.pathname === '/') {
    response.writeHead(302, { location: (await begin()).href }).end()
    return
  }
  if (url.pathname === '/logout') {
    response.writeHead(302, { location: (await logoutUrl()).href }).end()
    return
  }
  if (url.pathname === '/backchannel') {
    await receiveLogout(await bodyOf(request))
    response.writeHead(200).end()
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
