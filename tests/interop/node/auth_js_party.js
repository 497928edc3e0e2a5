// A relying party on Auth.js for Express: `/` shows the user, or the sign-in page of Auth.js. ISSUER, CLIENT_ID,
// CLIENT_SECRET and PORT come from the environment; everything else is discovered.

import { randomBytes } from 'node:crypto'
import { ExpressAuth, getSession } from '@auth/express'
import express from 'express'

const { ISSUER, CLIENT_ID, CLIENT_SECRET, PORT } = process.env

const configuration = {
  basePath: '/auth',
  secret: randomBytes(32).toString('hex'),
  trustHost: true,
  providers: [
    {
      id: 'authserver',
      name: 'authserver',
      type: 'oidc',
      issuer: ISSUER,
      clientId: CLIENT_ID,
      clientSecret: CLIENT_SECRET,
      style: { logo: '/logo.svg' }, // otherwise, the sign-in page loads a logo from another site
    },
  ],
  callbacks: {
    session: ({ session, token }) => ({ ...session, user: { ...session.user, sub: token.sub } }),
  },
}

const app = express()
app.get('/live', (request, response) => response.send('live'))
app.get('/logo.svg', (request, response) => response.type('svg').send('<svg xmlns="http://www.w3.org/2000/svg"/>'))
app.use('/auth', ExpressAuth(configuration))
app.get('/', async (request, response) => {
  const session = await getSession(request, configuration)
  if (!session) return response.redirect('/auth/signin?callbackUrl=/')
  const { name, email, sub } = session.user
  response.json({ name, email, sub })
})
app.listen(Number(PORT), '127.0.0.1')
