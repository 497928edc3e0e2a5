// A relying party on oauth4webapi, which validates every response strictly. ISSUER, CLIENT_ID,
// CLIENT_SECRET and PORT come from the environment; everything else is discovered.

import http from 'node:http'
import * as oauth from 'oauth4webapi'

const { ISSUER, CLIENT_ID, CLIENT_SECRET, PORT } = process.env
const base = `http://127.0.0.1:${PORT}`
const loopback = { [oauth.allowInsecureRequests]: true }
const self = { client_id: CLIENT_ID }
const secret = oauth.ClientSecretBasic(CLIENT_SECRET)

let server
let pending

async function discovered() {
  const issuer = new URL(ISSUER)
  server ??= await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, loopback))
  return server
}

async function begin() {
  const { authorization_endpoint: endpoint } = await discovered()
  const verifier = oauth.generateRandomCodeVerifier()
  pending = { verifier, state: oauth.generateRandomState(), nonce: oauth.generateRandomNonce() }
  const parameters = {
    client_id: CLIENT_ID,
    redirect_uri: `${base}/callback`,
    response_type: 'code',
    scope: 'openid profile email',
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state: pending.state,
    nonce: pending.nonce,
  }
  return `${endpoint}?${new URLSearchParams(parameters)}`
}

async function finish(url) {
  const parameters = oauth.validateAuthResponse(server, self, url, pending.state)
  const redeemed = await oauth.authorizationCodeGrantRequest(
    server, self, secret, parameters, `${base}/callback`, pending.verifier, loopback)
  const tokens = await oauth.processAuthorizationCodeResponse(server, self, redeemed, {
    expectedNonce: pending.nonce,
    requireIdToken: true,
  })
  const { sub } = oauth.getValidatedIdTokenClaims(tokens)
  const asked = await oauth.userInfoRequest(server, self, tokens.access_token, loopback)
  const user = await oauth.processUserInfoResponse(server, self, sub, asked)
  const introspected = await oauth.introspectionRequest(server, self, secret, tokens.access_token, loopback)
  const { active } = await oauth.processIntrospectionResponse(server, self, introspected)
  const revoked = await oauth.revocationRequest(server, self, secret, tokens.access_token, loopback)
  await oauth.processRevocationResponse(revoked)
  const again = await oauth.introspectionRequest(server, self, secret, tokens.access_token, loopback)
  const after = await oauth.processIntrospectionResponse(server, self, again)
  return JSON.stringify({ name: user.name, sub: user.sub, email: user.email, active, after: after.active })
}

async function answer(request, response) {
  const url = new URL(request.url, base)
  if (url.pathname === '/live') return response.end('live')
  if (url.pathname === '/') return response.writeHead(302, { location: await begin() }).end()
  if (url.pathname === '/callback') return response.end(await finish(url))
  return response.writeHead(404).end()
}

http
  .createServer((request, response) =>
    answer(request, response).catch((error) => {
      console.error(error)
      response.writeHead(502).end(`refused: ${error.error ?? error}`)
    }),
  )
  .listen(Number(PORT), '127.0.0.1')
