"""What a rule or an experiment may conclude on one point."""

from enum import StrEnum


class Outcome(StrEnum):
    """What a rule or an experiment concludes on one point."""

    ESTABLISHED = "établi"
    RESERVATION = "réserve"
    DEFECT = "défaut"
    UNDETERMINED = "indéterminé"
    NOT_APPLICABLE = "sans objet"
    AUDIT_ERROR = "erreur d'audit"
