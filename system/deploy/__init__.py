"""How the stack is started: one plan, rendered into the files of each platform. `python -m system deploy render` writes them."""
