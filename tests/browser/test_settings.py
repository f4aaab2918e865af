"""Settings, account and limits on the real application: what is shown, saved, refused and locked."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import NAME, PASSWORD, SignIn
from tests.support.server import RunningServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


def test_a_section_is_saved_refused_and_locked(application: RunningServer, signed_in: SignIn) -> None:
    """Only what was changed is sent; what the environment holds cannot be changed, and the page says why."""
    page = signed_in()
    page.goto("/settings")
    downloads = _section(page, "Downloads and seeding")
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
    expect(_section(page, "Downloads and seeding").get_by_label("Downloads at once")).to_have_value("3")
    saved = application.api().get("/api/settings/download_management")["values"]
    assert (saved["max_concurrent_downloads"], saved["seed_ratio"]) == (3, 1.5)


def test_a_saved_secret_stays_where_nobody_touches_it(application: RunningServer, signed_in: SignIn) -> None:
    """It is never shown, and saving something beside it does not empty it."""
    api = application.api()
    api.put("/api/settings/conversion", {"aax_activation_bytes": ["1a2b3c4d"], "audible_key": "ab" * 16})
    page = signed_in()
    page.goto("/settings")
    conversion = _section(page, "Conversion")
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
    made = api.download(download_url=f"magnet:?xt=urn:btih:{77:040x}", title="Limited", author="A")
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
    page.goto("/settings")
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


def _section(page: Page, title: str) -> Locator:
    details = page.locator("details.panel").filter(has=page.get_by_role("heading", name=title, exact=True))
    details.locator("summary").click()
    return details
