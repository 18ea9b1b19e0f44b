"""Small programs, several spellings of one kind of fault, and what one rule must answer of each."""
