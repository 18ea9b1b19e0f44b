"""Names that Django removed, release by release, and what replaces each.

From "Django Deprecation Timeline" and the release notes, "Features removed": https://docs.djangoproject.com/en/stable/internals/deprecation/
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class RemovedName:
    """A name, the releases of Django that deprecated and removed it, and what to write instead, in French or in code."""

    name: str
    since: str
    removed: str
    instead: str

    @property
    def remedy(self) -> str:
        """What to do, as a French sentence."""
        if self.instead == "rien":
            return "Retirer ce nom : rien ne le remplace"
        return f"Utiliser {self.instead}" if " " in self.instead else f"Utiliser `{self.instead}`"

    @property
    def what(self) -> str:
        """The name and its releases, as a French clause."""
        return f"`{self.name}`, déprécié depuis Django {self.since} et retiré de Django {self.removed}"


_TRANSLATION = {f"django.utils.translation.u{name}": name for name in ("gettext", "gettext_lazy", "gettext_noop")} | {
    "django.utils.translation.ungettext": "ngettext",
    "django.utils.translation.ungettext_lazy": "ngettext_lazy",
}
_TABLE: Mapping[tuple[str, str], Mapping[str, str]] = {
    ("2.0", "3.0"): {
        "django.shortcuts.render_to_response": "django.shortcuts.render",
        "django.utils.decorators.available_attrs": "functools.WRAPPER_ASSIGNMENTS",
        "django.utils.decorators.ContextDecorator": "contextlib.ContextDecorator",
        "django.utils.encoding.python_2_unicode_compatible": "rien",
        "django.utils.functional.curry": "functools.partial",
        "django.utils.lru_cache": "functools.lru_cache",
        "django.utils.safestring.SafeBytes": "SafeString",
        "django.utils.six": "Python 3",
        "django.contrib.staticfiles.templatetags": "django.templatetags.static",
    },
    ("2.2", "3.1"): {
        "django.utils.timezone.FixedOffset": "datetime.timezone",
        "django.core.paginator.QuerySetPaginator": "Paginator",
    },
    ("3.0", "4.0"): _TRANSLATION
    | {
        "django.utils.encoding.smart_text": "smart_str",
        "django.utils.encoding.force_text": "force_str",
        "django.utils.http.urlquote": "urllib.parse.quote",
        "django.utils.http.urlquote_plus": "urllib.parse.quote_plus",
        "django.utils.http.urlunquote": "urllib.parse.unquote",
        "django.utils.http.urlunquote_plus": "urllib.parse.unquote_plus",
        "django.utils.http.is_safe_url": "url_has_allowed_host_and_scheme",
        "django.utils.text.unescape_entities": "html.unescape",
    },
    ("3.1", "4.0"): {
        "django.conf.urls.url": "django.urls.re_path",
        "django.contrib.postgres.fields.JSONField": "django.db.models.JSONField",
        "django.contrib.postgres.fields.jsonb": "django.db.models.JSONField",
        "django.contrib.postgres.forms.JSONField": "django.forms.JSONField",
        "django.db.models.NullBooleanField": "BooleanField(null=True)",
        "django.db.models.fields.NullBooleanField": "BooleanField(null=True)",
        "django.db.models.query_utils.InvalidQuery": "django.core.exceptions.FieldError",
    },
    ("3.2", "4.1"): {"django.core.cache.backends.memcached.MemcachedCache": "PyMemcacheCache"},
    ("4.0", "5.0"): {
        "django.utils.baseconv": "une fonction du projet",
        "django.utils.datetime_safe": "datetime",
    },
    ("4.1", "5.0"): {
        "django.utils.timezone.utc": "datetime.timezone.utc",
        "django.contrib.auth.hashers.CryptPasswordHasher": "un hacheur que Django garde",
    },
    ("4.2", "5.1"): {
        "django.contrib.postgres.fields.CICharField": "db_collation",
        "django.contrib.postgres.fields.CIEmailField": "db_collation",
        "django.contrib.postgres.fields.CITextField": "db_collation",
        "django.core.files.storage.get_storage_class": "django.core.files.storage.storages",
        "django.contrib.auth.hashers.SHA1PasswordHasher": "un hacheur que Django garde",
        "django.contrib.auth.hashers.UnsaltedSHA1PasswordHasher": "un hacheur que Django garde",
        "django.contrib.auth.hashers.UnsaltedMD5PasswordHasher": "un hacheur que Django garde",
    },
}
# What is imported or read from Django, by its dotted name.
FROM_DJANGO: Mapping[str, RemovedName] = {
    dotted: RemovedName(dotted.rpartition(".")[2], since, removed, instead)
    for (since, removed), names in _TABLE.items()
    for dotted, instead in names.items()
}
# What an object or a module of the project holds.
IS_AJAX = RemovedName("is_ajax", "3.1", "4.0", 'headers["x-requested-with"]')
PROVIDING_ARGS = RemovedName("providing_args", "3.1", "4.0", "Signal()")
APP_CONFIG = RemovedName("default_app_config", "3.2", "4.1", "rien")
# What a model's `Meta` says, a settings module gives, or is asked of a manager of users.
INDEX_TOGETHER = RemovedName("index_together", "4.2", "5.1", "Meta.indexes")
RANDOM_PASSWORD = RemovedName("make_random_password", "4.2", "5.1", "secrets.token_urlsafe")
OF_SETTINGS: Mapping[str, RemovedName] = {
    name: RemovedName(name, since, removed, instead)
    for name, since, removed, instead in (
        ("DEFAULT_FILE_STORAGE", "4.2", "5.1", "STORAGES"),
        ("STATICFILES_STORAGE", "4.2", "5.1", "STORAGES"),
        ("PASSWORD_RESET_TIMEOUT_DAYS", "3.1", "4.0", "PASSWORD_RESET_TIMEOUT"),
        ("DEFAULT_HASHING_ALGORITHM", "3.1", "4.0", "rien"),
        ("USE_DEPRECATED_PYTZ", "4.0", "5.0", "rien"),
        ("CSRF_COOKIE_MASKED", "4.1", "5.0", "rien"),
    )
}
# The same, and what Django no longer gives a value to: to give it one does no harm, to read it without one fails.
READ_OF_SETTINGS: Mapping[str, RemovedName] = {**OF_SETTINGS, "USE_L10N": RemovedName("USE_L10N", "4.0", "5.0", "rien")}

_OTHERS = (IS_AJAX, PROVIDING_ARGS, APP_CONFIG, INDEX_TOGETHER, RANDOM_PASSWORD)
_EVERY = (*FROM_DJANGO.values(), *_OTHERS, *READ_OF_SETTINGS.values())
SEARCHED = len({one.name for one in _EVERY})
FIRST, LAST = min(one.removed for one in _EVERY), max(one.removed for one in _EVERY)
