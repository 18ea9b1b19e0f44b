"""A person's decision over a journal, in a file beside it: bound to the journal's bytes, and to an ssh key where there is one."""

import hashlib
import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

DECISIONS = ("accepté", "accepté avec réserves", "refusé")
SIGNATURE = ".signature.json"
_FORMAT = "audit-signature/1"
_NAMESPACE = "checkpoint-audit"
_SECONDS = 30


class SignatureError(Exception):
    """A decision cannot be signed, or is not what it says; the message is one line for the user."""


def beside(journal: Path) -> Path:
    """Where the signature of this journal lies."""
    return journal.with_name(f"{journal.stem}{SIGNATURE}")


def signed(journal: Path, name: str, decision: str, day: str, *, reserve: str = "", key: Path | None = None) -> str:
    """The text of a signature file. Raises SignatureError or OSError."""
    if not name.strip() or decision not in DECISIONS:
        raise SignatureError(f"a decision needs a name, and to be one of {', '.join(DECISIONS)}")
    if decision == DECISIONS[1] and not reserve.strip():
        raise SignatureError(f"« {decision} » needs --reserve, which says what")
    digest = hashlib.sha256(journal.read_bytes()).hexdigest()
    told = {"format": _FORMAT, "journal": digest, "name": name, "decision": decision, "reserve": reserve, "date": day}
    proof = _run("-Y", "sign", "-n", _NAMESPACE, "-f", str(key), input=_text(told)) if key else ""
    return json.dumps(told | {"ssh": proof}, ensure_ascii=False, indent=1) + "\n"


def read(journal: Path, signers: Path | None = None) -> dict[str, Any]:
    """The signature of this journal, checked. Raises SignatureError when it is not of these bytes, or not of that key.

    `signers` is a file of allowed signers, as ssh-keygen reads it: with it, a signature must be made by a key that it gives
    to this name.
    """
    try:
        told = json.loads(beside(journal).read_text(encoding="utf-8"))
        proof = told.pop("ssh")
        digest = hashlib.sha256(journal.read_bytes()).hexdigest()
        sound = told["format"] == _FORMAT and told["decision"] in DECISIONS and bool(told["name"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SignatureError(f"{beside(journal)}: not a signature") from error
    if not sound or told["journal"] != digest:
        raise SignatureError(f"{beside(journal)}: signed over another journal")
    if proof or signers:
        _check(journal, told, proof, signers)
    return {**told, "proved": bool(proof and signers)}


def _check(journal: Path, told: Mapping[str, Any], proof: str, signers: Path | None) -> None:
    if not proof:
        raise SignatureError(f"{beside(journal)}: no key signed it")
    file = journal.with_name(f".{journal.stem}.sig")
    file.write_text(proof, encoding="utf-8")
    who = ("verify", "-f", str(signers), "-I", told["name"]) if signers else ("check-novalidate",)
    try:
        _run("-Y", *who, "-n", _NAMESPACE, "-s", str(file), input=_text(told))
    except SignatureError as error:
        raise SignatureError(f"{beside(journal)}: the signature is not that of this decision") from error
    finally:
        file.unlink()


def _text(told: Mapping[str, Any]) -> str:
    return json.dumps(told, ensure_ascii=False, sort_keys=True)


def _run(*options: str, input: str) -> str:  # noqa: A002  subprocess's own name
    try:
        done = subprocess.run(
            ["ssh-keygen", *options], input=input, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SignatureError(f"ssh-keygen: {error}") from error
    if done.returncode:
        raise SignatureError(f"ssh-keygen: {(done.stderr.strip().splitlines() or ['failed'])[-1]}")
    return done.stdout
