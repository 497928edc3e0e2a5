"""The records: one noun, one file, with its model, its queries and its verbs.

Every function takes the open transaction as its first argument; only ``db`` begins, commits or rolls back.
"""
