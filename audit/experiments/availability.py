"""8.4: 99,9 % by measurement. A short run can refute it; only a soak of the same tree, or production's heartbeats, establish it."""

from collections.abc import Sequence
from dataclasses import replace

from audit.experiments import production_uptime, soak_reading
from audit.experiments.bounds import percentile
from audit.experiments.evidence_files import Dossier, EvidenceFileError, Heartbeats, Soak, read
from audit.experiments.experiment import Appraisal, Record
from audit.experiments.observation_file import Observations
from audit.experiments.production_uptime import days
from audit.experiments.soak_reading import AIM, crashes_a_day, percent
from audit.french.typography import counted, french_date, french_integer, french_length, french_seconds
from audit.model.findings import Evidence, Finding, Level, Outcome, Problem, Severity
from audit.requirements.catalogue import requirement

_ID = "availability"
_TITLE = "Disponibilité des workers, mesurée"
SETTLES = requirement("8.4").settles
_UNSIGNED = "rien ne protège ce fichier d'une modification : son auteur en répond"
_NO_APPLICATION = (
    "aucune application Celery n'est trouvée dans la source auditée (ou plusieurs, ou une autre que celle de `target.celery_app`) : "
    "`{}` ne peut pas porter sur elle"
)


def appraise(dossier: Dossier, record: Record) -> Sequence[Finding]:
    """Judge every file given; each says its part, and what cannot be used keeps the whole undetermined."""
    findings: list[Finding] = []
    established: list[Soak | Heartbeats] = []
    for path in dossier.files:
        try:
            evidence = read(path)
        except EvidenceFileError as error:
            findings.append(Finding(Outcome.UNDETERMINED, _TITLE, missing=str(error), settles=SETTLES))
            continue
        if isinstance(evidence, Observations):
            continue
        foreign = _foreign_soak(evidence, dossier) if isinstance(evidence, Soak) else _foreign_export(evidence, dossier)
        if foreign:
            findings.append(Finding(Outcome.UNDETERMINED, _TITLE, missing=foreign, settles=SETTLES))
        else:
            judged = _soak(evidence, record) if isinstance(evidence, Soak) else _export(evidence, record)
            findings.append(judged)
            established += [evidence] if judged.outcome is Outcome.ESTABLISHED else []
    soaks = [one for one in established if isinstance(one, Soak)]
    if soaks and len(soaks) == len(established):
        findings.append(_not_lived(soaks[-1], record))
    if not findings:
        missing = "ni journal d'endurance de cette empreinte, ni export des battements de cœur de production"
        return [Finding(Outcome.UNDETERMINED, _TITLE, missing=missing, settles=SETTLES)]
    return findings


def _foreign_soak(soak: Soak, dossier: Dossier) -> str:
    """Why this journal cannot be said to bear on what is audited, in French; empty when it does."""
    digest = dossier.digest()
    if soak.digest != digest:
        return f"le journal d'endurance `{soak.path}` porte sur un autre arbre ({soak.digest[:12]}) que celui-ci ({digest[:12]})"
    if hidden := dossier.hidden():
        return f"l'empreinte ne tient pas compte de tout le code ({hidden[0]}) : le journal d'endurance `{soak.path}` peut porter sur un autre"
    return "" if dossier.application() else _NO_APPLICATION.format(soak.path)


def _foreign_export(export: Heartbeats, dossier: Dossier) -> str:
    audited = dossier.application()
    if not audited:
        return _NO_APPLICATION.format(export.path)
    if export.application != audited:
        return f"`{export.path}` : l'export est celui de `{export.application}`, l'application auditée est `{audited}`"
    return ""


def _soak(soak: Soak, record: Record) -> Finding:
    _soak_figures(soak, record)
    wrong, bounds = soak_reading.wrongs(soak), soak_reading.service(soak)
    if wrong:
        return _refuted(record, f"Le journal d'endurance de cet arbre montre des {' ; '.join(wrong)}")
    if bounds and soak_reading.refutes(soak):
        return _refuted(
            record,
            f"Service disponible à moins de 99,9 % sous une mort par minute (borne supérieure {percent(bounds[1])})",
        )
    if lacking := soak_reading.lacks(soak):
        return Finding(
            Outcome.UNDETERMINED,
            _TITLE,
            (_evidence(record),),
            missing=f"le journal d'endurance `{soak.path}` n'établit rien : {' ; '.join(lacking)}",
            settles=SETTLES,
        )
    return Finding(Outcome.ESTABLISHED, _sentence(soak), (_evidence(record),))


def _not_lived(soak: Soak, record: Record) -> Finding:
    """A trial times how long a worker is away; how often it is, only production tells."""
    asked = soak_reading.orderly_stops(soak)
    stops = f" ou {counted(crashes_a_day(max(asked)), 'arrêt demandé')}" if asked else ""
    sentence = (
        f"Mesuré en essai : le temps de retour d'un worker, {french_seconds(round(max(soak_reading.returns(soak)), 2))} au plus, est compatible avec 99,9 % "
        f"jusqu'à {counted(crashes_a_day(max(soak_reading.returns(soak))), 'mort')}{stops} par jour ; la disponibilité elle-même reste à mesurer en production"
    )
    problem = Problem(
        title="Disponibilité mesurée en essai, et non en production",
        severity=Severity.MINOR,
        impact="Faible : combien de fois par jour un worker meurt ou est arrêté n'est pas connu",
        recommendation="Donner l'export des battements de cœur de production (`worker-heartbeats/1`), par `[evidence]` du fichier de cible ou `--evidence`",
    )
    return Finding(Outcome.RESERVATION, sentence, (_evidence(record),), problem=problem)


def _sentence(soak: Soak) -> str:
    """The decision and its conditions, in short sentences."""
    document, seconds = soak.document, soak_reading.returns(soak)
    measured, most = document["availability"], max(seconds)
    others = document["sends"]["expected"] - measured["probes"]
    aside = soak_reading.set_aside(soak)
    untimed = (
        f" ; {aside} autres sont écartées : la passerelle simulée, gelée pour la faute, y était relancée en même temps"
        if aside
        else ""
    )
    return (
        f"Mesuré en essai : un worker tué par SIGKILL reprend en {french_seconds(round(sum(seconds) / len(seconds), 2))} en moyenne, "
        f"{french_seconds(round(most, 2))} au plus ({counted(len(seconds), 'mort')} du journal d'endurance{untimed}). {_allowed(soak, most)} "
        f"Avec {measured['workers']} workers et {counted(measured['crashes'], 'mort')} en {french_length(measured['elapsed_seconds'])}, "
        f"{french_integer(measured['in_time'])} messages témoins sur {french_integer(measured['probes'])} sont partis en {french_seconds(measured['deadline_seconds'])} au plus{_spread(soak)} : ils montrent que rien n'est perdu, et non une disponibilité. "
        f"{french_integer(others)} autres envois sous {counted(len(soak_reading.struck(soak)), 'faute')} : aucun perdu, doublé ni inattendu. "
        f"Non essayés : panne d'hôte, panne de fournisseur (d'après `{soak.path}` ; {_UNSIGNED})"
    )


def _allowed(soak: Soak, most: float) -> str:
    """How many deaths, and how many requested stops, a day at 99,9 % leaves room for."""
    asked = soak_reading.orderly_stops(soak)
    stops = (
        f" ou {counted(crashes_a_day(max(asked)), 'arrêt demandé')} (SIGTERM ou SIGQUIT : {len(asked)} dans ce journal, {french_seconds(round(max(asked), 2))} au plus)"
        if asked
        else ""
    )
    return f"À 99,9 %, un worker a droit à 86,4 s d'arrêt par jour, soit {counted(crashes_a_day(most), 'mort')}{stops}, aux durées de l'essai ; aux durées livrées, cela n'est pas mesuré, et la production seule peut le confirmer."


def _spread(soak: Soak) -> str:
    """How long the probes took, by the kept ledger; empty where there is none."""
    if not soak.probe_delays:
        return ""
    half, most = (french_seconds(round(percentile(soak.probe_delays, share), 2)) for share in (0.5, 0.99))
    return f" (la moitié en {half}, 99 sur 100 en {most}, le plus long en {french_seconds(round(soak.probe_delays[-1], 2))})"


def _soak_figures(soak: Soak, record: Record) -> None:
    document = soak.document
    seconds = soak_reading.returns(soak)
    record.figure(
        "Journal d'endurance",
        f"`{soak.path}`, graine {document['seed']}, {french_length(document['duration_seconds'])}",
    )
    if document["conditions"]:
        record.figure("Conditions du journal d'endurance", f"celles que donne `{soak.path}`")
    if seconds:
        mean, most = sum(seconds) / len(seconds), max(seconds)
        record.figure(
            "Temps moyen de retour d'un worker tué (MTTR)",
            f"{french_seconds(round(mean, 2))}, sur {counted(len(seconds), 'mort')}",
        )
        record.figure("Retour le plus long", french_seconds(round(most, 2)))
        record.figure(
            "Disponibilité d'un worker (temps où il consomme / temps écoulé) : morts par jour permises à 99,9 %",
            f"{crashes_a_day(mean)} au temps moyen, {crashes_a_day(most)} au plus long (86,4 s / retour)",
        )
    if asked := soak_reading.orderly_stops(soak):
        record.figure(
            "Arrêts demandés (SIGTERM, SIGQUIT) par jour permis à 99,9 %",
            f"{crashes_a_day(max(asked))}, à {french_seconds(round(max(asked), 2))} chacun au plus",
        )
    measured, bounds = document["availability"], soak_reading.service(soak)
    if bounds:
        record.figure(
            f"Messages témoins partis en {french_seconds(measured['deadline_seconds'])} au plus, un worker tué par minute",
            f"{french_integer(measured['in_time'])} sur {french_integer(measured['probes'])}{_spread(soak)}",
        )


def _export(export: Heartbeats, record: Record) -> Finding:
    measured = production_uptime.measure(export)
    for label, value in production_uptime.figures(export, measured):
        record.figure(label, value)
    if measured.most < AIM:
        return _refuted(
            record,
            f"En production, un worker donnait signe de vie {percent(measured.most)} du temps au plus, sur {days(measured.seconds)}",
        )
    if missing := production_uptime.lacks(export, measured):
        told = f"`{export.path}` : {' ; '.join(missing)}"
        return Finding(Outcome.UNDETERMINED, _TITLE, (_evidence(record),), missing=told, settles=SETTLES)
    sentence = (
        f"En production, pendant {days(measured.seconds)} jusqu'au {french_date(export.end.date())}, au moins un worker donnait signe de vie "
        f"{percent(measured.least)} du temps au moins ({counted(measured.gaps, 'interruption')}) ; cet export dit ce que la production a "
        f"vécu, et non l'arbre audité ; {_UNSIGNED}"
    )
    return Finding(Outcome.ESTABLISHED, sentence, (_evidence(record),))


def _refuted(record: Record, sentence: str) -> Finding:
    problem = Problem(
        title="Disponibilité des workers sous 99,9 %, réfutée par la mesure",
        severity=Severity.CRITICAL,
        impact="Élevé : des messages partent en retard, deux fois, ou jamais",
        recommendation="Corriger ce que le journal d'endurance ou l'export nomme, puis mesurer de nouveau",
    )
    return Finding(Outcome.DEFECT, sentence, (_evidence(record),), problem=problem)


def _evidence(record: Record) -> Evidence:
    return replace(record.evidence(_ID), level=Level.MEASUREMENT)


EXPERIMENT = Appraisal(_ID, _TITLE, ("8.4",), appraise)
