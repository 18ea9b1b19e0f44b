"""5.7: who opted out receives nothing more, nor what already waits for him."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from audit.experiments.abilities import DailyRoom
from audit.experiments.experiment import Experiment, Record
from audit.experiments.judgement import Judgement
from audit.experiments.waiting import wait_stable, wait_until
from audit.french.typography import counted
from audit.model.findings import Finding

_ID = "opting-out"
WORDS = ("STOP", "Supprimez mon numéro, svp", "Désinscription")
_SENT = frozenset({"sent", "delivered", "read"})
_NOTHING = Judgement(
    _ID,
    ("5.7",),
    "Désinscription",
    "Bloquant : des gens qui ont demandé de ne plus rien recevoir reçoivent encore",
    "Inscrire la demande dès sa réception, finir ce qui attend, et la relire au moment de chaque envoi",
)


@dataclass(frozen=True)
class Plan:
    """How long to wait for each step, and as long as nothing more leaves (seconds)."""

    step_seconds: float = 60.0
    # Longer than a sweep, which wakes what it believes forgotten.
    quiet_seconds: float = 7.0


def run(driver: DailyRoom, record: Record, plan: Plan = Plan()) -> Sequence[Finding]:
    """While a full day holds a second campaign and a Message 2, three of four contacts opt out; then room, and a third campaign."""
    *leaving, staying = sorted(driver.launch(len(WORDS) + 1))
    everybody = [*leaving, staying]
    if not wait_until(lambda: all(driver.recorded().get(key) in _SENT for key in everybody), plan.step_seconds):
        return [_NOTHING.undetermined("les Message 1 préalables ne sont pas partis")]
    limit, share = driver.shipped_daily_limit(), driver.shipped_share()
    reply = driver.follow_up_key(leaving[0])
    with driver.today(share, limit - share):
        second = driver.launch_again(everybody)
        driver.say(leaving[0])
        waits = wait_until(lambda: driver.recorded().get(reply) == "pending", plan.step_seconds)
        said = [driver.say(key, content=word).identifier for key, word in zip(leaving, WORDS, strict=True)]
        heard = wait_until(lambda: {*said} <= {*driver.interactions()}, plan.step_seconds)
        record.note(
            f"{counted(len(said), 'contact')} se désinscrivent ; la limite du jour, atteinte, retient le Message 2 de l'un d'eux et une deuxième campagne"
        )
    third = driver.launch_again(everybody)
    wanted = {second[staying], third[staying]}
    came = wait_until(lambda: wanted <= {a.key for a in driver.accepted()}, plan.step_seconds)
    wait_stable(lambda: len(driver.accepted()), plan.quiet_seconds, plan.step_seconds)
    record.note(
        "compteurs du jour redescendus, échéances avancées en base : ce que la limite retenait part, et une troisième campagne est lancée"
    )
    return [_conclude(driver, record, (leaving, second, third), tried=waits and heard and came)]


def _conclude(
    driver: DailyRoom,
    record: Record,
    campaigns: tuple[Sequence[str], Mapping[str, str], Mapping[str, str]],
    *,
    tried: bool,
) -> Finding:
    leaving, second, third = campaigns
    forbidden = {later[key] for later in (second, third) for key in leaving}
    forbidden |= {driver.follow_up_key(key) for key in leaving}
    written = sorted({a.key for a in driver.accepted()} & forbidden)
    record.figure("Messages partis vers des désinscrits", len(written))
    if written:
        return _NOTHING.defect(record, "Messages partis vers des contacts qui s'étaient désinscrits", written)
    if not tried:
        return _NOTHING.undetermined(
            "rien n'attendait, ou ce qui devait partir vers le contact qui reste n'est pas parti"
        )
    listed = ", ".join(f"« {word} »" for word in WORDS)
    sentence = (
        f"Trois contacts écrivent {listed} : leurs demandes une fois enregistrées, le Message 1 qu'une deuxième campagne leur devait et le Message 2 dû à l'un d'eux, que la limite du "
        "jour retenait, ne partent pas quand les compteurs redescendent et que les échéances sont avancées en base, ni rien d'une troisième campagne ; un quatrième contact, qui ne se désinscrit pas, "
        "reçoit le Message 1 des deux"
    )
    return _NOTHING.established(record, sentence)


EXPERIMENT = Experiment(_ID, "Désinscription pendant que des messages attendent", ("5.7",), run, DailyRoom)
