// A relying party on openid-client that uses the hybrid flow with form_post. It checks the code and the ID token that
// the form returns, and redeems the code. ISSUER, CLIENT_ID, CLIENT_SECRET and PORT come from the environment.

import http from 'node:http'
import * as client from 'openid-client'

const { ISSUER, CLIENT_ID, CLIENT_SECRET, PORT } = process.env
const base = `http://127.0.0.1:${PORT}`

let configuration
let pending

async function discovered() {
  if (!configuration) {
    configuration = await client.discovery(new URL(ISSUER), CLIENT_ID, undefined, client.ClientSecretBasic(CLIENT_SECRET), {
      execute: [client.allowInsecureRequests, client.useCodeIdTokenResponseType],
    })
  }
  return configuration
}

async function begin() {
  const verifier = client.randomPKCECodeVerifier()
  pending = { verifier, state: client.randomState(), nonce: client.randomNonce() }
  return client.buildAuthorizationUrl(await discovered(), {
    redirect_uri: `${base}/callback`,
    response_mode: 'form_post',
    scope: 'openid profile email',
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state: pending.state,
    nonce: pending.nonce,
  })
}

async function finish(body) {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const posted = new Request(`${base}/callback`, { method: 'POST', headers, body })
  const tokens = await client.authorizationCodeGrant(await discovered(), posted, {
    pkceCodeVerifier: pending.verifier,
    expectedState: pending.state,
    expectedNonce: pending.nonce,
    idTokenExpected: true,
  })
  const user = await client.fetchUserInfo(await discovered(), tokens.access_token, tokens.claims().sub)
  return JSON.stringify({ name: user.name, sub: user.sub, email: user.email })
}

async function bodyOf(request) {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

async function answer(request, response) {
  if (request.url === '/live') return response.end('live')
  if (request.url === '/') return response.writeHead(302, { location: (await begin()).href }).end()
  if (request.url === '/callback' && request.method === 'POST') return response.end(await finish(await bodyOf(request)))
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
