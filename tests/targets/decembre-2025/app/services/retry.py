"""Calcul du délai avant une nouvelle tentative d'envoi."""

MAX_RETRIES = 3
BASE_DELAY_SECONDS = 60


def calculate_retry_delay(retries: int) -> int:
    """Recul exponentiel : 60 s, 120 s, puis 240 s."""
    return BASE_DELAY_SECONDS * 2**retries
