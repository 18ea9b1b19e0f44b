"""What is audited: the target file, and the digest of the tree."""
