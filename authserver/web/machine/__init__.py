"""The machine endpoints: a plain WSGI application in front of Flask, without cookies and CSRF tokens."""
