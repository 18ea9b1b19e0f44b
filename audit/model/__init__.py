"""The types every room shares: levels, outcomes, findings, facts, and the project that rules read."""
