"""The laboratory: named faults, strikes on a running stack, and Jepsen's accounting of every send afterwards."""
