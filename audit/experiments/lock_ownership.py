"""6.3: the lock around a Message 2 has a time to live and an owner, and only its owner releases it."""

from collections.abc import Sequence

from audit.experiments.abilities import LockSeen, SendLocks
from audit.experiments.experiment import Experiment, Record
from audit.experiments.judgement import Judgement
from audit.experiments.waiting import wait_stable, wait_until
from audit.french.typography import french_seconds
from audit.model.findings import Finding

_ID = "lock-ownership"
LONGEST_SECONDS = 300.0
# What is left of 5 min when a sender has just taken its lock, with a minute to spare for reading it.
LEAST_LEFT_SECONDS = 240.0
STEP_SECONDS = 60.0
# Shorter than the patience of the sender whose request the gateway holds.
SECOND_SECONDS = 0.6
_USURPER = "audit:un-autre-processus"
_LOCK = Judgement(
    _ID,
    ("6.3",),
    "Verrou distribué",
    "Élevé : deux processus entrent ensemble dans la section critique, ou un verrou ne finit jamais",
    "Prendre le verrou avec un jeton de propriétaire et 5 min de vie, et ne le rendre que si le jeton est le sien",
)


def run(
    driver: SendLocks, record: Record, step_seconds: float = STEP_SECONDS, second_seconds: float = SECOND_SECONDS
) -> Sequence[Finding]:
    """While the gateway holds a Message 2: read its lock, wake a second sender, then give the lock to somebody else and let go."""
    (key,) = driver.launch(1)
    if not wait_until(lambda: key in {a.key for a in driver.accepted()}, step_seconds):
        return [_LOCK.undetermined("le Message 1 préalable n'est pas parti")]
    driver.hold("before")
    try:
        driver.interact([key])
        if not wait_until(driver.held, step_seconds):
            return [_LOCK.undetermined("aucun Message 2 n'était en cours d'envoi")]
        seen = driver.lock_of(driver.follow_up_key(key))
        if seen is None:
            return [_LOCK.defect(record, "Aucun verrou ne protège l'envoi d'un Message 2 en cours")]
        status = driver.recorded().get(driver.follow_up_key(key))
        driver.wake(driver.follow_up_key(key))
        # Either it finds the lock taken, or the lock changes hands at once.
        kept = wait_stable(lambda: _owner(driver, key), second_seconds, 2 * second_seconds, 0.05)
        kept = kept and _owner(driver, key) == seen.owner
        if driver.recorded().get(driver.follow_up_key(key)) != status:
            return [_LOCK.undetermined("l'envoi retenu s'est terminé avant que le second envoyeur soit essayé")]
        if not kept:
            return [_LOCK.defect(record, "Un second envoyeur prend ou rend le verrou de celui qui envoie")]
        record.note(
            f"un second envoyeur a été réveillé pendant l'envoi : le verrou, observé {french_seconds(second_seconds)}, n'a pas changé de main"
        )
        driver.usurp(driver.follow_up_key(key), _USURPER)
        record.note("le verrou passe à un autre propriétaire pendant l'envoi")
    finally:
        driver.release()
    return [_after(driver, record, seen, driver.follow_up_key(key), step_seconds)]


def _owner(driver: SendLocks, key: str) -> str | None:
    lock = driver.lock_of(driver.follow_up_key(key))
    return None if lock is None else lock.owner


def _after(driver: SendLocks, record: Record, seen: LockSeen, reply: str, step_seconds: float) -> Finding:
    """What becomes of the lock when the sender that lost it has finished."""
    left = french_seconds(round(seen.ttl_seconds, 2))
    record.figure("Propriétaire du verrou", f"`{seen.owner}`" if seen.owner else "aucun")
    record.figure("Durée de vie restante", left)
    done = wait_until(lambda: driver.recorded().get(reply) in {"sent", "delivered", "read"}, step_seconds)
    after = driver.lock_of(reply)
    kept = after is not None and after.owner == _USURPER
    record.note("l'envoi est fini" if done else "l'envoi n'est pas fini au bout du délai")
    if not seen.owner:
        return _LOCK.defect(record, "Le verrou ne porte pas de jeton de propriétaire")
    if not LEAST_LEFT_SECONDS <= seen.ttl_seconds <= LONGEST_SECONDS:
        return _LOCK.defect(record, f"À la lecture, il reste {left} à vivre au verrou, au lieu de 4 à 5 min")
    if not done:
        return _LOCK.undetermined("l'envoi n'était pas fini au bout du délai")
    if not kept:
        return _LOCK.defect(record, "Le verrou d'un autre propriétaire est rendu par celui qui l'a perdu")
    sentence = (
        "Un second envoyeur, réveillé pendant l'envoi d'un Message 2, ne prend ni ne rend le verrou du premier ; ce verrou porte le jeton de son "
        f"propriétaire et une durée de vie ({left} restantes à la lecture, 5 min au plus) ; quand un autre a pris le verrou entre-temps, le premier ne le rend pas "
        "à sa place ; son expiration n'est pas attendue"
    )
    return _LOCK.established(record, sentence)


EXPERIMENT = Experiment(_ID, "Verrou d'un Message 2", ("6.3",), run, SendLocks)
