"""What the code and the deployment files of a target do that a rule may judge: one class for each kind, by subject."""
