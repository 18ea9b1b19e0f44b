"""5.4, 5.6: every kind of interaction counts, and is recorded with its campaign, contact, type, content and date."""

from collections import Counter
from collections.abc import Mapping, Sequence

from audit.experiments.abilities import Conversation, Heard, Said
from audit.experiments.experiment import Experiment, Record
from audit.experiments.judgement import Judgement
from audit.experiments.waiting import wait_stable, wait_until
from audit.model.findings import Finding

_ID = "interaction-types"
KINDS = ("text", "emoji", "reaction", "voice", "audio", "image", "video", "document")
_FRENCH = dict(zip(KINDS, ("texte", "emoji", "réaction", "vocal", "audio", "image", "vidéo", "document"), strict=True))
STEP_SECONDS = 60.0
QUIET_SECONDS = 3.0
STALLED_SECONDS = 7.0
FARTHEST_SECONDS = 5.0
# To the letter: several lines, spaces at both ends, quotes, a NUL's neighbours, emoji of several code points, 4 096 characters.
WORDS: dict[str, str | None] = {
    "text": '  Oui, volontiers !\n\tÀ 18 h 30 ?  "d\'accord" \\ <b>&amp;</b> \u2028 \U0001f469\u200d\U0001f680 '
    + "mot très long " * 300,
    "emoji": "\U0001f469\U0001f3fd\u200d\U0001f680\U0001f389\u2764\ufe0f",
    "reaction": "\U0001f44d\U0001f3fe",
    "image": "Légende de\nplusieurs lignes \U0001f600",
    "document": "bon de commande n° 12 (final), voir p. 2",
    # These have no words of their own.
    "voice": None,
    "audio": None,
    "video": None,
}
_COUNT = Judgement(
    _ID,
    ("5.4",),
    "Types d'interaction",
    "Élevé : des contacts qui réagissent autrement que par un texte ne reçoivent rien",
    "Traiter chaque type de message entrant comme une interaction",
)
_RECORDED = Judgement(
    _ID,
    ("5.6",),
    "Enregistrement des interactions",
    "Élevé : ce que disent les contacts est perdu ou mal rangé",
    "Enregistrer campagne, contact, type, contenu et date de chaque interaction",
)


def run(
    driver: Conversation,
    record: Record,
    step_seconds: float = STEP_SECONDS,
    quiet_seconds: float = QUIET_SECONDS,
    stalled_seconds: float = STALLED_SECONDS,
) -> Sequence[Finding]:
    """One contact a kind; each interacts once, while nothing is processed."""
    keys = dict(zip(KINDS, sorted(driver.launch(len(KINDS))), strict=True))
    if not wait_until(lambda: set(keys.values()) <= {a.key for a in driver.accepted()}, step_seconds):
        missing = "les Message 1 préalables ne sont pas partis"
        return [_COUNT.undetermined(missing), _RECORDED.undetermined(missing)]
    with driver.stall_processing():
        said = {kind: driver.say(key, kind, WORDS.get(kind, "")) for kind, key in keys.items()}
        record.note(
            f"{len(said)} contacts interagissent, chacun à sa façon : {', '.join(_FRENCH[kind] for kind in said)}"
        )
        # What is dated when it is processed is then dated too late.
        wait_stable(lambda: None, stalled_seconds, 2 * stalled_seconds)
    record.note("leur traitement a été retardé jusque-là")
    replies = {kind: driver.follow_up_key(key) for kind, key in keys.items()}
    wait_until(lambda: set(replies.values()) <= {a.key for a in driver.accepted()}, step_seconds)
    wait_stable(lambda: len(driver.accepted()), quiet_seconds, step_seconds)
    counts = Counter(a.key for a in driver.accepted())
    for kind, reply in replies.items():
        record.figure(f"Message 2 après {_FRENCH[kind]}", counts[reply])
    return [_counting(record, {k: counts[r] for k, r in replies.items()}), _recording(driver, record, keys, said)]


def _counting(record: Record, counts: Mapping[str, int]) -> Finding:
    silent = [_FRENCH[kind] for kind, count in counts.items() if not count]
    if silent:
        return _COUNT.defect(record, "Types d'interaction qui n'entraînent pas de Message 2", silent)
    twice = [_FRENCH[kind] for kind, count in counts.items() if count > 1]
    if twice:
        return _COUNT.defect(record, "Types d'interaction qui entraînent plusieurs Message 2", twice)
    every = ", ".join(_FRENCH[kind] for kind in counts)
    sentence = f"Les {len(counts)} types d'interaction entraînent chacun un Message 2 : {every} ; vocal, audio et vidéo sont sans légende"
    return _COUNT.established(record, sentence)


def _recording(driver: Conversation, record: Record, keys: Mapping[str, str], said: Mapping[str, Said]) -> Finding:
    heard = {found.identifier: found for found in driver.heard()}
    wrongs = {}
    for kind, told in said.items():
        campaign = driver.campaign_of(keys[kind])
        if wrong := _wrong(told, heard.get(told.identifier), keys[kind], campaign, kind):
            wrongs[kind] = wrong
    record.figure("Interactions enregistrées en entier", len(said) - len(wrongs))
    if wrongs:
        return _RECORDED.defect(
            record, "Interactions mal enregistrées", [f"{_FRENCH[k]} : {w}" for k, w in wrongs.items()]
        )
    sentence = (
        f"Les {len(said)} interactions sont enregistrées avec leur campagne, leur contact, leur type, leur contenu à la lettre "
        "(longs textes, emoji composés, sauts de ligne, espaces aux deux bouts, légende d'un document nommé) et la date de leur réception, alors que leur traitement a été retardé"
    )
    return _RECORDED.established(record, sentence)


def _wrong(told: Said, found: Heard | None, key: str, campaign: str, kind: str) -> str:
    """What is wrong with a recorded interaction, in French; empty when nothing is."""
    if found is None:
        return "absente"
    parts = {
        "contact": found.key == key,
        "campagne": found.campaign == campaign,
        "type": found.kind == kind,
        "contenu": found.content == told.content,
        "date": abs(found.at - told.at) <= FARTHEST_SECONDS,
    }
    return " et ".join(part for part, right in parts.items() if not right)


EXPERIMENT = Experiment(_ID, "Types d'interaction et leur enregistrement", ("5.4", "5.6"), run, Conversation)
