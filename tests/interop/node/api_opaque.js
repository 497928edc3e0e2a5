// An API that accepts opaque access tokens: it asks the authorization server about each token.
// ISSUER, CLIENT_ID and CLIENT_SECRET (of the client of the API) and PORT come from the environment.

import http from 'node:http'

const { ISSUER, CLIENT_ID, CLIENT_SECRET, PORT } = process.env
const metadata = await (await fetch(`${ISSUER}/.well-known/oauth-authorization-server`)).json()
const credentials = `${encodeURIComponent(CLIENT_ID)}:${encodeURIComponent(CLIENT_SECRET)}`
const authorization = `Basic ${Buffer.from(credentials).toString('base64')}`

async function introspect(token) {
  const response = await fetch(metadata.introspection_endpoint, {
    method: 'POST',
    headers: { authorization },
    body: new URLSearchParams({ token }),
  })
  if (!response.ok) throw new Error(`introspection failed: ${response.status}`)
  return response.json()
}

async function answer(request, response) {
  if (request.url === '/live') return response.end('live')
  const token = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
  const found = token ? await introspect(token) : { active: false }
  if (!found.active) {
    return response.writeHead(401, { 'www-authenticate': 'Bearer error="invalid_token"' }).end()
  }
  if (!found.scope?.split(' ').includes('models.read')) {
    return response.writeHead(403, { 'www-authenticate': 'Bearer error="insufficient_scope"' }).end()
  }
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ sub: found.sub, scope: found.scope }))
}

http.createServer((request, response) => {
  answer(request, response).catch((error) => response.writeHead(500).end(String(error)))
}).listen(PORT, '127.0.0.1')
