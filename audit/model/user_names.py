"""Names that speak of a logged-in person."""

import re

from audit.model.word_tables import word_set

_USER_WORDS = word_set("user users admin admins administrator operator login jwt oauth2 bearer")

# What Flask's and Django's libraries call what lets only a logged-in person through, without a word for one.
_GATES = word_set("""
    permission_required permissions_required permissions_accepted roles_required roles_accepted auth_required
    auth_token_required http_auth_required staff_member_required IsAuthenticated IsAuthenticatedOrReadOnly
    DjangoModelPermissions DjangoObjectPermissions PermissionRequiredMixin
""")


def is_user(name: str) -> bool:
    """Whether a parameter or dependency name speaks of a logged-in person (`current_user`, `require_admin`, `OAuth2Bearer`)."""
    _, is_symbol, qualified = name.rpartition(":")
    if not is_symbol and name.rpartition(".")[2] in _GATES:
        return True
    # A method of a project's class, or a function made by another, is told by what holds it too.
    return bool(words(qualified if is_symbol else qualified.rpartition(".")[2]) & _USER_WORDS)


def words(name: str) -> frozenset[str]:
    """The words of a name, in small letters; a browser's `user_agent` is no person."""
    found = re.findall(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z]+\d*", re.sub(r"(?i)user_?agent", "", name))
    return frozenset(word.lower() for word in found)
