"""One Celery setting as the strongest probe knows it, and what the target's broker, results, tasks and workers are."""

import re
from dataclasses import dataclass, replace

from audit.french.typography import counted
from audit.model.facts import Facts, Process, Setting, Task
from audit.model.findings import Evidence, Excerpt, Level
from audit.model.plain_value import REST, PlainValue
from audit.model.setting_writes import Loading
from audit.model.target_facts import TargetFacts
from audit.model.test_files import is_test_file
from audit.model.unknown import UNKNOWN
from audit.rules.celery_releases import CeleryRelease, is_boolean, release
from audit.rules.told_release import told_release

NO_WORKER = "aucun fichier de démarrage ne lance de worker Celery"
# `Settings.broker_url` and `Settings.result_backend` read these before what is written (5.6.3).
_BY_ENVIRONMENT = {"broker_url": "CELERY_BROKER_URL", "result_backend": "CELERY_RESULT_BACKEND"}
NO_TASK = "aucune tâche Celery n'a été lue"
_FEW = 3


@dataclass(frozen=True)
class Reading:
    """A setting: its value, or in `missing` why it cannot be told, in French.

    `word`: the text that its environment gives it, where it is to be a boolean. `written`: the target sets it; `seen`: a probe read it, be it at its default; `variable`: the environment variable, or the key of a configuration, that may still change the value read in the source.
    `giver`: the file that gives `variable` the text that was read. `comment`: by which its author explains the value. `perhaps`: what is written, where something unread that is loaded later, `unless`, may change it.
    `starts`: what an address begins with, of which the rest is not known.
    """

    name: str
    value: PlainValue
    evidence: tuple[Evidence, ...] = ()
    missing: str = ""
    excerpt: Excerpt | None = None
    variable: str = ""
    written: bool = False
    seen: bool = False
    word: str = ""
    comment: str = ""
    giver: str = ""
    perhaps: "Reading | None" = None
    unless: str = ""
    starts: str = ""

    @property
    def told(self) -> str:
        """The value as a French clause."""
        if self.missing and self.value is UNKNOWN:
            return f"`{self.name}`"
        if self.unless:
            return f"`{self.name}={self.value}`, à moins que {self.unless} ne le change"
        if self.word:
            return f"`{self.name}` reçoit de l'environnement le texte `{self.word}`, qui est vrai comme tout texte"
        if not self.written:
            changed = f", modifiable par `{self.variable}`" if self.variable else ""
            return f"`{self.name}` n'est pas réglé, et vaut {self.value} par défaut{changed}"
        if self.giver:
            return f"`{self.name}={self.value}`, par la valeur que `{self.giver}` donne à `{self.variable}`"
        changed = f" par défaut, modifiable par `{self.variable}`" if self.variable else ""
        return f"`{self.name}={self.value}`{changed}"

    @property
    def explained(self) -> str:
        """That the value is meant, as a French clause; empty where nobody says so."""
        return ", ce qu'un commentaire explique" if self.comment else ""


def read(known: TargetFacts, name: str, default: PlainValue = None, *, tasks_suffice: bool = False) -> Reading:
    """The setting, strongest probe first; what the target does not set has the default of its release of Celery.

    `default` is for settings whose default is not written there, such as those that a part of Celery reads without declaring.

    With `tasks_suffice`, a target of which only tasks were read counts as one that sets nothing.
    """
    missing = _why_silent(known, tasks_suffice=tasks_suffice)
    if missing:
        return Reading(name, UNKNOWN, missing=missing)
    if outside := _of_environment(known, name):
        return outside
    seen = list(known.setting(name))
    if seen and seen[0][0].value is UNKNOWN:
        why = f"la valeur de `{name}` ne se lit pas dans le code"
        perhaps = _written_before(known, name)
        if perhaps:
            why = f"`{name}={perhaps.value}` est écrit, et {perhaps.unless} peut le changer"
        first, facts = seen[0]
        told = (facts.evidence(first.excerpt, **{name: f"{first.starts}…"}),) if first.starts else ()
        return Reading(name, UNKNOWN, told, why, first.excerpt, perhaps=perhaps, starts=first.starts)
    if not seen and "*" in known.probes[0].settings:
        host, perhaps_it = without_application(known), f"peut-être `{name}`{_instead(known)}"
        missing = f"des réglages existent qui ne se lisent pas dans le code, {perhaps_it}"
        missing = f"{host} : celle qui l'emploie donne les réglages, {perhaps_it}" if host else missing
        return Reading(name, UNKNOWN, missing=missing, excerpt=known.probes[0].settings["*"].excerpt)
    if not seen:
        facts = known.probes[0]
        line = release_of(known)
        declared = line.default(name)
        default = default if declared is None else declared
        shown = facts.evidence(None, **{name: f"{default} (défaut de Celery {line.name})"})
        return Reading(name, default, (shown,), variable=facts.configured_by)
    setting, facts = seen[0]
    evidence = tuple(f.evidence(s.excerpt, **{name: s.value}) for s, f in seen if s.value is not UNKNOWN)
    excerpt = next((s.excerpt for s, _ in seen if s.excerpt), None)
    in_source = name in known.source.settings
    written = in_source or setting.value != default
    variable = setting.overridable if facts.level is Level.SOURCE else ""
    # A comment speaks of the value beside it, not of another that an import found.
    comment = next((s.comment for s, f in seen if f.level is Level.SOURCE and s.value == setting.value), "")
    found = Reading(name, setting.value, evidence, "", excerpt, variable, written, seen=True, comment=comment)
    return replace(found, giver=_giver(known, variable))


def _giver(known: TargetFacts, variable: str) -> str:
    """The file that gives a variable its one text: to every worker, or to beat alone what is its own; empty for none."""
    words, of_beat = given(known, variable), bool(re.search(r"(?i)beat|schedul", variable))
    having = [
        p for p in known.source.processes if variable in p.environment and {"worker", "beat"} & {*p.role.split("+")}
    ]
    workers = [p for p in having if "worker" in p.role]
    if len(words) != 1 or not (len(workers) == len(known.processes("worker")) if workers else of_beat and having):
        return ""
    return (having[0].runner or having[0].excerpt).path


def _of_environment(known: TargetFacts, name: str) -> Reading | None:
    """What the deployment gives: to the variable that Celery reads before its settings, or that is a boolean's text; None for nothing."""
    written_so = known.source.settings.get(name)
    variable = _BY_ENVIRONMENT.get(name, "")
    words = given(known, variable)
    if not words and written_so and written_so.word and is_boolean(name):
        return _of_word(known, written_so)
    if not words:
        return None
    if len(words) > 1:
        return Reading(name, UNKNOWN, missing=f"des processus reçoivent des valeurs différentes de `{variable}`")
    word, process = words[0]
    excerpt = process.runner or process.excerpt
    return Reading(name, word, (known.source.evidence(excerpt, **{name: word}),), "", excerpt, written=True, seen=True)


def _written_before(known: TargetFacts, name: str) -> Reading | None:
    """The value that is written last, where all that may change it is an update that was not read; None for anything else."""
    writes, unread = (known.source.setting_writes.get(key, ()) for key in (name, "*"))
    last = writes[-1] if writes else None
    if last is None or last.value is UNKNOWN or last.on_a_side or last.loading is not Loading.LOADED:
        return None
    after = [write.call or write.excerpt for write in unread if write.position > last.position]
    if not after:
        return None
    where = after[-1]
    unless = "ce qui est chargé ensuite, et ne se lit pas,"
    if where:
        unless = f"ce que la ligne {where.first_line} de `{where.path}` charge ensuite, et qui ne se lit pas,"
    told = known.source.evidence(last.excerpt, **{name: last.value})
    return Reading(name, last.value, (told,), "", last.excerpt, written=True, seen=True, unless=unless)


def without_application(known: TargetFacts) -> str:
    """That a project of tasks has no application of its own, in French; empty where one was found."""
    found = any(one.kind == "celery" for one in known.source.applications)
    return "" if found or not known.source.tasks else "aucune application Celery n'a été trouvée dans le projet"


def _instead(known: TargetFacts) -> str:
    """The published files that may stand for a module of settings that is not there."""
    told = " ou ".join(f"`{path}`" for path in known.source.published_settings[:3])
    return f" : le module de réglages nommé n'est pas dans les sources, et {told} peut en tenir lieu" if told else ""


def release_of(known: TargetFacts) -> CeleryRelease:
    """The target's line of releases of Celery, as an import or a pin tells it, else the newest."""
    found = told_release(known)
    return release(found.version if found else "")


def _of_word(known: TargetFacts, setting: Setting) -> Reading:
    """A boolean that is the text of a variable: what the process files give it, which is true unless it is empty."""
    name, variable = setting.name, setting.overridable
    given = {p.environment[variable]: p for p in known.source.processes if variable in p.environment}
    if not given or any("$" in text for text in given) or len({bool(text) for text in given}) > 1:
        why = f"`{name}` est le texte de `{variable}` : tout texte y est vrai, `False` et `0` compris"
        more = "" if given else ", et aucun fichier de processus ne donne cette variable"
        return Reading(name, UNKNOWN, missing=why + more, excerpt=setting.excerpt)
    word, process = next(iter(given.items()))
    evidence = (
        known.source.evidence(setting.excerpt, **{name: bool(word)}),
        known.source.evidence(process.runner or process.excerpt, **{variable: word}),
    )
    return Reading(name, bool(word), evidence, "", setting.excerpt, written=True, seen=True, word=word)


def _why_silent(known: TargetFacts, *, tasks_suffice: bool) -> str:
    if not known.probes:
        return known.why_silent or "aucune sonde n'a rien lu"
    if tasks_suffice:
        return "" if known.settings_known else "aucune configuration Celery n'a été trouvée dans la cible"
    # Tasks alone are no configuration: their application may be elsewhere, or one of several.
    if not known.probes[0].settings:
        return (
            "aucune application Celery n'a été trouvée avec ses réglages, ou plusieurs : préciser `target.celery_app`"
        )
    return ""


def given(known: TargetFacts, variable: str) -> tuple[tuple[str, Process], ...]:
    """The texts that process files give to an environment variable, as far as they are read, each with one that does."""
    words = {p.environment[variable]: p for p in known.source.processes if variable and variable in p.environment}
    return tuple((word, process) for word, process in words.items() if "$" not in word)


def hard_limit(known: TargetFacts) -> Reading:
    """`task_time_limit`, or the longest that start lines put in its place (`--time-limit`)."""
    reading = read(known, "task_time_limit")
    given = [(w, w.options["time-limit"]) for w in known.workers if w.options.get("time-limit")]
    if not given or reading.missing:
        return reading
    unread = next((w for w, text in given if _seconds(text) is None), None)
    if unread:
        why = f"`--time-limit` de `{unread.excerpt.path}` ne se lit pas"
        return replace(reading, value=UNKNOWN, missing=why, excerpt=unread.excerpt)
    longest, worker = max(((_seconds(text) or 0.0, w) for w, text in given), key=lambda pair: pair[0])
    bare = len(given) < len(known.workers)
    own = number(reading.value) if bare else None
    if own is not None and own >= longest:
        return reading
    told = known.source.evidence(worker.excerpt, **{"--time-limit": longest})
    return replace(reading, value=longest, evidence=(told,), excerpt=worker.excerpt, variable="", written=True)


def _seconds(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def scheme(value: PlainValue) -> str:
    """The transport of a URL: `redis`, `amqp`, `sqs`…; empty when it cannot be told."""
    first = value[0] if isinstance(value, list | tuple) and value else value
    found = re.match(r"([A-Za-z0-9+.\-]+)(://|$)", first) if isinstance(first, str) else None
    name = found.group(1).lower().partition("+")[0] if found else ""
    aliases = {"rediss": "redis", "sentinel": "redis", "pyamqp": "amqp", "librabbitmq": "amqp", "amqps": "amqp"}
    return aliases.get(name, name)


def broker(known: TargetFacts) -> tuple[str, str]:
    """The broker's transport, and why it cannot be told (both strings; one is empty)."""
    for name in ("broker_url", "broker_write_url", "broker_read_url"):
        reading = read(known, name)
        if reading.missing:
            return (scheme(reading.starts), "") if scheme(reading.starts) else ("", reading.missing)
        kinds = {scheme(word) for word, _ in given(known, reading.variable)}
        if len(kinds) == 1 and all(kinds):
            return kinds.pop(), ""
        if scheme(reading.value):
            return scheme(reading.value), ""
    return "", "l'adresse du broker (`broker_url`) vient de l'environnement"


def results(known: TargetFacts) -> tuple[str, str]:
    """Where results go (`none` when they are not kept), and why it cannot be told."""
    reading = read(known, "result_backend")
    if reading.missing:
        return (scheme(reading.starts), "") if scheme(reading.starts) else ("", reading.missing)
    kinds = {scheme(word) for word, _ in given(known, reading.variable)}
    if len(kinds) == 1 and all(kinds):
        return kinds.pop(), ""
    if reading.value in (None, "", "disabled", "disabled://"):
        return ("", "l'adresse des résultats vient de l'environnement") if reading.variable else ("none", "")
    return (scheme(reading.value), "") if scheme(reading.value) else ("", "`result_backend` ne se lit pas")


def shared_redis(known: TargetFacts) -> str:
    """The environment variable that gives both the broker and the results, when its name says Redis; else empty."""
    variables = {next((s.overridable for s, _ in known.setting(n)), "") for n in ("broker_url", "result_backend")}
    variable = variables.pop()
    return variable if not variables and "REDIS" in variable.upper() else ""


def options(known: TargetFacts, name: str, *keys: str) -> tuple[dict[str, PlainValue], Reading]:
    """A setting that is a dictionary (`broker_transport_options`), and how it was read; `keys` that it may have are unknown."""
    reading = read(known, name, {})
    given = reading.value if isinstance(reading.value, dict) else {}
    hidden: dict[str, PlainValue] = dict.fromkeys(keys, UNKNOWN) if REST in given else {}
    return {**hidden, **given}, reading


def production_tasks(known: TargetFacts) -> tuple[tuple[Task, Facts], ...]:
    """The tasks of each function, as the strongest probe saw them, without those that tests declare."""
    found: dict[str, list[tuple[Task, Facts]]] = {}
    for facts in known.probes:
        seen = frozenset(found)
        for task in facts.tasks:
            head = known.head(task.symbol)
            if task.symbol not in seen and (head is None or not is_test_file(head.path, known.source.program)):
                found.setdefault(task.symbol, []).append((task, facts))
    return tuple(one for several in found.values() for one in several)


def short(symbol: str) -> str:
    """A function's own name."""
    return symbol.rpartition(":")[2]


def number(value: PlainValue) -> float | None:
    """A number of seconds or a count; None for anything else."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def places(processes: tuple[Process, ...]) -> str:
    """The files that start these processes: all of a few."""
    files = list(dict.fromkeys(f"`{p.excerpt.path}`" for p in processes))
    more = f" et {counted(len(files) - _FEW, 'autre')}" if len(files) > _FEW + 1 else ""
    return ", ".join(files[:_FEW] if more else files) + more
