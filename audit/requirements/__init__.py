"""What is asked: the criteria of each family, and the profiles that choose among them."""
