"""Settings, account and limits on the real application: what is shown, saved, refused and locked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NAME, PASSWORD, SignIn
from tests.support.browser import Pages
from tests.support.server import RunningServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


def test_a_section_is_saved_refused_and_locked(application: RunningServer, signed_in: SignIn) -> None:
    """Only what was changed is sent; what the environment holds cannot be changed, and the page says why."""
    page = signed_in()
    page.goto("/settings/downloads")
    downloads = page.locator("form")
    polling = downloads.get_by_label("Polling interval")
    expect(polling).to_be_disabled()
    expect(polling).to_have_accessible_description(re.compile("AURALARCHIVE_DOWNLOAD_MANAGEMENT__POLLING"))
    expect(downloads.get_by_role("button", name="Save")).to_be_disabled()
    downloads.get_by_label("Downloads at once").fill("3")
    downloads.get_by_label("Seed ratio").fill("1.5")
    downloads.get_by_role("button", name="Save").click()
    expect(downloads.get_by_text("Some of it takes effect when AuralArchive is started again.")).to_be_visible()
    downloads.get_by_label("Give up on a magnet without metadata").fill("0")
    downloads.get_by_role("button", name="Save").click()
    expect(downloads.get_by_text("greater than 0").first).to_be_visible()
    page.reload()
    expect(page.get_by_label("Downloads at once")).to_have_value("3")
    saved = application.api().get("/api/settings/download_management")["values"]
    assert (saved["max_concurrent_downloads"], saved["seed_ratio"]) == (3, 1.5)


def test_a_weekly_plan_is_made_with_the_keyboard(application: RunningServer, signed_in: SignIn) -> None:
    """Entries are added, ordered and removed; the picture follows, and a phone's width is enough."""
    page = signed_in()
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto("/settings/speed")
    form = page.locator("form")
    form.get_by_role("button", name="Add an entry").press("Enter")
    entry = form.get_by_role("group", name="Entry 1")
    expect(entry.get_by_label("Monday")).to_be_focused()
    for day in ("Saturday", "Sunday"):
        entry.get_by_label(day).press("Space")
    entry.get_by_label("From", exact=True).fill("08:00")
    entry.get_by_label("To", exact=True).fill("18:00")
    entry.get_by_label("Download, kB/s").fill("500")
    entry.get_by_label("Download, kB/s").press("Tab")
    expect(form.locator(".hour[data-tone]")).to_have_count(5 * 10)
    form.get_by_role("button", name="Add an entry").press("Enter")
    form.get_by_role("button", name="Move up entry 2").press("Enter")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    form.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Speed is saved.")).to_be_visible()
    night, day = application.api().get("/api/settings/speed")["values"]["plan"]
    assert (night["begins"], night["download_limit"]) == ("22:00", None)
    assert (day["days"], day["ends"], day["download_limit"]) == (["mon", "tue", "wed", "thu", "fri"], "18:00", 500_000)
    form.get_by_role("button", name="Remove entry 1").press("Enter")
    form.get_by_role("button", name="Remove entry 1").press("Enter")
    with page.expect_response(lambda answer: answer.url.endswith("/speed") and answer.request.method != "GET"):
        form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("button", name="Save")).to_be_disabled()
    assert application.api().get("/api/settings/speed")["values"]["plan"] == []


def test_a_rule_of_a_client_is_edited(application: RunningServer, signed_in: SignIn) -> None:
    api = application.api()
    api.add_indexer("http://127.0.0.1:9/", "key", name="Books, mostly")
    page = signed_in()
    page.goto("/settings/clients")
    page.get_by_role("button", name="Edit Embedded").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("Which downloads it is for").click()
    dialog.get_by_label("Books, mostly").check()
    dialog.get_by_label("Only these categories").fill("3030, 3000")
    dialog.get_by_label("Only with one of these tags").fill("kids")
    dialog.get_by_label("Follow the general speed limits").uncheck()
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    (client,) = [one for one in api.get("/api/clients")["items"] if one["name"] == "Embedded"]
    assert client["rule"] == {"indexers": ["Books, mostly"], "categories": [3000, 3030], "tags": ["kids"]}
    assert client["steered"] is False


def test_tags_and_hour_of_a_download(application: RunningServer, signed_in: SignIn) -> None:
    """In the drawer, in the reader's own time zone; until its hour it says when it starts."""
    api = application.api()
    made = api.download(
        download_url=f"magnet:?xt=urn:btih:{78:040x}", title="Later", author="A", start_at="2099-05-01T03:00:00Z"
    )
    page = signed_in()
    page.goto(f"/downloads/{made}")
    drawer = page.get_by_role("dialog")
    expect(drawer.get_by_text(re.compile("^Starts at .*2099")).first).to_be_visible()
    drawer.get_by_text("Priority and speed limits").click()
    drawer.get_by_label("Tags").fill("kids, german")
    drawer.get_by_label("Start at").fill("2099-06-01T03:00")
    drawer.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Priority and limits are saved.")).to_be_visible()
    row = api.row(made)
    assert (row["tags"], row["status"]) == (["kids", "german"], "FOUND")
    assert row["start_at"][:10] in ("2099-05-31", "2099-06-01"), "wherever the browser is"
    drawer.get_by_label("Start at").fill("")
    with page.expect_response("**/api/downloads/queue/*") as answer:
        drawer.get_by_role("button", name="Save").click()
    assert answer.value.ok
    assert api.row(made)["start_at"] is None
    api.delete(f"/api/downloads/queue/{made}")


def test_another_client_is_chosen_for_a_download_that_has_none(application: RunningServer, signed_in: SignIn) -> None:
    """What the reason asks for stands open in the drawer; who cannot take it is not offered."""
    api = application.api()
    made = api.download(download_url=f"magnet:?xt=urn:btih:{79:040x}", title="Astray", author="A", client="Direct")
    api.wait_for_status(made, "DOWNLOAD_FAILED")
    page = signed_in()
    page.goto(f"/downloads/{made}")
    drawer = page.get_by_role("dialog")
    expect(drawer.get_by_text("Choose another client for it, then retry.").first).to_be_visible()
    choice = drawer.get_by_label("Download client")
    expect(choice.get_by_role("option")).to_have_text(
        ["By rule and preference", "Embedded", "Direct (does not take this)"]
    )
    choice.select_option("Embedded")
    drawer.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Priority and limits are saved.")).to_be_visible()
    with page.expect_response("**/retry*") as answer:
        drawer.get_by_role("button", name="Retry").click()
    assert answer.value.ok
    assert api.wait_for_status(made, "DOWNLOADING")["download_client"] == "Embedded"
    api.delete(f"/api/downloads/queue/{made}")


def test_what_goes_along_with_a_download_stays_open_while_it_is_chosen(signed_in: SignIn) -> None:
    """And nothing there lies over its neighbour."""
    page = signed_in()
    page.goto("/search")
    page.get_by_role("button", name="Add a link or file").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Magnet link").fill(f"magnet:?xt=urn:btih:{80:040x}")
    dialog.get_by_text("Client, priority and speed").click()
    dialog.get_by_label("Download client").select_option("Embedded")
    dialog.get_by_label("Start at").fill("2099-05-01T03:00")
    dialog.get_by_label("Tags").fill("kids")
    expect(dialog.get_by_label("Download client")).to_have_value("Embedded")
    assert page.evaluate(
        "[...document.querySelectorAll('dialog .field')].every(one => one.scrollWidth <= one.clientWidth + 1)"
    )


def test_a_saved_secret_stays_where_nobody_touches_it(application: RunningServer, signed_in: SignIn) -> None:
    """It is never shown, and saving something beside it does not empty it."""
    api = application.api()
    api.put("/api/settings/conversion", {"aax_activation_bytes": ["1a2b3c4d"], "audible_key": "ab" * 16})
    page = signed_in()
    page.goto("/settings/conversion")
    conversion = page.locator("form")
    expect(conversion.get_by_label("Audible key")).to_have_value("")
    conversion.get_by_label("Highest bitrate").fill("64")
    conversion.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Conversion is saved.")).to_be_visible()
    expect(conversion.get_by_role("button", name="Save")).to_be_disabled()
    values = api.get("/api/settings/conversion")["values"]
    assert (values["bitrate_kbps"], values["aax_activation_bytes"], values["audible_key"]) == (
        64,
        {"set": True},
        {"set": True},
    )


def test_priority_and_limits_of_a_download(application: RunningServer, signed_in: SignIn) -> None:
    """The drawer changes them; an emptied limit is lifted."""
    api = application.api()
    # By name, for a rule may keep it from the client; and once it is there nothing opens the form by itself.
    made = api.download(download_url=f"magnet:?xt=urn:btih:{77:040x}", title="Limited", author="A", client="Embedded")
    api.wait_for_status(made, "DOWNLOADING")
    page = signed_in()
    page.goto(f"/downloads/{made}")
    drawer = page.get_by_role("dialog")
    drawer.get_by_text("Priority and speed limits").click()
    drawer.get_by_label("Priority", exact=True).fill("5")
    drawer.get_by_label("Download, kB/s").fill("250")
    drawer.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Priority and limits are saved.")).to_be_visible()
    row = api.row(made)
    assert (row["priority"], row["download_limit"]) == (5, 250_000)
    drawer.get_by_label("Download, kB/s").fill("")
    with page.expect_response("**/api/downloads/queue/*") as answer:
        drawer.get_by_role("button", name="Save").click()
    assert answer.value.ok
    assert not api.row(made)["download_limit"]


def test_the_password_is_changed_and_everybody_signed_out(application: RunningServer, signed_in: SignIn) -> None:
    """A wrong one is told in place; after both, the sign-in form is what is left."""
    page = signed_in()
    page.goto("/settings/account")
    account = page.get_by_role("region", name="Account")
    for current, words in (("not this one", "current password is wrong"), (PASSWORD, "")):
        account.get_by_label("Current password").fill(current)
        account.get_by_label("New password", exact=True).fill(PASSWORD)
        account.get_by_label("New password, once more").fill(PASSWORD)
        account.get_by_role("button", name="Change password").click()
        if words:
            expect(account.get_by_text(words)).to_be_visible()
    expect(page.get_by_text("The password is changed.")).to_be_visible()
    account.get_by_role("button", name="Sign out everywhere").click()
    page.get_by_role("dialog").get_by_role("button", name="Sign out everywhere").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    page.reload()
    page.get_by_label("Name").fill(NAME)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Settings", level=1)).to_be_visible()


def test_the_list_of_parts_leads_everywhere(application: RunningServer, signed_in: SignIn) -> None:
    """Beside the part on a wide screen; a page of its own on a phone, with a way back."""
    page = signed_in(viewport={"width": 1440, "height": 900})
    page.goto("/settings")
    parts = page.get_by_role("navigation", name="Settings")
    expect(parts.get_by_role("link", name="Download clients")).to_have_attribute("aria-current", "page")
    parts.get_by_role("link", name="Naming").click()
    expect(page.get_by_role("heading", name="Naming", level=2)).to_be_focused()
    expect(page).to_have_title("Naming · Settings · AuralArchive")
    page.go_back()
    expect(page.get_by_role("heading", name="Download clients", level=2)).to_be_visible()
    page.set_viewport_size({"width": 360, "height": 760})
    expect(page.get_by_role("heading", name="Download clients", level=2)).to_have_count(0)
    parts.get_by_role("link", name="Library").click()
    expect(parts).to_have_count(0)
    page.get_by_role("main").get_by_role("link", name="Settings").click()
    expect(parts.get_by_role("link", name="Appearance")).to_be_visible()
    page.goto("/settings/nothing-here")
    expect(page.get_by_text("The address does not lead to a page.")).to_be_visible()


def test_nothing_typed_is_lost_by_leaving(application: RunningServer, signed_in: SignIn) -> None:
    """A link, the browser's own button and closing a dialog ask first; whoever stays finds all as it was."""
    page = signed_in()
    page.goto("/settings/search")
    page.get_by_role("link", name="Downloads and seeding").click()
    retries = page.get_by_label("Retries of a search")
    for leave in (
        lambda: page.get_by_role("link", name="Conversion").click(),
        lambda: page.get_by_role("link", name="Library", exact=True).first.click(),
        page.go_back,
    ):
        retries.fill("7")
        leave()
        page.get_by_role("button", name="Stay here").click()
        expect(retries).to_have_value("7")
        expect(page).to_have_url(re.compile("/settings/downloads$"))
    page.go_back()
    page.get_by_role("button", name="Leave without saving").click()
    expect(page.get_by_role("heading", name="Search", level=2)).to_be_visible()
    page.get_by_role("link", name="Indexers").click()
    page.get_by_role("button", name="Add an indexer").click()
    dialog = page.get_by_role("dialog", name="Add an indexer")
    dialog.get_by_label("URL").fill("http://127.0.0.1:9/api")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Stay here").click()
    expect(dialog.get_by_label("URL")).to_have_value("http://127.0.0.1:9/api")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Leave without saving").click()
    expect(dialog).to_have_count(0)


def test_another_persons_change_is_told_and_nothing_is_lost(application: RunningServer, signed_in: SignIn) -> None:
    """What only they changed is taken over; what both changed stays as typed, and theirs is told beside it."""
    api = application.api()
    page = signed_in()
    page.goto("/settings/downloads")
    page.get_by_label("Retries of a download").fill("9")
    page.get_by_label("Retries of an import").fill("5")
    api.put("/api/settings/download_management", {"retry_download_max": 4, "idle_after_minutes": 33})
    page.get_by_role("button", name="Save").click()
    note = page.get_by_role("alert")
    expect(note).to_contain_text("Somebody else has saved changes meanwhile.")
    expect(note).to_contain_text("Taken over from them: Idle after.")
    expect(note).to_contain_text("Retries of a download: you both changed it. Saved now: 4")
    expect(page.get_by_label("Retries of a download")).to_have_value("9")
    expect(page.get_by_label("Idle after")).to_have_value("33")
    assert api.get("/api/settings/download_management")["values"]["retry_download_max"] == 4
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Downloads and seeding is saved.")).to_be_visible()
    values = api.get("/api/settings/download_management")["values"]
    assert (values["retry_download_max"], values["retry_import_max"], values["idle_after_minutes"]) == (9, 5, 33)


def test_the_same_indexer_changed_by_two(application: RunningServer, signed_in: SignIn) -> None:
    """Also in a dialog; whoever prefers the other's state can take it."""
    api = application.api()
    made = api.add_indexer("http://127.0.0.1:9/api", "key", name="Shared")
    page = signed_in()
    page.goto("/settings/indexers")
    page.get_by_role("button", name="Edit Shared").click()
    dialog = page.get_by_role("dialog", name="Edit Shared")
    dialog.get_by_label("Minimum seeders").fill("4")
    changed = {key: made[key] for key in ("type", "name", "enabled", "priority")}
    settings = {**made["settings"], "minimum_seeders": 2}
    api.put(f"/api/indexers/{made['id']}", {**changed, "enabled": False, "settings": settings})
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_text("Minimum seeders: you both changed it. Saved now: 2")).to_be_visible()
    expect(dialog.get_by_text("Taken over from them: Enabled.")).to_be_visible()
    expect(dialog.get_by_label("Minimum seeders")).to_have_value("4")
    expect(dialog.get_by_label("Enabled")).not_to_be_checked()
    dialog.get_by_role("button", name="Take theirs instead").click()
    expect(dialog.get_by_label("Minimum seeders")).to_have_value("2")
    dialog.get_by_label("Minimum seeders").fill("5")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    assert api.get(f"/api/indexers/{made['id']}")["settings"]["minimum_seeders"] == 5
    api.delete(f"/api/indexers/{made['id']}")


def test_clients_are_ordered_switched_and_tested(application: RunningServer, signed_in: SignIn) -> None:
    """By keyboard as well; a test tells what is wrong and what to do."""
    api = application.api()
    for number in (1, 2):
        settings = {"host": "127.0.0.1", "port": number, "password": "hidden"}
        api.post(
            "/api/clients", {"type": "qbittorrent", "name": f"Client {number}", "priority": 5, "settings": settings}
        )
    page = signed_in()
    page.goto("/settings/clients")
    names = page.get_by_role("list").locator("li strong")
    expect(names).to_have_text(["Client 1", "Client 2", "Direct", "Embedded"])
    page.get_by_role("button", name="Prefer Client 2 more").press("Enter")
    expect(names).to_have_text(["Client 2", "Client 1", "Direct", "Embedded"])
    expect(page.get_by_role("switch", name="Client 1 is enabled")).to_be_enabled()
    page.get_by_role("switch", name="Client 1 is enabled").press("Space")
    expect(page.get_by_role("switch", name="Client 1 is enabled")).not_to_be_checked()
    expect(page.get_by_role("switch", name="Client 1 is enabled")).to_be_enabled()
    page.get_by_role("button", name="Test all").click()
    expect(page.get_by_text("libtorrent")).to_be_visible()
    row = page.get_by_role("listitem").filter(has_text="Client 2")
    expect(row.get_by_text(re.compile("does not answer|cannot be reached|refused"))).to_be_visible()
    saved = sorted(api.get("/api/clients")["items"], key=lambda one: one["priority"])
    assert [one["name"] for one in saved] == ["Client 2", "Client 1", "Direct", "Embedded"]
    assert [one["enabled"] for one in saved] == [True, False, True, True]
    assert all(one["settings"]["password"] == {"set": True} for one in saved[:2])
    for one in saved[:2]:
        api.delete(f"/api/clients/{one['id']}")


def test_path_mappings_are_a_table_that_looks_at_the_disk(
    application: RunningServer, signed_in: SignIn, tmp_path: Path
) -> None:
    """A folder that is not there is told while it is typed; a refused cell is told at the cell."""
    page = signed_in()
    page.goto("/settings/clients")
    page.get_by_role("button", name="Add a client").click()
    dialog = page.get_by_role("dialog", name="Add a client")
    dialog.get_by_label("Kind").select_option("qbittorrent")
    dialog.get_by_text("More settings").click()
    dialog.get_by_role("button", name="Add a row").click()
    remote, local = dialog.get_by_label("Folder in the client"), dialog.get_by_label("Folder here")
    expect(remote).to_be_focused()
    remote.fill("downloads")
    local.fill(str(tmp_path / "gone"))
    expect(dialog.get_by_text("gone is not there.")).to_be_visible()
    local.fill(str(tmp_path))
    expect(dialog.get_by_text("This folder is there.")).to_be_visible()
    dialog.get_by_label("Name", exact=True).fill("Mapped")
    dialog.get_by_role("button", name="Save").click()
    expect(remote).to_have_attribute("aria-invalid", "true")
    remote.fill("/downloads")
    dialog.get_by_role("button", name="Add a row").click()
    dialog.get_by_role("button", name="Remove row 2").click()
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    api = application.api()
    made = next(one for one in api.get("/api/clients")["items"] if one["name"] == "Mapped")
    assert made["settings"]["path_mappings"] == [{"remote": "/downloads", "local": str(tmp_path)}]
    api.delete(f"/api/clients/{made['id']}")


def test_nobody_has_to_write_json(application: RunningServer, signed_in: SignIn) -> None:
    """Every kind of adapter has a form of fields and tables."""
    page = signed_in()
    for part, add in (("clients", "Add a client"), ("indexers", "Add an indexer")):
        page.goto(f"/settings/{part}")
        page.get_by_role("button", name=add).click()
        dialog = page.get_by_role("dialog", name=add)
        for kind in dialog.get_by_label("Kind").locator("option").all():
            dialog.get_by_label("Kind").select_option(kind.get_attribute("value"))
            expect(dialog.get_by_text("As JSON.")).to_have_count(0)
            expect(dialog.get_by_role("textbox").nth(1)).to_be_visible()


@pytest.fixture
def unlocked(tmp_path: Path) -> Iterator[RunningServer]:
    """A server whose library nobody has fixed by the environment."""
    with RunningServer(tmp_path) as server:
        server.stop()
        environment = {key: value for key, value in server.settings().items() if key != "AURALARCHIVE_LIBRARY_PATH"}
        server.settings = lambda: environment  # type: ignore[method-assign]  # of this one server
        server.start()
        yield server


def test_the_library_is_looked_at_while_one_types_and_counts_at_once(
    built_pages: None, unlocked: RunningServer, browser_page: Pages, tmp_path: Path
) -> None:
    """There, writable, free space, file system, links; and a book goes there without a restart."""
    page = _entered(browser_page, unlocked)
    page.goto("/settings/library")
    expect(page.get_by_text("data/library is there and can be written to.")).to_be_visible()
    folder = page.get_by_label("Library folder")
    folder.fill(str(tmp_path / "data" / "auralarchive.db"))
    expect(page.get_by_text("is a file.")).to_be_visible()
    folder.fill(str(tmp_path / "data" / "downloads" / "books"))
    expect(page.get_by_text("lie within one another")).to_be_visible()
    folder.fill(str(tmp_path / "my books"))
    expect(page.get_by_text("is not there yet; it is made when you save.")).to_be_visible()
    expect(page.get_by_text("seeding files are linked and take no space twice")).to_be_visible()
    expect(page.get_by_text(re.compile(r"of .* free \(\w+\)"))).to_be_visible()
    assert not (tmp_path / "my books").exists()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Library is saved.")).to_be_visible()
    assert (tmp_path / "my books").is_dir()
    assert unlocked.api().get("/api/settings/library")["values"]["path"] == str(tmp_path / "my books")


def test_naming_is_shown_on_books_and_errors_at_their_token(
    built_pages: None, unlocked: RunningServer, browser_page: Pages
) -> None:
    """A token is inserted where one writes; a template that is refused is not lost."""
    page = _entered(browser_page, unlocked)
    page.goto("/settings/naming")
    preview = page.get_by_role("region", name="So your books would be named")
    expect(preview.get_by_text("L. M. Montgomery/Anne of Avonlea/Anne of Avonlea.m4b")).to_be_visible()
    template = page.get_by_label("Naming", exact=True)
    template.fill("{author}/ {title}/{title}.m4b")
    template.press("Home")
    for _ in range(len("{author}/")):
        template.press("ArrowRight")
    page.get_by_role("button", name="Insert year").click()
    expect(template).to_have_value("{author}/{year} {title}/{title}.m4b")
    expect(template).to_be_focused()
    expect(preview.get_by_text("L. M. Montgomery/1909 Anne of Avonlea/Anne of Avonlea.m4b")).to_be_visible()
    template.fill("{author}/{titel}/{title}.m4b")
    expect(preview.locator("mark")).to_have_text("{titel}")
    expect(preview.get_by_text("There is no token {titel}.")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("There is no token {titel}.").nth(1)).to_be_visible()
    expect(template).to_have_value("{author}/{titel}/{title}.m4b")


def test_the_language_can_be_chosen_and_stays(application: RunningServer, signed_in: SignIn) -> None:
    page = signed_in()
    page.goto("/settings/appearance")
    page.get_by_label("Language").select_option(label="Deutsch")
    expect(page.get_by_role("heading", name="Aussehen", level=2)).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Einstellungen", level=1)).to_be_visible()
    page.get_by_label("Sprache").select_option(label="Wie der Browser sagt")
    expect(page.get_by_role("heading", name="Settings", level=1)).to_be_visible()


def _entered(browser_page: Pages, server: RunningServer) -> Page:
    page = browser_page(base_url=server.url, locale="en-GB")
    page.goto("/")
    page.request.post("/api/auth/setup", data={"name": NAME, "password": PASSWORD})
    return page
