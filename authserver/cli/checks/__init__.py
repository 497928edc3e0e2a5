"""The checks of ``authserver doctor``. They are read-only.

``deployment`` contains the checks without a database, ``records`` those with one, and ``public_url`` the request to the
public URL. A check returns a CheckResult, or None if it does not apply.
"""
