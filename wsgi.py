"""The door for WSGI servers: ``gunicorn wsgi:app``."""

from authserver.app import create_app

app = create_app()
