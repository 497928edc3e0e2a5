"""The machines' doors: JSON, no cookie, no session, no CSRF token; plain WSGI in front of Flask."""
