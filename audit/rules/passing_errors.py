"""Which classes of exceptions may pass by themselves, and which no retry mends, by what they derive from."""

import builtins
import re
from collections.abc import Collection, Mapping

from audit.model.observations.failure_handling import RetriedClass
from audit.model.word_tables import word_list

_PASSING = (BlockingIOError, ConnectionError, InterruptedError, MemoryError, TimeoutError)
# What passes in libraries, though its name says little.
_KNOWN_TO_PASS = frozenset({"ConnectionError", "Timeout", "TimeoutException", "TransportError", "OperationalError"})
_EVERYTHING = frozenset({"BaseException", "Exception"})
_ALIASES = frozenset({"socket.error", "select.error", "os.error"})
_LIKE = {
    "ObjectDoesNotExist": "un objet absent ne revient pas",
    "DoesNotExist": "un objet absent ne revient pas",
    "NoResultFound": "un objet absent ne revient pas",
    "MultipleObjectsReturned": "la base répondra de même",
    "MultipleResultsFound": "la base répondra de même",
    "ProgrammingError": "la requête est fausse",
    "DataError": "la valeur est refusée",
    "DatabaseError": "couvre aussi une requête fausse et une contrainte violée",
    "DBAPIError": "couvre aussi une requête fausse et une contrainte violée",
    "SQLAlchemyError": "couvre toutes les erreurs de SQLAlchemy",
    "RedisError": "couvre toutes les erreurs du client de Redis",
    "SMTPException": "couvre aussi un destinataire refusé",
    "SMTPResponseException": "couvre aussi un refus définitif",
    "SMTPSenderRefused": "le serveur refuse l'expéditeur",
    "SMTPRecipientsRefused": "le serveur refuse les destinataires",
    "SMTPAuthenticationError": "le mot de passe est refusé",
    "SMTPNotSupportedError": "le serveur ne sait pas le faire",
    **dict.fromkeys(
        ("RequestException", "HTTPError", "HTTPStatusError", "ClientResponseError", "URLError", "NiquestsException"),
        "couvre aussi une réponse 404 ou une adresse fausse",
    ),
    **dict.fromkeys(
        word_list("""
            ClientError BotoCoreError StripeError TwilioException TwilioRestException GoogleAPIError GoogleAPICallError
            HttpError RpcError SlackApiError ApiError APIError ApiException AzureError HttpResponseError PyMongoError
            AMQPError SSHException ElasticsearchException
        """),
        "couvre aussi un refus définitif du serveur",
    ),
    "Error": "couvre toutes les erreurs de cette bibliothèque",
    "ValidationError": "la valeur est refusée",
    "ImproperlyConfigured": "un réglage manque",
    "PermissionDenied": "le droit manque",
    "JSONDecodeError": "le texte ne changera pas",
    "InvalidURL": "l'adresse est fausse",
    "MissingSchema": "l'adresse est fausse",
    "InvalidSchema": "l'adresse est fausse",
}
_SYSTEM = "couvre aussi un fichier absent, un droit refusé et `SMTPException`"
_PROGRAM = "une erreur de programme ne passe pas"
_WORD = re.compile(r"[A-Za-z_][\w.:]*")
_SAYS_SO = re.compile(
    r"Invalid|NotFound|Missing|Refused|Denied|Forbidden|Unauthori[sz]ed|BadRequest|Permanent|Fatal|Rejected|Validation|NotSupported|"
    r"Unsupported|Misconfigured|DoesNotExist"
)

_SAYS_IT_PASSES = re.compile(
    r"(?i)time_?d?out|connect|unavail|thrott|rate_?limit|too_?many|tempor|transient|retry|again|busy|overload|deadlock|locked|"
    r"operational|network|transport|gaierror|herror|interrupt|slow_?down|internal|gateway|server|protocol|incompleteread|5xx|"
    r"request_?error|read_?error|write_?error|pool|closed|reset|aborted|lost|down$|soft|concurren|conflict|stale|watch|serializ"
)


def names_of(option: object) -> tuple[str, ...]:
    """The classes that an `autoretry_for` names, in the order of the text."""
    words = option if isinstance(option, list | tuple) else _WORD.findall(str(option or ""))
    return tuple(dict.fromkeys(str(word) for word in words))


def is_everything(name: str) -> bool:
    """Whether this class is that of every exception."""
    return _last(name) in _EVERYTHING


def _why_it_stays(name: str, ancestors: Collection[str], heirs: Collection[str]) -> str:
    """Why an error of this class does not pass by itself, in French; empty for one that may."""
    last = "OSError" if name in _ALIASES else _last(name)
    if last in _LIKE and ":" not in name:
        return _LIKE[last]
    if ":" not in name:
        return _of_python(last) if "." not in name or name in _ALIASES or name.startswith("builtins.") else ""
    if any(map(_passes, ancestors)):
        return ""
    if _SAYS_SO.search(last):
        return "le nom dit une erreur qui ne passe pas"
    if stays := next((one for one in heirs if _SAYS_SO.search(_last(one))), ""):
        return f"couvre aussi `{_last(stays)}`"
    return next((why for one in ancestors if _narrows(one) and (why := _why_it_stays(one, (), ()))), "")


def judged(names: Collection[str], classes: Mapping[str, RetriedClass]) -> dict[str, str]:
    """The names that do not pass, each with why; `classes`: those of the target."""
    found = {name: _why(name, classes.get(name)) for name in names if not is_everything(name)}
    return {_shown(name): why for name, why in found.items() if why}


def _why(name: str, own: RetriedClass | None) -> str:
    if own is not None and own.wraps:
        return f"levée à la place de n'importe quelle erreur (`{own.wraps}`)"
    return _why_it_stays(name, *((own.ancestors, own.heirs) if own else ((), ())))


def replaced(names: Collection[str], classes: Mapping[str, RetriedClass]) -> dict[str, str]:
    """The names of libraries that may not be installed, each with what stands for it then and does not pass."""
    instead = {name: classes[name].instead for name in names if name in classes}
    return {name: _shown(other) for name, other in instead.items() if other and _why_it_stays(other, (), ())}


def unclear(names: Collection[str]) -> list[str]:
    """Those of libraries, of which neither what is known nor the name says whether they pass."""
    others = (name for name in names if "." in name and ":" not in name and not name.startswith("builtins."))
    last = {name: _last(name) for name in others if name not in _ALIASES and not is_everything(name)}
    return [
        n
        for n, word in last.items()
        if word not in _LIKE | dict.fromkeys(_KNOWN_TO_PASS) and not _SAYS_IT_PASSES.search(word)
    ]


def _shown(name: str) -> str:
    return name.rpartition(":")[2].removeprefix("builtins.")


def _last(name: str) -> str:
    return re.split(r"[.:]", name)[-1]


def _builtin(last: str) -> type[BaseException] | None:
    held = getattr(builtins, last, None)
    return held if isinstance(held, type) and issubclass(held, BaseException) else None


def _passes(name: str) -> bool:
    held = _builtin(_last(name))
    return (held is not None and issubclass(held, _PASSING)) or _last(name) in _KNOWN_TO_PASS


def _of_python(last: str) -> str:
    held = _builtin(last)
    if held is None or issubclass(held, _PASSING):
        return ""
    return (
        _SYSTEM
        if held is OSError
        else _PROGRAM
        if not issubclass(held, OSError)
        else "cette erreur du système ne passe pas"
    )


def _narrows(ancestor: str) -> bool:
    """Whether a class of the target that derives from this one says the same error: not a base that says nothing by itself."""
    held = _builtin(_last(ancestor))
    return held not in {Exception, BaseException, RuntimeError, OSError}
