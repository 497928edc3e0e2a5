"""The checks of ``authserver doctor``. They are read-only.

``deployment`` contains the checks without a database, ``records`` those with one, and ``public_url`` the request to the
public URL. The docstring of a check is the statement that it verifies. A check returns a CheckResult, or None if it
does not apply.
"""
