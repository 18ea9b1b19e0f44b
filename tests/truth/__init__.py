"""Mutants and sound variants, one small file each, and what the rules make of them."""
