"""Sign-in state in the browser: access checks, cookies and forms that survive a sign-in."""
