"""The criteria of families 4 to 7, 9 and 10, as data (facts/exigences.md); family 8 is in `audit.requirements.catalogue`."""

from audit.model.findings import Level
from audit.requirements.requirement import DRIVER_FIRST, Requirement

_HEADING = "Vérifications effectuées"
_RUN = DRIVER_FIRST + "`audit run --family {family} --level execution`"


# 4.7, 4.8 and 5.7 came after the first checkpoints.
_LATER = "2026-11-28T20:00:00+00:00"


def _seen(identifier: str, title: str, criterion: str, since: str = "") -> Requirement:
    """A criterion that only execution establishes."""
    settles = _RUN.format(family=identifier.partition(".")[0])
    return Requirement(identifier, title, criterion, Level.EXECUTION, _HEADING, settles, since=since)


def _told(identifier: str, title: str, criterion: str, settles: str) -> Requirement:
    """A criterion of the code's quality, established by a tool or by its results."""
    return Requirement(identifier, title, criterion, Level.SOURCE, _HEADING, settles)


MESSAGE_1 = (
    _seen(
        "4.1",
        "Un Message 1 par Contact",
        "Au lancement d'une campagne, chaque contact de la campagne reçoit exactement un Message 1.",
    ),
    _seen(
        "4.2",
        "Horodatage des Envois",
        "Chaque Message 1 envoyé porte son horodatage `sent_at` (UTC).",
    ),
    _seen("4.3", "Ouverture de la Fenêtre de 24 h", "L'envoi ouvre, pour ce contact, une fenêtre de 24 h."),
    _seen("4.4", "Limite Quotidienne", "Jamais plus de 1 000 messages par jour (limite configurable)."),
    _seen("4.5", "Trace de Chaque Envoi", "Chaque envoi laisse une trace de journal structurée."),
    _seen(
        "4.6",
        "Reprise des Échecs Passagers",
        "Un échec passager est réessayé au plus 3 fois, avec recul exponentiel : 60 s, 120 s, 240 s.",
    ),
    _seen(
        "4.7",
        "Refus de la Passerelle",
        "Un refus définitif de la passerelle n'est pas réessayé ; un refus qui touche toute la passerelle retient la campagne au lieu "
        "d'épuiser ses messages.",
        _LATER,
    ),
    _seen(
        "4.8",
        "Un Message 1 par Personne",
        "Une même personne, quelle que soit la forme de son numéro, ne reçoit qu'un Message 1 par campagne.",
        _LATER,
    ),
)

MESSAGE_2 = (
    _seen(
        "5.1",
        "Évaluation de la Fenêtre",
        "À chaque interaction reçue, la fenêtre de 24 h est évaluée sur `sent_at`.",
    ),
    _seen(
        "5.2",
        "Message 2 dans la Fenêtre",
        "Dans la fenêtre et sans Message 2 existant, le Message 2 part.",
    ),
    _seen(
        "5.3",
        "Aucun Message 2 hors Fenêtre",
        "Hors fenêtre (24 h 00 min 00 s ou plus), il ne part jamais.",
    ),
    _seen(
        "5.4",
        "Types d'Interaction",
        "Tous les types d'interaction comptent : texte, emoji, réaction, vocal, audio, image, vidéo, document.",
    ),
    _seen(
        "5.5",
        "Délai du Message 2",
        "Le Message 2 est remis à la passerelle moins de 5 s après la réception du webhook.",
    ),
    _seen(
        "5.6",
        "Enregistrement des Interactions",
        "Chaque interaction est enregistrée (campagne, contact, type, contenu entier, date).",
    ),
    _seen(
        "5.7",
        "Désinscription",
        "Qui s'est désinscrit ne reçoit plus rien dès que sa demande est reçue, y compris ce qui attend déjà.",
        _LATER,
    ),
)

DUPLICATES = (
    _seen(
        "6.1",
        "Vérification par Contact et par Campagne",
        "L'existence d'un Message 2 est vérifiée par contact et par campagne.",
    ),
    _seen(
        "6.2",
        "Interactions Suivantes",
        "Les interactions suivantes sont enregistrées sans nouvel envoi.",
    ),
    _seen(
        "6.3",
        "Verrou Distribué",
        "Un verrou distribué protège la section critique (TTL 5 min, jeton de propriétaire).",
    ),
    _seen(
        "6.4",
        "Un Seul Message 2",
        "N interactions simultanées ou étalées donnent un seul Message 2, garanti par la base elle-même.",
    ),
    _seen("6.5", "Trace des Doublons", "Chaque tentative de doublon est journalisée."),
)

CLOSING = (
    _seen(
        "7.1",
        "Passage à `completed`",
        "Une campagne dont tous les contacts sont dans un état final passe à `completed`.",
    ),
    _seen(
        "7.2",
        "États Finaux",
        "États finaux : Message 2 envoyé, interaction tardive, aucune interaction sous 24 h, échec définitif, désinscription.",
    ),
    _seen(
        "7.3",
        "Statistiques Finales",
        "À la clôture, les statistiques finales sont calculées et conservées.",
    ),
    _seen("7.4", "Expiration Horaire", "Une tâche horaire applique l'expiration des 24 h."),
    _seen(
        "7.5",
        "Durée Maximale d'Ouverture",
        "Aucune campagne ne reste ouverte plus de 48 h après son dernier envoi.",
    ),
    _seen("7.6", "Trace de la Clôture", "La clôture est journalisée avec ses statistiques."),
)

STATISTICS = (
    _seen("9.1", "Temps de Réponse", "Le point d'accès des statistiques répond en moins de 100 ms."),
    _seen(
        "9.2",
        "Contenu des Statistiques",
        "Il donne : contacts, envoyés, délivrés, lus, interactions, échecs, en attente, taux.",
    ),
    _seen("9.3", "Fraîcheur", "Un envoi y est visible en moins de 5 s."),
    _seen(
        "9.4",
        "Agrégats",
        "Au-delà de 10 000 contacts, les chiffres viennent d'agrégats, pas d'un parcours complet.",
    ),
    _seen("9.5", "Gel à la Clôture", "Les statistiques finales sont figées à la clôture."),
)

QUALITY = (
    _told(
        "10.1",
        "Code Mort",
        "Pas de code mort.",
        "installer `vulture` à côté de l'outil, régler `[tool.vulture]` dans la cible, puis relancer",
    ),
    _told(
        "10.2",
        "Imports Inutilisés",
        "Pas d'import inutilisé.",
        "installer `ruff` à côté de l'outil, puis relancer",
    ),
    _told(
        "10.3",
        "`print` de Mise au Point",
        "Pas de `print` de mise au point en production.",
        "installer `ruff` à côté de l'outil, puis relancer",
    ),
    _told(
        "10.4",
        "Tests",
        "Tous les tests passent.",
        "`pytest --junitxml=FICHIER`, nommer FICHIER dans `quality.junit`, puis relancer",
    ),
    _told(
        "10.5",
        "Couverture des Tests",
        "Couverture des tests supérieure à 80 %.",
        "`pytest --cov --cov-report=xml:FICHIER`, nommer FICHIER dans `quality.coverage`, puis relancer",
    ),
    _told(
        "10.6",
        "Style Uniforme",
        "Style uniforme vérifié par outil.",
        "régler `ruff` ou `black` dans la cible, l'installer à côté de l'outil, puis relancer",
    ),
)

CRITERIA = (*MESSAGE_1, *MESSAGE_2, *DUPLICATES, *CLOSING, *STATISTICS, *QUALITY)
