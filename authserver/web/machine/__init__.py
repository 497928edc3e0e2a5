"""Machine endpoints: JSON, no cookie, no CSRF token; a plain WSGI application in front of Flask."""
