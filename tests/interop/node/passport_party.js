// A relying party on passport-openidconnect, which knows neither discovery nor PKCE: `/` signs the user in and shows the
// profile. ISSUER, CLIENT_ID, CLIENT_SECRET and PORT come from the environment.

import { randomBytes } from 'node:crypto'
import express from 'express'
import session from 'express-session'
import passport from 'passport'
import OpenIDConnectStrategy from 'passport-openidconnect'

const { ISSUER, CLIENT_ID, CLIENT_SECRET, PORT } = process.env

passport.use(
  'authserver',
  new OpenIDConnectStrategy(
    {
      issuer: ISSUER,
      authorizationURL: `${ISSUER}/oauth2/authorize`,
      tokenURL: `${ISSUER}/oauth2/token`,
      userInfoURL: `${ISSUER}/oidc/userinfo`,
      clientID: CLIENT_ID,
      clientSecret: CLIENT_SECRET,
      callbackURL: `http://127.0.0.1:${PORT}/callback`,
      scope: ['profile', 'email'],
      skipUserProfile: false, // read the claims from userinfo
    },
    (issuer, profile, done) => done(null, profile),
  ),
)
passport.serializeUser((user, done) => done(null, user))
passport.deserializeUser((user, done) => done(null, user))

const app = express()
app.get('/live', (request, response) => response.send('live'))
app.use(session({ secret: randomBytes(32).toString('hex'), resave: false, saveUninitialized: false }))
app.use(passport.session())
app.get('/callback', passport.authenticate('authserver', { successRedirect: '/', failureMessage: true }))
app.get('/', (request, response, next) => {
  if (!request.user) return passport.authenticate('authserver')(request, response, next)
  const { id, displayName, emails } = request.user
  response.json({ sub: id, name: displayName, email: emails?.[0]?.value })
})
app.use((error, request, response, next) => {
  console.error(error)
  response.status(502).send(`refused: ${error.message}`)
})
app.listen(Number(PORT), '127.0.0.1')
