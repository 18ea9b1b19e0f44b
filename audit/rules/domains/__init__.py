"""What rules quantify over: for each kind of thing, its members and where others may hide."""
