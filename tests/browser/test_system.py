"""The system's pages on the real application: what they show is what is, and what they change is changed."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from auralarchive.runtime.archive import open_archive
from tests.browser.conftest import NAME, PASSWORD, SignIn
from tests.support.browser import Pages
from tests.support.server import API_KEY, Api, RunningServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft " * 4
HOSTILE = '<img src=x onerror="window.hurt=1"><b>كتاب الرمال</b>'
PARTS = {"": "System", "/logs": "Log", "/tasks": "Tasks", "/events": "Events", "/backup": "Backup"}
PASSPHRASE = "a long sentence is easy"


@pytest.fixture(scope="module")
def application(built_pages: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One of its own, that writes down everything: it is restarted and restored here."""
    with RunningServer(tmp_path_factory.mktemp("system"), {"AURALARCHIVE_LOGGING__LEVEL": "DEBUG"}) as server:
        yield server


@pytest.fixture(scope="module")
def api(application: RunningServer) -> Api:
    """A history: a long and a hostile title, and an indexer with a secret."""
    api = application.api()
    api.add_indexer("http://127.0.0.1:9/torznab", "indexer-key-123")
    for number, title in enumerate((LONG, HOSTILE), 1):
        api.download(download_url=f"magnet:?xt=urn:btih:{number:040x}", title=title, author="Nobody")
    return api


@pytest.mark.parametrize("width", [360, 768, 1440])
def test_every_part_fits_and_begins_at_its_heading(
    api: Api, signed_in: SignIn, browser_page: Pages, width: int
) -> None:
    """With its tab shown as the present one, and nothing that scrolls sideways."""
    page = signed_in(viewport={"width": width, "height": 800}, color_scheme="dark" if width == 768 else "light")
    for part, title in PARTS.items():
        page.goto(f"/system{part}")
        expect(page.get_by_role("heading", level=1, name=title)).to_be_focused()
        expect(page).to_have_title(f"{title} · AuralArchive")
        expect(
            page.get_by_role("navigation", name="Parts of the system").locator("[aria-current=page]")
        ).to_be_in_viewport()
        page.wait_for_timeout(300)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, part
    assert page.evaluate("window.hurt") is None
    assert browser_page.errors == []


def test_health_tells_what_is_wrong_since_when_and_where_to_mend_it(
    application: RunningServer, api: Api, signed_in: SignIn
) -> None:
    """Checked again when somebody asks, and well again when it is mended."""
    work = application.data_dir / "work"
    page = signed_in()
    page.goto("/system")
    expect(page.get_by_role("heading", name="All is well.")).to_be_visible()
    work.rename(work.with_name("away"))
    page.get_by_role("button", name="Check again").click()
    group = page.get_by_role("region", name="Disk space")
    expect(group.get_by_text("is missing or cannot be written to")).to_be_visible()
    expect(group.get_by_text("What to do:")).to_be_visible()
    expect(group.get_by_text(re.compile("since .*20")).first).to_be_visible()
    expect(page.get_by_role("heading", name=re.compile("needs? attention"))).to_be_visible()
    work.with_name("away").rename(work)
    page.get_by_role("button", name="Check again").click()
    expect(page.get_by_role("heading", name="All is well.")).to_be_visible()


def test_versions_are_copied_for_a_report(api: Api, signed_in: SignIn) -> None:
    page = signed_in(permissions=["clipboard-read", "clipboard-write"])
    page.goto("/system")
    page.get_by_role("button", name="Copy for a bug report").click()
    expect(page.get_by_text("Copied.")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert re.search(r"^version: \d", copied, re.MULTILINE)
    assert re.search(r"^database: SQLite 3", copied, re.MULTILINE)


def test_the_log_is_live_filtered_paused_and_read_in_full(api: Api, signed_in: SignIn) -> None:
    """A line shows as it is written, without secrets; a pause holds new ones back and says how many."""
    page = signed_in()
    page.goto("/system/logs")
    table = page.get_by_role("table", name="Log")
    expect(table.get_by_role("row").nth(1)).to_be_visible()
    page.get_by_label("Filter by text").fill("cannot be used")
    expect(page.get_by_text("No line fits the filter.")).to_be_visible()
    made = api.post(
        "/api/clients", {"type": "qbittorrent", "name": "Broken", "settings": {"host": "127.0.0.1", "port": 9}}
    )
    page.get_by_label("Filter by text").fill("Broken")
    expect(table.get_by_role("row").filter(has_text="Broken").first).to_be_visible()
    page.get_by_label("Level").select_option("warning")
    expect(table.get_by_role("row").filter(has_text="Broken").first).to_be_visible()
    page.get_by_label("Filter by text").fill("")
    page.get_by_label("Level").select_option("debug")
    page.get_by_role("button", name="Pause").click()
    before = table.get_by_role("row").nth(1).text_content()
    api.post("/api/system/tasks/reconcile/run")
    api.delete(f"/api/clients/{made['id']}")
    api.post("/api/clients", {"type": "qbittorrent", "name": "Other", "settings": {"host": "127.0.0.1", "port": 9}})
    waiting = page.get_by_role("button", name=re.compile(r"\d+ new lines?"))
    expect(waiting).to_be_visible()
    assert table.get_by_role("row").nth(1).text_content() == before
    waiting.click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    table.get_by_role("row").filter(has_text="Other").first.get_by_role("button").click()
    dialog = page.get_by_role("dialog", name="Line of the log")
    expect(dialog.get_by_text("Other")).to_be_visible()
    page.keyboard.press("Escape")
    with page.expect_download() as fetched:
        page.get_by_role("button", name="More").click()
        page.get_by_role("menuitem", name="Download what is shown").click()
    text = Path(fetched.value.path()).read_text("utf-8")
    assert "Broken" in text
    assert "indexer-key-123" not in text
    assert API_KEY not in text


def test_ten_thousand_lines_are_a_few_in_the_document(application: RunningServer, api: Api, signed_in: SignIn) -> None:
    """They are all there, scroll without a gap, and a filter answers at once."""
    file = application.data_dir / "logs" / "auralarchive.log"
    application.stop()
    line = '{{"event": "a line {n}", "level": "info", "logger": "x.y", "timestamp": "2026-01-01T00:00:00Z"}}\n'
    with file.open("a") as stream:
        stream.writelines(line.format(n=number) for number in range(4000))
    application.start()
    page = signed_in()
    page.goto("/system/logs")
    expect(page.get_by_text(re.compile(r"^[4-9],\d{3} lines$"))).to_be_visible()
    assert page.get_by_role("row").count() < 80
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight / 2)")
    expect(page.get_by_role("button", name=re.compile("^a line")).first).to_be_visible()
    page.evaluate("scrollTo(0, 0)")
    page.get_by_label("Filter by text").fill("a line 3999")
    expect(page.get_by_text(re.compile(r"^1 of "))).to_be_visible()


def test_tasks_show_what_they_did_and_run_when_told_to(api: Api, signed_in: SignIn) -> None:
    """By name, with the time and the result of the last run."""
    page = signed_in()
    page.goto("/system/tasks")
    check = page.get_by_role("listitem").filter(has=page.get_by_role("heading", name="Checking the database"))
    expect(check.get_by_text("not yet run")).to_be_visible()
    check.get_by_role("button", name="Run now: Checking the database").click()
    expect(check.get_by_text("All invariants hold.")).to_be_visible(timeout=15_000)
    expect(check.get_by_text("Done", exact=True)).to_be_visible()
    watching = page.get_by_role("listitem").filter(
        has=page.get_by_role("heading", name="Watching the download clients")
    )
    expect(watching.get_by_text(re.compile("^last "))).to_be_visible()
    assert watching.get_by_role("button").count() == 0


def test_events_are_told_in_words_filtered_and_live(api: Api, signed_in: SignIn, browser_page: Pages) -> None:
    """What happens shows by itself; each leads to its download; foreign words stay words."""
    page = signed_in()
    page.goto("/system/events")
    expect(page.get_by_role("link", name=HOSTILE).first).to_be_visible()
    made = api.download(download_url=f"magnet:?xt=urn:btih:{77:040x}", title="From Elsewhere", author="A")
    row = page.get_by_role("listitem").filter(has_text="From Elsewhere")
    expect(row.filter(has_text="Added to the queue")).to_be_visible()
    api.delete(f"/api/downloads/queue/{made}")
    expect(row.filter(has_text="Cancelled").first).to_be_visible()
    page.get_by_label("Filter by book or reason").fill("from elsewhere")
    expect(page.get_by_role("listitem").filter(has_text=HOSTILE)).to_have_count(0)
    page.get_by_label("Event", exact=True).select_option("Enqueued")
    expect(row).to_have_count(1)
    page.get_by_label("From", exact=True).fill("2001-01-01")
    page.get_by_label("To", exact=True).fill("2001-01-02")
    expect(page.get_by_text("No event fits the filter.")).to_be_visible()
    page.get_by_role("button", name="Clear the filter").click()
    row.first.get_by_role("link", name="From Elsewhere").click()
    expect(page.get_by_role("dialog", name="From Elsewhere")).to_be_visible()
    assert browser_page.errors == []


def test_a_backup_is_made_looked_at_and_restored_by_the_next_start(
    application: RunningServer, api: Api, signed_in: SignIn, tmp_path: Path, browser_page: Pages
) -> None:
    """With its secrets; what has happened since is gone from the list and kept in the data folder."""
    page = signed_in(accept_downloads=True)
    page.goto("/system/backup")
    make = page.get_by_role("region", name="Make a backup")
    make.get_by_label("Passphrase").fill("short")
    make.get_by_role("button", name="Download a backup").click()
    expect(make.get_by_text("At least 8 characters.")).to_be_visible()
    make.get_by_label("Passphrase").fill(PASSPHRASE)
    with page.expect_download() as made:
        make.get_by_role("button", name="Download a backup").click()
    backup = tmp_path / made.value.suggested_filename
    made.value.save_as(backup)
    with open_archive(backup) as archive:
        assert archive.manifest.secrets == "sealed"
    api.download(download_url=f"magnet:?xt=urn:btih:{99:040x}", title="Since Then", author="A")
    bring = page.get_by_role("region", name="Restore a backup")
    (tmp_path / "broken.zip").write_bytes(backup.read_bytes()[:3000])
    bring.get_by_label("Choose a backup file").set_input_files(tmp_path / "broken.zip")
    expect(bring.get_by_role("alert")).to_contain_text("no backup")
    bring.get_by_label("Choose a backup file").set_input_files(backup)
    expect(bring.get_by_text("This backup is whole")).to_be_visible(timeout=20_000)
    expect(bring.get_by_text(re.compile(r"\d+ downloads, 0 books, 1 account"))).to_be_visible()
    bring.get_by_label("Passphrase").fill("something else")
    bring.get_by_role("button", name="Restore at the next start").click()
    expect(bring.get_by_role("alert")).to_contain_text("does not open")
    expect(bring.get_by_label("Passphrase")).to_have_value("something else")
    bring.get_by_label("Passphrase").fill(PASSPHRASE)
    bring.get_by_role("button", name="Restore at the next start").click()
    expect(bring.get_by_text("A backup is waiting for the next start")).to_be_visible()
    assert "Since Then" in str(api.get("/api/downloads/queue"))
    assert all("422" in error for error in browser_page.errors), "refused twice, and nothing else"
    application.stop()
    application.start()
    assert "Since Then" not in str(api.get("/api/downloads/queue"))
    page.reload()
    page.get_by_label("Name").fill(NAME)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Backup", level=1)).to_be_visible()
    (replaced,) = application.data_dir.glob("replaced-*")
    with closing(sqlite3.connect(replaced / "auralarchive.db")) as connection:
        titles = [row[0] for row in connection.execute("SELECT book_title FROM download_queue")]
    assert "Since Then" in titles


def test_kept_backups_are_made_fetched_and_deleted(api: Api, signed_in: SignIn) -> None:
    """The list follows; nothing is deleted without a question."""
    page = signed_in(accept_downloads=True)
    page.goto("/system/backup")
    kept = page.get_by_role("region", name="Kept backups")
    expect(kept).to_be_visible()
    count = kept.get_by_role("listitem").filter(has=page.get_by_role("button")).count()
    kept.get_by_role("button", name="Make one now").click()
    rows = kept.get_by_role("listitem").filter(has=page.get_by_role("button"))
    expect(rows).to_have_count(count + 1, timeout=15_000)
    newest = rows.first
    newest.scroll_into_view_if_needed()
    page.wait_for_timeout(300)  # a menu closes when the page scrolls
    with page.expect_download() as fetched:
        newest.get_by_role("button", name=re.compile("Actions for")).click()
        page.get_by_role("menuitem", name="Download").click()
    assert fetched.value.suggested_filename.startswith("auralarchive-")
    newest.get_by_role("button", name=re.compile("Actions for")).click()
    page.get_by_role("menuitem", name="Delete…").click()
    dialog = page.get_by_role("dialog", name="Delete this backup?")
    dialog.get_by_role("button", name="Delete backup").click()
    expect(rows).to_have_count(count)


def test_a_member_is_shown_none_of_it(
    application: RunningServer, api: Api, signed_in: SignIn, browser_page: Pages
) -> None:
    signed_in()
    api.post("/api/users", {"name": "mia", "password": "a sentence of a member", "role": "member"})
    page: Page = browser_page(base_url=application.url, locale="en-GB")
    page.goto("/")
    answer = page.request.post("/api/auth/login", data={"name": "mia", "password": "a sentence of a member"})
    assert answer.ok
    for part in ("", "/logs", "/backup"):
        page.goto(f"/system{part}")
        expect(page.get_by_role("navigation", name="Main")).to_be_visible()
        expect(page.get_by_role("navigation", name="Parts of the system")).to_have_count(0)
