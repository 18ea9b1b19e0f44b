"""What `python -m system up` begins with: an account, and contacts whose numbers belong to nobody."""

import io
import secrets
from dataclasses import dataclass
from pathlib import Path

from system.db import contacts
from system.db.database import Database
from system.domain.erasure import ErasureKey
from system.domain.roles import Role
from system.services.consent import opt_out
from system.services.importing import Source, import_contacts
from system.services.passwords import Passwords
from system.services.users import add_user, list_users

ACCOUNT = "admin"
CATEGORY = "Exemple"
# The French regulator keeps +33 6 39 98 for fiction. Two have not opted in, and the last has opted out.
PEOPLE = (
    ("Anne", "Martin", "2026-01-12"),
    ("Béatrice", "Lefèvre", "2026-02-03"),
    ("Chloé", "Garnier", "2026-02-17"),
    ("David", "Nguyen", "2026-03-09"),
    ("Émile", "Roussel", "2026-03-28"),
    ("Fatou", "Diallo", "2026-04-02"),
    ("Gaël", "Le Goff", "2026-05-21"),
    ("Hélène", "Moreau", "2026-06-30"),
    ("Inès", "Haddad", ""),
    ("Jules", "Petit", ""),
    ("", "Boulangerie Kléber", "2026-07-14"),
    ("Léa", "Fontaine", "2026-08-25"),
)


@dataclass(frozen=True)
class Account:
    """Whom one logs in as."""

    name: str
    password: str


def token_secret(data: Path) -> str:
    """Signs the logins of this directory: who is logged in stays so over a second `up`."""
    return _kept(data / "token-secret", secrets.token_hex(32))


def first_data(database_url: str, data: Path) -> Account:
    """The account of this directory, made the first time, with the contacts."""
    account = Account(ACCOUNT, _kept(data / "password", "-".join(secrets.token_hex(3) for _ in range(3))))
    db = Database(database_url, erasure_key=ErasureKey(token_secret(data)))
    try:
        if ACCOUNT not in {user.name for user in list_users(db)}:
            add_user(db, Passwords(), account.name, Role.ADMIN, account.password)
        _add_people(db)
    finally:
        db.close()
    return account


def phone(number: int) -> str:
    """The number of an example."""
    return f"+336399801{number:02d}"


def _add_people(db: Database) -> None:
    with db.transaction() as connection:
        if contacts.categories(connection, most=1):
            return
    lines = [f"{phone(at)};{first};{last};{CATEGORY};{date}" for at, (first, last, date) in enumerate(PEOPLE)]
    file = "\n".join(("téléphone;prénom;nom;catégorie;date de consentement", *lines))
    import_contacts(db, io.BytesIO(file.encode()), Source("exemples.csv", "up"))
    opt_out(db, phone(len(PEOPLE) - 1), source="example")


def _kept(path: Path, new: str) -> str:
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(new, encoding="utf-8")
    return path.read_text(encoding="utf-8").strip()
