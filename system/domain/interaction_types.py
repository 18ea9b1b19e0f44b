"""The kinds of interaction."""

import unicodedata

# Other names of the same things.
ALIASES = {"chat": "text", "ptt": "voice"}
# Symbols, skin tones, joiners and variation selectors.
_EMOJI_CATEGORIES = frozenset({"So", "Sk", "Cf", "Mn"})


def interaction_type(type_: str, content: str) -> str:
    """text, emoji, voice, audio, image, video, document …; a text of emoji alone is an emoji, an unknown kind stays itself."""
    kind = ALIASES.get(type_, type_)
    return "emoji" if kind == "text" and _is_emoji(content) else kind


def _is_emoji(content: str) -> bool:
    categories = {unicodedata.category(character) for character in content if not character.isspace()}
    return "So" in categories and categories <= _EMOJI_CATEGORIES
