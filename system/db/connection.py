"""What every repository function takes: a connection in a transaction, giving rows as dictionaries."""

from psycopg import Connection
from psycopg.rows import DictRow

Db = Connection[DictRow]
