"""What a stop under load proves: tasks that end in time, tasks that outlast the grace, tasks that the signal itself cuts."""

from collections.abc import Mapping
from typing import Any

from audit.experiments.canary.scenario_counts import Observation
from audit.experiments.canary.sentences import defect, reservation, wrongs
from audit.french.typography import counted, french_seconds
from audit.model.findings import Evidence, Finding, Outcome

_TITLE = "Arrêt du worker tel que les fichiers livrés le demandent"


def judge_stop(
    seen: Observation, evidence: Evidence, settings: Mapping[str, Any], stop: Mapping[str, Any]
) -> list[Finding]:
    """Faults first; « indéterminé » where the canary could not stop the worker as the shipped files do."""
    cut = seen.values.get("cut")
    found = wrongs(seen, _when(cut), evidence, settings)
    if seen.values.get("cut_early") and not stop.get("soft"):
        found.insert(0, _cut_by_the_signal(seen, evidence, stop))
    soft = settings.get("soft_shutdown")
    if cut and not cut["by_itself"] and soft and not stop.get("soft"):
        sentence = (
            f"`worker_soft_shutdown_timeout={soft:g}` est réglé, mais le signal reçu ne déclenche pas cet arrêt : après "
            f"{french_seconds(cut['seconds'])} le worker attendait encore ses tâches, et SIGKILL a laissé {cut['unacked']} messages non acquittés"
        )
        advice = "Poser `REMAP_SIGTERM=SIGQUIT` dans l'environnement du worker, ou lui envoyer SIGQUIT"
        found.insert(0, defect("L'arrêt progressif réglé ne commence jamais", sentence, seen, evidence, advice))
    if seen.values.get("consumes_on") and seen.values.get("through"):
        found.insert(0, _kept_by_the_script(seen, evidence, stop))
    elif seen.values.get("stop_seconds") is None:
        sentence = "Le worker, à qui le signal d'arrêt a été envoyé, n'était pas arrêté 20 s après la fin de ses tâches"
        advice = "Vérifier que le délai de grâce de l'orchestrateur dépasse l'arrêt du worker"
        found.append(reservation("Le worker ne s'arrête pas sur SIGTERM", sentence, seen, evidence, advice))
    if found:
        return found
    if missing := _missing(seen, stop):
        return [Finding(Outcome.UNDETERMINED, _TITLE, missing=missing)]
    return [Finding(Outcome.ESTABLISHED, _established(seen, stop), (evidence,))]


def _when(cut: Mapping[str, Any] | None) -> str:
    when = "quand le worker reçoit SIGTERM en charge"
    return f"{when}, puis SIGKILL après {french_seconds(cut['seconds'])}" if cut and not cut["by_itself"] else when


def _cut_by_the_signal(seen: Observation, evidence: Evidence, stop: Mapping[str, Any]) -> Finding:
    whom = "au groupe de processus du worker" if stop.get("group") else "au processus principal"
    as_shipped = f", comme le fait `{stop['path']}`" if stop.get("path") else ""
    cut = seen.values["cut_early"]
    sentence = (
        f"SIGTERM envoyé {whom}{as_shipped} : {counted(cut, 'tâche')} en vol sur {seen.in_flight} {'ont' if cut > 1 else 'a'} été "
        f"{'coupées' if cut > 1 else 'coupée'} avant {'leur' if cut > 1 else 'sa'} fin"
    )
    advice = "N'envoyer le signal qu'au processus principal (supervisord : retirer `stopasgroup`), ou poser `REMAP_SIGTERM=SIGQUIT`"
    return defect("Le signal d'arrêt coupe les tâches en cours", sentence, seen, evidence, advice)


def _kept_by_the_script(seen: Observation, evidence: Evidence, stop: Mapping[str, Any]) -> Finding:
    """No warm shutdown takes one more message, and this worker executed one that was sent long after the signal."""
    more = f" et a exécuté encore {counted(seen.values['went_on'] + 1, 'message')}"
    sentence = (
        f"SIG{stop.get('signal', 'TERM')} envoyé à ce que lance {seen.values['through']} n'atteint pas le worker : ses tâches en vol finies, il "
        f"vivait encore{more} ; SIGKILL seul l'arrête"
    )
    advice = "Finir le script par `exec celery …`, ou y transmettre le signal (`trap`)"
    return defect("Le script d'entrée ne transmet pas le signal d'arrêt", sentence, seen, evidence, advice)


def _missing(seen: Observation, stop: Mapping[str, Any]) -> str:
    failed = seen.values.get("entry_failed")
    tried = f" ; par ce script, il ne démarre pas dans l'enceinte : {failed}" if failed else ""
    if waited := seen.values.get("not_waited"):
        return f"l'arrêt progressif de {french_seconds(waited)} (`worker_soft_shutdown_timeout`) est trop long pour être attendu"
    if seen.values.get("through"):
        return ""
    if not stop.get("reaches", True):
        return f"le canari lance le worker sans le script livré, qui garde SIGTERM pour lui ({stop['why']}){tried}"
    if stop.get("why"):
        return f"ce que SIGTERM atteint n'est pas connu ({stop['why']}) ; envoyé au processus principal seul, il n'a rien coupé{tried}"
    return ""


def _established(seen: Observation, stop: Mapping[str, Any]) -> str:
    whom = "au groupe de processus" if stop.get("group") else "au processus principal"
    if through := seen.values.get("through"):
        whom = f"à {'tout ' if stop.get('group') else ''}ce que lance {through}"
    sentence = (
        f"SIG{stop.get('signal', 'TERM')} {whom} avec {counted(seen.in_flight, 'tâche')} en vol : le worker s'arrête en "
        f"{french_seconds(seen.values['stop_seconds'])} ; {seen.sent} messages, aucun perdu ni exécuté deux fois"
    )
    cut, within = seen.values.get("cut"), seen.values.get("within")
    if cut:
        whose = (
            f"laissé par `{stop['path']}`" if stop.get("grace_told") else "celui de Docker : aucun fichier n'en donne"
        )
        how = "le worker s'arrête de lui-même" if cut["by_itself"] else "SIGKILL"
        sentence += (
            f" ; avec des tâches plus longues que le délai de grâce ({french_seconds(cut['grace'])}, {whose}), {how} après "
            f"{french_seconds(cut['seconds'])} : {cut['queued']} dans la file, {cut['unacked']} non acquittés, tous exécutés ensuite"
        )
    elif within is not None:
        sentence += (
            f" ; aucune tâche ne dure plus de {french_seconds(within)} (`task_time_limit`), sous le délai de grâce "
            f"({french_seconds(seen.values['grace'])}) : SIGKILL n'a pas été joué"
        )
    return sentence
