// A single-page application on oidc-client-ts. This process only serves the page and the library. The library in the
// browser calls the server from another origin. ISSUER, CLIENT_ID and PORT come from the environment.

import http from 'node:http'
import { readFile } from 'node:fs/promises'

const { ISSUER, CLIENT_ID, PORT } = process.env
const library = new URL('node_modules/oidc-client-ts/dist/browser/oidc-client-ts.min.js', import.meta.url)

const page = `<!doctype html>
<title>A single-page application</title>
<body>
<pre id="user"></pre>
<button id="renew">Renew</button>
<button id="sign-out">Sign out</button>
<script src="/library.js"></script>
<script>
const base = location.origin
const manager = new oidc.UserManager({
  authority: ${JSON.stringify(ISSUER)},
  client_id: ${JSON.stringify(CLIENT_ID)},
  redirect_uri: base + '/callback',
  post_logout_redirect_uri: base + '/signed-out',
  scope: 'openid profile email offline_access',
  loadUserInfo: true,
})
const show = (value) => { document.querySelector('#user').textContent = JSON.stringify(value) }
const profile = (user, isRenewed) => {
  const { name, sub, email } = user.profile
  show({ name, sub, email, isRenewed })
}
const refused = (error) => show({ error: String(error) })

async function start() {
  if (location.pathname === '/signed-out') return show({ isSignedOut: !(await manager.getUser()) })
  if (location.pathname === '/callback') {
    await manager.signinCallback()
    return location.replace('/')
  }
  const user = await manager.getUser()
  return user ? profile(user, false) : manager.signinRedirect()
}

document.querySelector('#renew').onclick = async () => {
  const before = await manager.getUser()
  await manager.signinSilent().then((user) => profile(user, user.access_token !== before.access_token), refused)
}
document.querySelector('#sign-out').onclick = () => manager.signoutRedirect().catch(refused)
start().catch(refused)
</script>
`

http
  .createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://127.0.0.1')
    if (pathname === '/live') return response.end('live')
    if (pathname === '/library.js') {
      return response.writeHead(200, { 'content-type': 'text/javascript' }).end(await readFile(library))
    }
    if (pathname === '/favicon.ico') return response.writeHead(404).end()
    return response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page)
  })
  .listen(Number(PORT), '127.0.0.1')
