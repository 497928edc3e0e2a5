"""The browser's session: who is signed in, access to pages, the sign-in page, and forms preserved during a sign-in."""
