"""The page: one table a scenario, in French, from the rows that were measured."""

from collections.abc import Mapping, Sequence
from typing import Any

from audit.french.typography import french

_TITLES = {
    "canary-child-killed": "Un processus enfant tué (SIGKILL) en pleine tâche",
    "canary-broker-restarted": "Le broker tué puis relancé avec ses données, avec une place libre sur deux, puis aucune",
    "canary-main-killed": "Le processus principal tué (SIGKILL), toutes les places prises et des messages en attente, relancé ensuite",
}
_ACKS = {"early": "avant l'exécution", "late": "après", "late+reject": "après, avec rejet"}
_BROKERS = {"redis": "Redis", "rabbitmq": "RabbitMQ"}
_HEAD = """# Celery face aux pannes, version par version

Fichier écrit par `nox -s versions` : ne pas le modifier. Les données sont dans `audit/rules/measured_releases.json`.

Chaque ligne vient du canari : un worker (`concurrency=2`, `prefetch_multiplier=1`) et un broker réels, dans un espace de noms, une
fois par ligne. « Perdus » : ni exécutés, ni dans le broker. « Deux fois » : exécutés deux fois, ou exécutés et encore non
acquittés. « Retenus » : non acquittés au nom d'un worker mort, jusqu'au `visibility_timeout`. Une seule exécution n'est pas une
probabilité : une ligne sans perte ne prouve pas qu'il n'y en a jamais. Les serveurs écrivent à chaque commande (Redis) ou au repos de
la file (RabbitMQ, file classique).
"""


def page(rows: Sequence[Mapping[str, Any]]) -> str:
    """Markdown, with every row's versions, hour and command."""
    parts = [_HEAD, f"{len(rows)} combinaisons mesurées, {sum(len(r['scenarios']) for r in rows)} essais.\n"]
    for scenario, title in _TITLES.items():
        played = [row for row in rows if scenario in row["scenarios"]]
        if played:
            parts += [f"## {title}\n", _table(scenario, played)]
    parts += ["## Quand, sur quoi, et comment refaire\n", _origins(rows)]
    return french("\n".join(parts))


def _table(scenario: str, rows: Sequence[Mapping[str, Any]]) -> str:
    lines = [
        "| Celery | Broker | Pool | Acquitte | Envoyés | Perdus | Deux fois | Retenus | Worker |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        seen = row["scenarios"][scenario]
        cells = (row["release"], _BROKERS[row["broker"]], row["pool"], _ACKS[row["acks"]], seen["sent"], seen["lost"])
        lines.append("| " + " | ".join(map(str, (*cells, seen["twice"], seen["retained"], _worker(seen)))) + " |")
    return "\n".join(lines) + "\n"


def _worker(seen: Mapping[str, Any]) -> str:
    if seen["died"]:
        return f"**mort** avec {seen['died_with']} (`{seen['died'].replace('|', '/')}`)"
    if seen["back_seconds"] is not None:
        return f"revient en {seen['back_seconds']:.1f} s".replace(".", ",")
    if seen["boot_seconds"] is not None:
        return f"relancé, consomme en {seen['boot_seconds']:.1f} s".replace(".", ",")
    return "la tâche ne recommence pas"


def _origins(rows: Sequence[Mapping[str, Any]]) -> str:
    lines = ["| Combinaison | Versions | Quand (UTC) | Sur | Commande |", "|---|---|---|---|---|"]
    for row in rows:
        versions = ", ".join(f"{name} {version}" for name, version in row["versions"].items())
        command = f"`nox -s versions -- --again --only {row['cell']}`"
        lines.append(f"| `{row['cell']}` | {versions} | {row['at']} | {row['on']} | {command} |")
    return "\n".join(lines) + "\n"
