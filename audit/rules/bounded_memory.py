"""Whether the processes of each worker are replaced before their memory grows without end."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from audit.french.typography import counted
from audit.model.domains import conclude
from audit.model.facts import Process
from audit.model.findings import Finding, Severity
from audit.model.gaps import Gap, UnreadProcess, UnreadSettings
from audit.model.observations.deployment_statements import WorkerStartedByCode
from audit.model.target_facts import TargetFacts
from audit.rules.domains.setting_domain import ruled_by
from audit.rules.effective_settings import NO_WORKER, Reading, read
from audit.rules.practice import Fault, answered, practice
from audit.rules.rule import Guide
from audit.rules.worker_pools import Part, Pool, pool, unread_process_files

_WORKERS = "https://docs.celeryq.dev/en/stable/userguide/workers.html#"
_CHILD = {"worker_max_tasks_per_child": "max-tasks-per-child", "worker_max_memory_per_child": "max-memory-per-child"}


@dataclass(frozen=True)
class _Bounded:
    """One worker, with what replaces its processes: options of its start line, settings, or nothing."""

    worker: Process
    pool: Pool
    settings: tuple[Reading, ...]
    others_recycle: bool
    concurrency: Reading
    by_scripts: bool

    @property
    def options(self) -> list[tuple[str, str]]:
        """The options of its start line, with their values; 0 bounds nothing."""
        given = self.worker.options
        return [(name, given[name]) for name in _CHILD.values() if name in given and given[name] != "0"]

    @property
    def told(self) -> str:
        """What bounds it, as written; empty for nothing."""
        if self.options:
            name, value = self.options[0]
            return f"`--{name}={value}`" if value else f"`--{name}`"
        return next((r.told for r in self._bounds()), "")

    def _bounds(self) -> list[Reading]:
        held = {name for name, option in _CHILD.items() if option in self.worker.options}
        return [r for r in self.settings if not r.missing and r.value and r.name not in held]

    def faults(self) -> list[Fault]:
        """Why its memory is not bounded, when that is sure."""
        return [*self._unreplaced(), *self.of_the_host()]

    def over_the_limit(self) -> list[Fault]:
        """As many processes as are asked for, each under the memory at which it is replaced, beyond what their container has."""
        most, limit = self._most_processes(), _kibibytes(self.worker.memory)
        given = self.worker.options.get("max-memory-per-child", "")
        setting = next((r for r in self.settings if r.name == "worker_max_memory_per_child" and not r.variable), None)
        each = int(given) if given.isdecimal() else setting.value if setting and not setting.missing else None
        if not most or not limit or not isinstance(each, int) or self.pool.name != "prefork" or most * each <= limit:
            return []
        text = f"`{self.worker.excerpt.path}` : {most} processus de {each} Kio chacun, dans {self.worker.memory}"
        return [Fault(f"{text} : le noyau tue avant que Celery ne remplace", self.worker.runner or self.worker.excerpt)]

    def _most_processes(self) -> int:
        given = self.worker.options.get("autoscale", "").partition(",")[0] or self.worker.options.get("concurrency", "")
        if given.isdecimal():
            return int(given)
        value = self.concurrency.value
        return value if not given and isinstance(value, int) and not self.concurrency.variable else 0

    def of_the_host(self) -> list[Fault]:
        """One process per processor of the host, whatever memory its container has: limits of CPU change nothing to it."""
        limit, given = self.worker.memory, self.worker.options.get("concurrency", "")
        asked = given in {"", "0"} and (given == "0" or (not self.concurrency.missing and not self.concurrency.value))
        if self.pool.name != "prefork" or self.pool.variable or not limit or "autoscale" in self.worker.options:
            return []
        if not asked and "nproc" not in given:
            return []
        text = f"`{self.worker.excerpt.path}` lance un processus par processeur de l'hôte dans {limit} de mémoire"
        lines = self.worker.runner or self.worker.excerpt
        return [Fault(f"{text}, faute de `--concurrency` et de `worker_concurrency`", lines)]

    def _unreplaced(self) -> list[Fault]:
        if self.pool.voids(Part.RECYCLING):
            return [] if self.pool.variable or self._may_serve_others() else self._void()
        changed = any(r.variable for r in self.settings)
        return [] if self.pool.missing or changed else self._unbounded()

    def possible(self) -> list[Fault]:
        """Why nothing replaces them, unless the environment says otherwise, or the setting is meant for other workers."""
        if self.pool.voids(Part.RECYCLING):
            return self._void()
        return [*self.over_the_limit(), *([] if self.pool.missing else self._unbounded())]

    def gaps(self) -> list[str]:
        """What is not known of it."""
        unread = [f"`--{n}` de `{self.worker.excerpt.path}` ne se lit pas : `{v}`" for n, v in self.options if "$" in v]
        unsure = [] if self.told else [r.missing for r in self.settings if r.missing]
        return [*filter(None, [self.pool.missing, self._unread_concurrency()]), *unread, *unsure]

    def _unread_concurrency(self) -> str:
        given = self.worker.options.get("concurrency", "")
        if not self.worker.memory or "autoscale" in self.worker.options or self.pool.name != "prefork":
            return ""
        if "$" in given:
            return f"la concurrence de `{self.worker.excerpt.path}` ne se lit pas : `{given}`"
        return "" if given else self.concurrency.missing

    def _may_serve_others(self) -> bool:
        return self.others_recycle and not self.options

    def _void(self) -> list[Fault]:
        if not self.told:
            return []
        text = f"`{self.worker.excerpt.path}` : {self.pool.told}, où {self.told} n'a aucun effet"
        return [Fault(text, self.worker.excerpt)]

    def _unbounded(self) -> list[Fault]:
        if self.told or any(r.missing for r in self.settings):
            return []
        text = f"`{self.worker.excerpt.path}` lance un worker sans `--max-tasks-per-child` ni `--max-memory-per-child`"
        return [*_untold(self.settings), *([Fault(text, self.worker.excerpt)] if self.by_scripts else [])]


def _kibibytes(memory: str) -> float | None:
    """A limit of memory as Docker, Kubernetes and systemd write it, in Kio; None for what is none."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?", memory.strip().lower())
    return float(found[1]) * 1024 ** " kmgt".index(found[2] or " ") / 1024 if found else None


def _untold(settings: Sequence[Reading]) -> list[Fault]:
    return [Fault(r.told, r.excerpt) for r in settings]


@practice(
    "bounded-memory",
    "Mémoire bornée",
    reference=_WORKERS + "max-tasks-per-child-setting",
    guide=Guide(
        severity=Severity.MINOR,
        passes="Les processus de chaque worker sont remplacés après un nombre de tâches ou une taille de mémoire",
        fails="Rien de ce qui a été lu ne remplace un processus de worker dont la mémoire grossit",
        advice="Régler `worker_max_tasks_per_child` ou `worker_max_memory_per_child` (en Kio)",
        solution="worker_max_tasks_per_child = 1000\nworker_max_memory_per_child = 300_000",
        undetermined="un de ces réglages, ou une option des scripts, ne se lit pas",
    ),
    example={
        "app.py": """
            from celery import Celery

            app = Celery("shop", broker="redis://localhost/0")
            «app.conf.task_acks_late = True¦app.conf.worker_max_tasks_per_child = 1000»
        """,
        "start.sh": "celery -A app worker",
    },
)
def _memory(known: TargetFacts) -> Sequence[Finding]:
    guide = _memory.guide
    settings = tuple(read(known, name) for name in _CHILD)
    if not known.workers:
        return _without_worker(known, guide, settings, unread_process_files(known))
    pools = [(worker, pool(known, worker)) for worker in known.workers]
    recycled = any(not p.missing and not p.voids(Part.RECYCLING) for _, p in pools)
    concurrency = read(known, "worker_concurrency")
    by_scripts = any(set(_CHILD.values()) & w.options.keys() for w in known.workers)
    found = [_Bounded(worker, p, settings, recycled, concurrency, by_scripts) for worker, p in pools]
    members = tuple(one for one in found if one.told or not one.pool.voids(Part.RECYCLING))
    gaps = [*unread_process_files(known)]
    gaps += [
        UnreadProcess(one.worker.excerpt.path, one.worker.excerpt.first_line, why)
        for one in found
        for why in one.gaps()
    ]
    told = ", ".join(dict.fromkeys(filter(None, (one.told for one in members))))
    count = len(known.workers)
    domain = ruled_by(known, (), members, counted(count, "worker"), *gaps)
    answer = conclude(domain, _Bounded.faults, possible_of=_Bounded.possible)
    evidence = [
        *(known.source.evidence(one.worker.excerpt) for one in members),
        *(e for r in settings for e in r.evidence),
    ]
    if any(one.of_the_host() or one.over_the_limit() for one in members):
        guide = replace(
            guide,
            fails="La mémoire d'un worker n'est pas bornée",
            advice="Donner `--concurrency` ou `worker_concurrency` où la mémoire du conteneur est limitée",
            solution="celery -A application worker --concurrency=2",
            language="bash",
        )
    nothing = "ces workers n'ont pas de processus enfants"
    return answered(guide, "Mémoire des workers", answer, *evidence, nothing=nothing, detail=told)


def _without_worker(
    known: TargetFacts, guide: Guide, settings: Sequence[Reading], gaps: list[Gap]
) -> Sequence[Finding]:
    """What the settings alone say: the pool of the workers may make them void, and their start lines may bound them."""
    missing = [r for r in settings if r.missing]
    bare = "aucune commande de worker n'a été lue, où `--max-memory-per-child` peut être donné"
    unbounded = [] if missing or any(r.value for r in settings) else [*_untold(settings), Fault(bare)]
    gaps += [UnreadSettings(why=r.missing) for r in missing[:1]]
    started = known.source.observations_of(WorkerStartedByCode)
    if any(set(_CHILD.values()) & {*o.options} for o in started):
        unbounded = []
    places = [o.excerpt for o in started if o.excerpt]
    gaps += [
        UnreadProcess(e.path, e.first_line, "du code lance un worker, dont la commande n'est pas lue") for e in places
    ]
    gaps += [] if places else [UnreadProcess(why=NO_WORKER)]
    domain = ruled_by(known, (), (settings,), "aucun worker", *gaps)
    answer = conclude(domain, lambda _: (), possible_of=lambda _: tuple(unbounded))
    evidence = [e for r in settings for e in r.evidence]
    return answered(guide, "Mémoire des workers", answer, *evidence, nothing=NO_WORKER)
