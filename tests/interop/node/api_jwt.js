// An API that accepts JWT access tokens: it checks the signature with the server's public keys, using jose.
// ISSUER, RESOURCE (the identifier of the API) and PORT come from the environment.

import http from 'node:http'
import { createRemoteJWKSet, errors, jwtVerify } from 'jose'

const { ISSUER, RESOURCE, PORT } = process.env
const metadata = await (await fetch(`${ISSUER}/.well-known/oauth-authorization-server`)).json()
const keys = createRemoteJWKSet(new URL(metadata.jwks_uri))

async function claimsOf(token) {
  const { payload } = await jwtVerify(token, keys, { issuer: ISSUER, audience: RESOURCE, typ: 'at+jwt' })
  return payload
}

async function answer(request, response) {
  if (request.url === '/live') return response.end('live')
  const token = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? ''
  const { sub, scope } = await claimsOf(token)
  if (!scope?.split(' ').includes('models.read')) {
    return response.writeHead(403, { 'www-authenticate': 'Bearer error="insufficient_scope"' }).end()
  }
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ sub, scope }))
}

http.createServer((request, response) => {
  answer(request, response).catch((error) => {
    const isInvalid = error instanceof errors.JOSEError
    response.writeHead(isInvalid ? 401 : 500, { 'www-authenticate': 'Bearer error="invalid_token"' }).end()
  })
}).listen(PORT, '127.0.0.1')
