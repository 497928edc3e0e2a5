"""The door for WSGI servers: ``gunicorn wsgi:app``. What `authserver serve` starts with each worker starts here later."""

from authserver.app import create_app
from authserver.web import wiring

app = create_app()
wiring.work_with_first_request(app)
