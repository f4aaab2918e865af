"""What the tags of many programs are called, what they mean, and which of them speak of one file only.

ID3 frames and MP4 atoms have codes. Everything else has free names (Vorbis comments, APE items, ASF
attributes, ID3's TXXX, MP4's `----`), which every program writes in its own way: `plain` makes them equal.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

#: Where each meaning is found: codes as they are, free names plain. The first that is there counts.
NAMES: Mapping[str, tuple[str, ...]] = {
    "title": ("TIT2", "\xa9nam", "title", "name"),
    "album": ("TALB", "\xa9alb", "album", "wmalbumtitle"),
    "subtitle": ("TIT3", "\xa9st3", "subtitle", "wmsubtitle"),
    "author": (
        *("TPE2", "TPE1", "aART", "\xa9ART", "\xa9aut"),
        *("albumartist", "wmalbumartist", "artist", "author", "authors"),
    ),
    "narrator": (
        *("narrator", "narrators", "narratedby", "readby", "\xa9nrt"),
        *("TCOM", "\xa9wrt", "composer", "wmcomposer"),
    ),
    "series": ("series", "\xa9mvn", "MVNM", "movementname", "mvnm", "seriesname", "tvsh", "show"),
    "series_part": ("seriespart", "\xa9mvi", "MVIN", "movement", "mvin", "seriesposition", "part", "episodeid"),
    "asin": ("asin", "audibleasin", "CDEK"),
    "isbn": ("isbn", "isbn13"),
    "publisher": ("TPUB", "\xa9pub", "publisher", "wmpublisher", "organization"),
    "description": (
        *("ldes", "TDES", "\xa9des", "longdescription", "description", "wmdescription", "desc"),
        *("synopsis", "summary"),
    ),
    "comment": ("COMM", "\xa9cmt", "comment", "comments"),
    "genre": ("TCON", "\xa9gen", "genre", "wmgenre"),
    "year": ("TDRC", "TYER", "\xa9day", "date", "year", "wmyear"),
    "released": ("TDRL", "releasetime", "releasedate", "rldt"),
    "language": ("TLAN", "language", "lang", "wmlanguage"),
    "copyright": ("TCOP", "cprt", "\xa9cpy", "copyright"),
    "grouping": ("TIT1", "GRP1", "\xa9grp", "grouping", "contentgroup", "wmcontentgroupdescription"),
    "sort_title": ("TSOA", "soal", "albumsort", "albumsortorder", "wmalbumsortorder"),
    "sort_author": (
        *("TSO2", "TSOP", "soaa", "soar", "albumartistsort", "artistsort"),
        *("wmalbumartistsortorder", "wmartistsortorder"),
    ),
    "advisory": ("rtng", "itunesadvisory"),
    "track_total": ("tracktotal", "totaltracks"),
    "disc_total": ("disctotal", "totaldiscs"),
    "track": ("TRCK", "trkn", "tracknumber", "track", "partnumber", "wmtracknumber"),
    "disc": ("TPOS", "disk", "discnumber", "disc", "wmpartofset"),
}
KNOWN = frozenset(name for names in NAMES.values() for name in names)

#: Codes without a place of their own in a finished book: they go on under the names that other formats give them.
SPELT_OUT: Mapping[str, str] = {
    "TEXT": "LYRICIST",
    "TPE3": "CONDUCTOR",
    "TPE4": "EDITOR",
    "TOPE": "ORIGINALARTIST",
    "TOAL": "ORIGINALALBUM",
    "TDOR": "ORIGINALDATE",
    "TMED": "MEDIA",
    "TMOO": "MOOD",
    "WOAF": "WWWAUDIOFILE",
    "WOAR": "WWWARTIST",
    "WOAS": "WWWAUDIOSOURCE",
    "WPUB": "WWWPUBLISHER",
    "WCOP": "WWWCOPYRIGHT",
    "\xa9lyr": "LYRICS",
    "\xa9url": "WWW",
}

#: Plain names, or how they begin, of what speaks of one file, its encoder or its program: never of a whole book.
_OF_ONE_FILE = (
    *("track", "totaltrack", "disc", "disk", "totaldisc", "wmtrack", "partnumber", "titlesort", "wmtitlesort"),
    *("chapter", "cuesheet", "overdrive", "medium"),
    *("replaygain", "r128", "peaklevel", "wmwmcollection", "mp3gain", "volumeadjust", "itunnorm", "loudness"),
    *("musicbrainztrack", "musicbrainzreleasetrack", "musicbrainzrecording", "musicbrainzwork", "musicbrainzdiscid"),
    *("acoustid", "isrc", "discid", "cddb", "ituncddb", "accuraterip", "ctdb", "wmuniquefileid", "wmmcdi", "mcdi"),
    *("itunsmpb", "itunpgap", "itunesgapless", "gapless", "encod", "encspot", "codec", "lame", "tool", "wmencoding"),
    *("settings", "bitrate", "isvbr", "length", "filename", "filetype", "originalfilename", "mediainfo", "md5"),
    *("wmfsdk", "deviceconformance", "wmmedia", "wmprovider", "aspectratio", "seekable", "fileid"),
    *("majorbrand", "minorversion", "compatiblebrands", "creationtime", "vendor", "handlername", "duration"),
    *("metadatablockpicture", "coverart", "wmpicture", "picture", "lyricsrating", "playcount", "rating", "fmps"),
    *("songsdb", "compilation", "wmiscompilation", "itunescompilation", "itunmovi", "apple", "purchase"),
)


def plain(name: str) -> str:
    """A free name without letter case, blanks and signs: `SERIES_PART` and `series-part` are one."""
    return re.sub(r"[\W_]+", "", name).lower()


def of_one_file(name: str) -> bool:
    """Whether a tag of this free name speaks of a file and not of the book that it is a part of."""
    return plain(name).startswith(_OF_ONE_FILE)
