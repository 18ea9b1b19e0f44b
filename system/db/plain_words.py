"""A search by the words of a name: neither accents, nor case, nor the order of the words count."""

import unicodedata
from typing import Any

# Letters of a name without their accents; both texts have as many. Capitals too: some databases lower ASCII alone.
_LETTERS, _PLAIN = "àáâãäåçèéêëìíîïñòóôõöùúûüýÿœæ", "aaaaaaceeeeiiiinooooouuuuyyœæ"
_ACCENTED = _LETTERS + _LETTERS.upper()


def holds_words(column: str) -> str:
    """The condition that `column` holds every word of `words_of`; no word is always held."""
    return f"""(%(words)s::text[] = '{{}}' OR (SELECT bool_and(
        lower(translate({column}, %(accented)s, %(plain)s)) LIKE '%%' || word || '%%') FROM unnest(%(words)s::text[]) AS word))"""  # noqa: S608 (the name of a column)


def words_of(text: str) -> dict[str, Any]:
    """The values of that condition."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(c for c in decomposed if not unicodedata.combining(c))
    words = [word.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") for word in plain.split()]
    return {"words": words, "accented": _ACCENTED, "plain": 2 * _PLAIN}
