"""A WhatsApp campaign sender that keeps working with nobody logged in."""
