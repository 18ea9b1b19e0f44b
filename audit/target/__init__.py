"""What is audited: the target file, the files of its tree, and the digest of that tree."""
