"""Records and business rules. Each module covers one kind of record: its model, queries and operations.

A function that reads or changes records takes the caller's open transaction (or connection) as its first argument. Code
that must not hold a transaction, for example while it verifies a password, takes the ``Database``. Only ``orm`` begins,
commits and rolls back.
"""
