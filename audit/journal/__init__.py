"""The record of one audit, its consistency, and the checkpoints before it."""
