"""The administration's page, in French: templates and what they are filled with."""
