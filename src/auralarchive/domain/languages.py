"""Languages as releases and catalogues name them, as one code."""

from __future__ import annotations

#: ISO 639-1 code: every other name by which it goes, in lower case.
_NAMES = {
    "en": ("eng", "english", "englisch", "anglais"),
    "de": ("ger", "deu", "german", "deutsch", "allemand"),
    "fr": ("fre", "fra", "french", "français", "francais", "französisch", "vf"),
    "es": ("spa", "esp", "spanish", "español", "espanol", "castellano"),
    "it": ("ita", "italian", "italiano"),
    "pt": ("por", "portuguese", "português", "portugues"),
    "nl": ("dut", "nld", "dutch", "nederlands"),
    "sv": ("swe", "swedish", "svenska"),
    "no": ("nor", "norwegian", "norsk"),
    "da": ("dan", "danish", "dansk"),
    "fi": ("fin", "finnish", "suomi"),
    "is": ("ice", "isl", "icelandic"),
    "pl": ("pol", "polish", "polski"),
    "cs": ("cze", "ces", "czech", "česky", "cesky"),
    "sk": ("slo", "slk", "slovak"),
    "hu": ("hun", "hungarian", "magyar"),
    "ro": ("rum", "ron", "romanian"),
    "ru": ("rus", "russian", "русский"),
    "uk": ("ukr", "ukrainian"),
    "bg": ("bul", "bulgarian"),
    "el": ("gre", "ell", "greek"),
    "tr": ("tur", "turkish"),
    "ar": ("ara", "arabic"),
    "he": ("heb", "hebrew"),
    "hi": ("hin", "hindi"),
    "ja": ("jpn", "japanese", "日本語"),
    "ko": ("kor", "korean"),
    "zh": ("chi", "zho", "chinese", "中文"),
    "la": ("lat", "latin"),
    "ca": ("cat", "catalan", "català"),
}
_CODES = {name: code for code, names in _NAMES.items() for name in (code, *names)}


def language_code(text: str) -> str | None:
    """The two-letter code of a language's name or code, also with a region ("en-GB"); None if unknown."""
    word = text.strip().casefold()
    return _CODES.get(word) or _CODES.get(word.replace("_", "-").partition("-")[0])
