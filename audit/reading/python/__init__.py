"""An abstract interpreter of Python: statements, expressions, imports, and the values they give."""
