"""A real news server on 127.0.0.1: INN with a login, and whatever a test posts to it.

    with NewsServer() as news:
        nzb = news.post(folder, pack="rar", par2=10)  # a client with news.port, news.user, news.password fetches it
        news.limit = 200_000  # bytes per second to all clients together, to catch a download in the middle

INN is not installed, only unpacked: its installation wants a mail server and a full host name. script/test-servers
puts it below `$AURALARCHIVE_TEST_CACHE`. Clients come in through a relay; posts go to the server itself.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

from tests.support.posts import Articles, Pack, Poster, none, obfuscated, packed, post_files, protect
from tests.support.processes import cache_folder, free_port, missing, stop, wait_for
from tests.support.relay import Relay

GROUP = "alt.binaries.audiobooks"
ARTICLE = 20_000  # bytes; small, so that a book of seconds still has many articles

_CONFIG = """\
runasuser: news
runasgroup: news
pathhost: news.loopback.test
domain: loopback.test
organization: "test"
mta: "/bin/true %s"
mailcmd: /bin/true
hismethod: hisv6
ovmethod: tradindexed
enableoverview: true
port: {port}
bindaddress: 127.0.0.1
bindaddress6: "::1"
maxartsize: 4000000
localmaxartsize: 4000000
maxconnections: 50
artcutoff: 0
docancels: none
verifygroups: false
doinnwatch: false
nnrpdcheckart: false
nnrpdloadlimit: 0
nnrpdoverstats: false
backoffauth: false
htmlstatus: false
incominglogfrequency: 1000000
articlemmap: true
wireformat: true
pathnews: {program}/usr/lib/news
pathbin: {program}/usr/lib/news/bin
pathcontrol: {program}/usr/lib/news/bin/control
pathetc: {root}/etc
pathdb: {root}/db
pathfilter: {root}/filter
pathrun: {root}/run
pathtmp: {root}/tmp
pathlog: {root}/log
pathhttp: {root}/log
pathspool: {root}/spool
patharticles: {root}/spool/articles
pathoverview: {root}/spool/overview
pathincoming: {root}/spool/incoming
pathoutgoing: {root}/spool/outgoing
patharchive: {root}/spool/archive
"""
_READERS = """\
auth "password" {{
 hosts: "127.0.0.1"
 auth: "ckpasswd -f {root}/etc/users"
}}
access "all" {{
 users: "*"
 newsgroups: "*"
 access: RPA
 addcanlockuser: none
 perlfilter: false
}}
"""
# 127.0.0.1 must be no peer: else innd itself answers where readers want nnrpd.
_FILES = {
    "etc/incoming.conf": 'streaming: true\nmax-connections: 8\npeer ME { hostname: "192.0.2.1" }\n',
    "etc/newsfeeds": "ME:*::\n",
    "etc/storage.conf": "method timehash {\n newsgroups: *\n class: 0\n}\n",
    "etc/expire.ctl": "/remember/:11\n*:A:never:never:never\n",
    "etc/control.ctl": "all:*:*:drop\n",
    "etc/passwd.nntp": "",
    "etc/moderators": "",
    "etc/distributions": "",
    "etc/subscriptions": "",
    # Ten digits each: innd counts up in place.
    "db/active": "".join(
        f"{group} 0000000000 0000000001 {flag}\n"
        for group, flag in (("control", "n"), ("control.cancel", "n"), ("junk", "n"), (GROUP, "y"))
    ),
    "db/newsgroups": f"{GROUP}\taudiobooks\n",
    "db/active.times": "",
    "db/history": "",
    "log/news.crit": "",
    "log/news.err": "",
    "log/news.notice": "",
    "log/errlog": "",
}
_FOLDERS = ("run", "tmp", "filter", "spool/articles", "spool/overview", "spool/incoming/bad", "spool/outgoing")


def news_program() -> Path:
    """Where INN is unpacked; skips the test where it is not."""
    program = cache_folder() / "inn" / "root"
    if not (program / "usr/lib/news/bin/innd").is_file():
        missing("the news server INN", "script/test unpacks it")
    return program


class NewsServer:
    """INN over a throw-away spool, for as long as the `with` block lasts."""

    def __init__(self, limit: int = 0) -> None:
        self.user, self.password = "reader", "reader-password"
        self._program = news_program()
        # Readable to INN's own user, which pytest's folders are not.
        self._root = Path(tempfile.mkdtemp(prefix="news-", dir="/tmp"))
        self._direct = free_port()
        self._relay = Relay(self._direct, limit)
        self.host, self.port = "127.0.0.1", self._relay.port
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self._prepare()
            self._start()
        except BaseException:
            self._end()
            raise
        self._relay.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._relay.__exit__()
        self._end()

    @property
    def limit(self) -> int:
        """Bytes per second towards all clients together, 0 = none."""
        return self._relay.limit

    @limit.setter
    def limit(self, value: int) -> None:
        self._relay.limit = value

    def drop(self) -> None:
        """Cut the clients' connections."""
        self._relay.drop()

    def post(
        self,
        source: Path | Iterable[Path],
        *,
        name: str = "release",
        pack: Pack = "plain",
        par2: int = 0,
        password: str | None = None,
        tell_password: bool = True,
        skip: Articles = none,
        corrupt: Articles = none,
        obfuscate: bool = False,
        article: int = ARTICLE,
    ) -> bytes:
        """Post a file, the files of a folder, or files; the bytes of the NZB.

        `par2` is the share of the data in percent that can be made good. `password` encrypts the archive and stands
        in the NZB's head unless `tell_password` is off. `skip` and `corrupt` say which articles are missing or
        damaged: they are asked with the posted file's name and the article's number from 1.
        """
        files = _files(source)
        with tempfile.TemporaryDirectory(prefix="post-") as work:
            ready = packed(files, pack, Path(work), name, password)
            if par2:
                ready = protect(ready, par2, name, block=max(4, article // 4 * 4))
            if obfuscate:
                ready = obfuscated(ready)
            told = password if tell_password else None
            with Poster(self._direct, self.user, self.password, GROUP) as poster:
                return post_files(poster, ready, GROUP, size=article, skip=skip, corrupt=corrupt, password=told)

    # --- starting and ending ----------------------------------------------------------------------

    def _prepare(self) -> None:
        root = self._root
        root.chmod(0o755)
        for folder in _FOLDERS:
            (root / folder).mkdir(parents=True)
        texts = {
            **_FILES,
            "etc/inn.conf": _CONFIG.format(port=self._direct, program=self._program, root=root),
            "etc/readers.conf": _READERS.format(root=root),
            "etc/users": f"{self.user}:{_hashed(self.password)}\n",
        }
        for name, text in texts.items():
            (root / name).parent.mkdir(exist_ok=True)
            (root / name).write_text(text, encoding="ascii")
        if os.geteuid() == 0:
            for path in (root, *root.rglob("*")):
                shutil.chown(path, *_owner())
        for name in ("etc/users", "etc/passwd.nntp"):
            (root / name).chmod(0o600)

    def _start(self) -> None:
        self._run("makedbz", "-i", "-o", "-s", "100000", "-f", str(self._root / "db/history"))
        with (self._root / "log/console").open("ab") as log:
            self._process = subprocess.Popen(
                [*_as_news(), str(self._bin / "innd"), "-f", "-C", "-N"],
                env=self._environment,
                cwd=self._root,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **_demoted(),
            )
        wait_for(self._answers)

    def _end(self) -> None:
        if self._process is not None:
            # SIGTERM counts only when innd's select wakes, seconds later: it is asked by its own tool.
            if self._process.poll() is None:
                self._run("ctlinnd", "-s", "-t", "3", "shutdown", "end", check=False)
            stop(self._process, signal.SIGTERM, grace=3)
            self._process = None
        shutil.rmtree(self._root, ignore_errors=True)

    def _answers(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            logs = [(self._root / "log" / name).read_text(errors="replace") for name in ("console", "errlog")]
            raise RuntimeError(f"innd ended at once: {' '.join(logs)}")
        try:
            with socket.create_connection(("127.0.0.1", self._direct), 1) as connection:
                return connection.recv(3) == b"200"
        except OSError:
            return False

    @property
    def _bin(self) -> Path:
        return self._program / "usr/lib/news/bin"

    @property
    def _environment(self) -> dict[str, str]:
        libraries = [self._program / "usr/lib/news", *self._program.glob("usr/lib/*-linux-gnu*")]
        own = {"INNCONF": str(self._root / "etc/inn.conf"), "LD_LIBRARY_PATH": ":".join(map(str, libraries))}
        return {**os.environ, "LANG": "C.UTF-8", **own}

    def _run(self, program: str, *arguments: str, check: bool = True) -> None:
        command = [*_as_news(), str(self._bin / program), *arguments]
        done = subprocess.run(
            command, env=self._environment, cwd=self._root, capture_output=True, text=True, check=False, **_demoted()
        )
        if check and done.returncode:
            raise RuntimeError(f"{program} ended with {done.returncode}: {done.stdout}{done.stderr}")


def _files(source: Path | Iterable[Path]) -> list[Path]:
    if not isinstance(source, Path):
        return list(source)
    return sorted(path for path in source.iterdir() if path.is_file()) if source.is_dir() else [source]


def _hashed(password: str) -> str:
    command = ["openssl", "passwd", "-6", password]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _owner() -> tuple[str, str]:
    """Debian has a user and group `news` everywhere, whether INN is installed or not."""
    try:
        pwd.getpwnam("news")
    except KeyError:
        missing("the user news", "add a system user and group of that name, as which INN insists to run")
    return "news", "news"


def _as_news() -> list[str]:
    """What a person who is not root needs before a program that insists on being user and group 9."""
    return [] if os.geteuid() in (0, 9) else ["unshare", "--user", "--map-user=9", "--map-group=9"]


def _demoted() -> dict[str, Any]:
    """What Popen needs to start it as that user where we are root."""
    if os.geteuid() != 0:
        return {}
    user, group = _owner()
    return {"user": user, "group": group, "extra_groups": []}
