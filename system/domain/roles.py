"""What a user may do."""

from enum import StrEnum


class Role(StrEnum):
    """A reader sees, an operator also acts on campaigns and contacts, an admin also sees what was done and by whom."""

    READER = "reader"
    OPERATOR = "operator"
    ADMIN = "admin"

    def covers(self, needed: "Role") -> bool:
        """Whether this role may do what `needed` may."""
        order = list(Role)
        return order.index(self) >= order.index(needed)
