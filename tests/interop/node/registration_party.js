// A relying party on openid-client that registers itself: `/` starts a sign-in, `/registration` shows its registration.
// Only ISSUER and PORT come from the environment. Everything else is discovered or registered.

import http from 'node:http'
import * as client from 'openid-client'

const { ISSUER, PORT } = process.env
const base = `http://127.0.0.1:${PORT}`

let configuration
let pending

async function registered() {
  if (!configuration) {
    const metadata = {
      client_name: 'A party that registers itself',
      redirect_uris: [`${base}/callback`],
      application_type: 'native',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      policy_uri: `${base}/privacy`,
      tos_uri: `${base}/terms`,
    }
    configuration = await client.dynamicClientRegistration(new URL(ISSUER), metadata, client.ClientSecretBasic(), {
      execute: [client.allowInsecureRequests],
    })
  }
  return configuration
}

async function begin() {
  const verifier = client.randomPKCECodeVerifier()
  pending = { verifier, state: client.randomState(), nonce: client.randomNonce() }
  return client.buildAuthorizationUrl(await registered(), {
    redirect_uri: `${base}/callback`,
    scope: 'openid profile email',
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state: pending.state,
    nonce: pending.nonce,
  })
}

async function finish(url) {
  const tokens = await client.authorizationCodeGrant(await registered(), url, {
    pkceCodeVerifier: pending.verifier,
    expectedState: pending.state,
    expectedNonce: pending.nonce,
    idTokenExpected: true,
  })
  const renewed = await client.refreshTokenGrant(await registered(), tokens.refresh_token)
  const user = await client.fetchUserInfo(await registered(), renewed.access_token, tokens.claims().sub)
  return JSON.stringify({ name: user.name, sub: user.sub, email: user.email })
}

// Reads and changes its registration (RFC 7592).
async function manage(method, changes) {
  const registration = (await registered()).clientMetadata()
  const headers = { authorization: `Bearer ${registration.registration_access_token}` }
  if (!changes) return fetch(registration.registration_client_uri, { method, headers })
  const { registration_access_token, registration_client_uri, client_secret_expires_at, client_id_issued_at, ...metadata } = registration
  headers['content-type'] = 'application/json'
  return fetch(registration.registration_client_uri, { method, headers, body: JSON.stringify({ ...metadata, ...changes }) })
}

async function answer(request, response) {
  const url = new URL(request.url, base)
  if (url.pathname === '/live') return response.end('live')
  if (url.pathname === '/registration') return response.end(JSON.stringify((await registered()).clientMetadata()))
  if (url.pathname === '/read') return response.end(await (await manage('GET')).text())
  if (url.pathname === '/rename') return response.end(await (await manage('PUT', { client_name: 'Renamed' })).text())
  if (url.pathname === '/delete') return response.end(String((await manage('DELETE')).status))
  if (url.pathname === '/') return response.writeHead(302, { location: (await begin()).href }).end()
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
