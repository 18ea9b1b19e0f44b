"""What a rule and an experiment have in common: a question under a stable id, and what depends on its answer."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Question:
    """One question of a checkpoint.

    `id` is printed by reports; `requirements` are the criteria it bears on; `category` is the line of section 1.1 it counts
    in; `decides` are the criteria that are CONFORME only once it has established them, `None` for all it bears on.
    """

    id: str
    title: str
    requirements: tuple[str, ...]
    category: str = field(default="", kw_only=True)
    decides: tuple[str, ...] | None = field(default=(), kw_only=True)

    @property
    def decided(self) -> tuple[str, ...]:
        """The criteria that this question decides."""
        return self.requirements if self.decides is None else self.decides

    @property
    def subject(self) -> str:
        """What it belongs to within its category, where reports order it so."""
        return ""
