"""Writes a database for Datasette: the table `notes`."""

import sqlite3
import sys

with sqlite3.connect(sys.argv[1]) as database:
    database.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, note TEXT)")
    database.executemany("INSERT INTO notes (note) VALUES (?)", [("one",), ("two",), ("three",)])
