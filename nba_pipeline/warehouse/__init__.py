"""Where tables are kept: one protocol, one implementation per kind of warehouse.

Knows no table and no phase; a table arrives as a Storage, its rows and its stamps.
"""
