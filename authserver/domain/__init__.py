"""The records: one noun, one file, with its model, its queries and its verbs.

A function that reads or changes records takes the caller's open transaction, or a connection, first; where nothing may
be open meanwhile, as while a password is checked, a room takes the ``Database`` itself. Only ``db`` begins, commits or
rolls back.
"""
