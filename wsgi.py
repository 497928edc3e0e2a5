"""The WSGI entry point: ``gunicorn wsgi:app``.

Logout notices are sent after the first request. Unlike ``authserver serve``, this entry point starts no cleanup: run
``authserver database purge`` regularly.
"""

from authserver.app import create_app
from authserver.web import wiring

app = create_app()
wiring.start_background_work_on_first_request(app)
