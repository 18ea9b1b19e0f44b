"""The configuration probe: the target imported in its own interpreter, in a subprocess without network."""
