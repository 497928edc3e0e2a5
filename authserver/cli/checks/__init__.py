"""The checks of ``authserver doctor``, each a small function that looks at one thing and changes nothing.

``deployment`` has what can be seen without the database, ``records`` what the database tells, ``address`` who answers
at the public URL. A check returns a Finding, or None where it has nothing to look at.
"""
