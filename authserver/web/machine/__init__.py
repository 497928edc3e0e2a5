"""The machine endpoints: no cookies and no CSRF tokens; a plain WSGI application in front of Flask."""
