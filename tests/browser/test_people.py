"""Several people on the real application: who sees what, and that what an administrator changes counts at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import NAME, PASSWORD, SignIn
from tests.support.browser import Pages
from tests.support.receiver import receiving
from tests.support.server import Api, ApiFailure, RunningServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

BOB, BOBS_PASSWORD = "bob", "bob likes long sentences"

AsBob = Callable[..., Page]


@pytest.fixture
def api(application: RunningServer, signed_in: SignIn) -> Iterator[Api]:
    """The API of an application with its first account and no other one."""
    signed_in()
    api = application.api()
    yield api
    for user in api.get("/api/users")["items"]:
        if user["name"] != NAME:
            api.delete(f"/api/users/{user['id']}")


@pytest.fixture
def as_bob(application: RunningServer, browser_page: Pages, api: Api) -> AsBob:
    """Bob has an account, and signs in through the form."""

    def open_page(path: str = "/", *, role: str = "member", **options: object) -> Page:
        api.post("/api/users", {"name": BOB, "password": BOBS_PASSWORD, "role": role})
        page = browser_page(base_url=application.url, locale="en-GB", **options)
        page.goto(path)
        page.get_by_label("Name").fill(BOB)
        page.get_by_label("Password").fill(BOBS_PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("navigation", name="Main").wait_for()
        return page

    return open_page


def people(page: Page) -> Locator:
    page.goto("/settings/users")
    return page.get_by_role("region", name="People with an account")


def change(page: Page, name: str, item: str) -> Locator:
    """Choose from somebody's menu; the dialog that it opens."""
    list_ = people(page)
    page.wait_for_load_state("networkidle")  # a menu closes when the page moves below it
    list_.get_by_role("button", name=f"Change {name}").click()
    page.get_by_role("menuitem", name=item).click()
    return page.get_by_role("dialog")


def test_a_person_is_let_in_and_nothing_typed_is_lost(signed_in: SignIn, api: Api, browser_page: Pages) -> None:
    """A taken name is told at its field; a careless click outside asks first; the new person can sign in."""
    page = signed_in()
    list_ = people(page)
    list_.get_by_role("button", name="Add a person").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill(NAME.upper())
    dialog.get_by_label("First password").fill("short")
    dialog.get_by_role("button", name="Add a person").click()
    expect(dialog.get_by_text("at least 8 characters").first).to_be_visible()
    dialog.get_by_label("First password").fill(BOBS_PASSWORD)
    dialog.get_by_label("Show the password").check()
    expect(dialog.get_by_label("First password")).to_have_attribute("type", "text")
    dialog.get_by_role("button", name="Add a person").click()
    expect(dialog.get_by_label("Name")).to_have_accessible_description(re.compile("already an account"))
    expect(dialog.get_by_label("First password")).to_have_value(BOBS_PASSWORD)
    page.keyboard.press("Escape")
    page.get_by_role("dialog", name="Throw away what you typed?").get_by_role("button", name="Go on typing").click()
    expect(dialog.get_by_label("First password")).to_have_value(BOBS_PASSWORD)
    dialog.get_by_label("Name").fill(BOB)
    dialog.get_by_role("button", name="Add a person").click()
    expect(page.get_by_text("bob may sign in now.")).to_be_visible()
    expect(list_.get_by_role("listitem").filter(has_text=BOB)).to_contain_text("Member")
    browser_page.errors.clear()  # the browser reports the 409 as an error of its own


def test_a_member_sees_books_and_no_settings(as_bob: AsBob, browser_page: Pages) -> None:
    """What a member may not do is not shown; whoever types the address is told, and asks the server for nothing."""
    refused: list[str] = []
    page = as_bob()
    page.on("response", lambda answer: refused.append(answer.url) if answer.status == 403 else None)
    expect(page.get_by_role("link", name="System")).to_have_count(0)
    for path in ("/", "/search", "/downloads", "/library"):
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.goto("/settings")
    expect(page.get_by_role("heading", name="Settings", level=1)).to_be_visible()
    for words in ("Download clients", "Indexers", "Add a person", "Conversion"):
        expect(page.get_by_text(words)).to_have_count(0)
    page.goto("/settings/keys")
    page.get_by_label("What the key is for").fill("Telephone")
    page.get_by_role("button", name="Create key").click()
    expect(page.get_by_text("It is shown only this once.")).to_be_visible()
    page.goto("/settings/account")
    expect(page.get_by_label("Current password")).to_be_visible()
    for path in ("/system", "/settings/users", "/settings/clients"):
        page.goto(path)
        page.wait_for_load_state("networkidle")
        expect(page.get_by_role("button", name=re.compile("^Add"))).to_have_count(0)
    page.goto("/system")
    expect(page.get_by_text("This is for administrators")).to_be_visible()
    assert refused == []
    assert browser_page.errors == []


def test_a_change_of_role_reaches_the_open_page(as_bob: AsBob, signed_in: SignIn, browser_page: Pages) -> None:
    """Both ways, without a reload: the live connection comes back and the page asks who it is now."""
    bob, admin = as_bob("/settings/account"), signed_in()
    expect(bob.get_by_role("link", name="System")).to_have_count(0)
    change(admin, BOB, "Make administrator").get_by_role("button", name="Make administrator").click()
    expect(admin.get_by_text("bob: Administrator.")).to_be_visible()
    expect(bob.get_by_role("link", name="System")).to_be_visible()
    change(admin, BOB, "Make member").get_by_role("button", name="Make member").click()
    expect(bob.get_by_role("link", name="System")).to_have_count(0)
    assert bob.request.get("/api/settings").status == 403


def test_a_refusal_teaches_the_page_its_role(as_bob: AsBob, api: Api, browser_page: Pages) -> None:
    """Also without a live connection: the next thing refused makes the page ask."""
    bob = as_bob("/", role="admin", service_workers="block")
    expect(bob.get_by_role("link", name="System")).to_be_visible()
    bob.route("**/socket.io/**", lambda route: route.abort())
    (account,) = [user for user in api.get("/api/users")["items"] if user["name"] == BOB]
    api.patch(f"/api/users/{account['id']}", {"role": "member"})
    bob.get_by_role("link", name="System").click()
    expect(bob.get_by_text("This is for administrators")).to_be_visible()
    expect(bob.get_by_role("link", name="System")).to_have_count(0)
    browser_page.errors.clear()  # the 403 and the broken connections are what this is about


def test_a_reset_password_and_a_deleted_account_end_the_open_page(
    as_bob: AsBob, signed_in: SignIn, browser_page: Pages
) -> None:
    """The page asks to sign in and keeps what is below; afterwards nobody of that name gets in."""
    bob, admin = as_bob(), signed_in()
    dialog = change(admin, BOB, "Reset password")
    dialog.get_by_label("New password").fill("another good sentence")
    dialog.get_by_role("button", name="Reset password").click()
    expect(admin.get_by_text("bob has a new password.")).to_be_visible()
    expect(bob.get_by_text("Your session has ended.")).to_be_visible()
    bob.get_by_role("dialog").get_by_label("Password").fill("another good sentence")
    bob.get_by_role("dialog").get_by_role("button", name="Sign in").click()
    expect(bob.get_by_text("Your session has ended.")).to_have_count(0)
    change(admin, BOB, "Delete account").get_by_role("button", name="Delete").click()
    expect(admin.get_by_text("The account of bob is deleted.")).to_be_visible()
    expect(bob.get_by_text("Your session has ended.")).to_be_visible()
    browser_page.errors.clear()  # 401s, as meant


def test_the_last_administrator_and_ones_own_account_are_safe(signed_in: SignIn, api: Api) -> None:
    """The page offers no way; the server refuses it all the same, in words."""
    page = signed_in()
    own = people(page).get_by_role("listitem").filter(has_text=NAME)
    expect(own).to_contain_text("You")
    expect(own.get_by_role("button")).to_have_count(0)
    (ada,) = api.get("/api/users")["items"]
    address = f"/api/users/{ada['id']}"
    with pytest.raises(ApiFailure, match="ada is the only administrator") as demoted:
        api.patch(address, {"role": "member"})
    with pytest.raises(ApiFailure, match="ada is the only administrator") as deleted:
        api.delete(address)
    assert [one.value.problem["code"] for one in (demoted, deleted)] == ["last_admin", "last_admin"]


def test_an_administrator_withdraws_anybodys_key(as_bob: AsBob, signed_in: SignIn, application: RunningServer) -> None:
    """It says whose it is and when it was used last; a withdrawn one opens nothing any more."""
    bob, admin = as_bob("/settings/keys"), signed_in()
    bob.get_by_label("What the key is for").fill("Telephone")
    bob.get_by_role("button", name="Create key").click()
    key = bob.locator("code").first.inner_text()
    admin.goto("/settings/keys")
    others = admin.get_by_role("region", name="Keys of everybody")
    expect(others.get_by_role("listitem")).to_contain_text("never used")
    assert bob.request.get("/api/downloads/queue", headers={"X-Api-Key": key}).ok
    admin.reload()
    expect(others.get_by_role("listitem")).to_contain_text(re.compile("used (now|\\d+ second)"))
    others.get_by_role("button", name="Withdraw Telephone of bob").click()
    admin.get_by_role("dialog").get_by_role("button", name="Withdraw").click()
    expect(admin.get_by_text("Telephone is withdrawn.")).to_be_visible()
    expect(others).to_have_count(0)
    assert bob.request.get("/api/downloads/queue", headers={"X-Api-Key": key}).status == 401


def test_names_are_text_whatever_they_hold(signed_in: SignIn, api: Api, browser_page: Pages) -> None:
    """Markup, other directions of writing, and names as long as they may be, on a phone."""
    names = ("<img src=x onerror=alert(1)>", "\u05de\u05e8\u05d9\u05dd \u05e9\u05d5\u05d5\u05e8\u05e5", "W" * 64)
    for name in names:
        api.post("/api/users", {"name": name, "password": BOBS_PASSWORD})
    page = signed_in(viewport={"width": 360, "height": 740})
    list_ = people(page)
    for name in names:
        expect(list_.get_by_text(name, exact=True)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert browser_page.errors == []
    assert PASSWORD not in page.content()


def test_a_notification_is_added_tried_and_kept(application: RunningServer, signed_in: SignIn, api: Api) -> None:
    """What it tells is ticked in words; a test that fails says why and loses nothing; the secret stays one."""
    with receiving() as receiver:
        receiver.status = 503
        page = signed_in()
        page.goto("/settings/notifications")
        page.get_by_role("button", name="Add a notification").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Kind").select_option("webhook")
        dialog.get_by_label("Name").fill("Home")
        dialog.get_by_label("URL").fill(receiver.url)
        dialog.get_by_label("Secret").fill("shared between two")
        choice = dialog.get_by_role("group", name="Tell about")
        expect(choice.get_by_label("A book is in the library")).to_be_checked()
        expect(choice.get_by_label("A download needs somebody")).to_be_checked()
        expect(choice.get_by_label("A download begins")).not_to_be_checked()
        choice.get_by_label("A download begins").check()
        choice.get_by_label("A book is in the library").uncheck()
        dialog.get_by_role("button", name="Test").click()
        expect(dialog.get_by_text("answered 503")).to_be_visible()
        expect(dialog.get_by_text("Look at its own log.")).to_be_visible()
        receiver.status = 200
        dialog.get_by_role("button", name="Test").click()
        expect(dialog.get_by_text("A test message was accepted. It is signed.")).to_be_visible()
        assert receiver.received[0].is_signed_with("shared between two")
        dialog.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Home is saved.")).to_be_visible()
        page.get_by_role("button", name="Edit Home").click()
        expect(dialog.get_by_label("Secret")).to_have_value("")
        expect(dialog.get_by_label("Secret")).to_have_accessible_description(re.compile("Leave empty to keep it"))
        expect(choice.get_by_label("A download begins")).to_be_checked()
        expect(choice.get_by_label("A book is in the library")).not_to_be_checked()
        dialog.get_by_role("button", name="Save").click()
        (saved,) = api.get("/api/notifiers")["items"]
        assert set(saved["settings"]["topics"]) == {"failed", "health", "started"}
        assert saved["settings"]["secret"] == {"set": True}
        api.delete(f"/api/notifiers/{saved['id']}")


def test_a_message_comes_by_what_was_typed_into_the_page(signed_in: SignIn, api: Api) -> None:
    """By the URL of a service: kept as a secret, and told of in its own words when it is none."""
    with receiving() as receiver:
        page = signed_in()
        page.goto("/settings/notifications")
        page.get_by_role("button", name="Add a notification").click()
        dialog = page.get_by_role("dialog")
        address = dialog.get_by_label("Apprise URL")
        expect(address).to_have_attribute("type", "password")
        address.fill("windows://")
        dialog.get_by_role("button", name="Save").click()
        expect(dialog.get_by_text(re.compile("begins with the service")).first).to_be_visible()
        address.fill(f"json://127.0.0.1:{receiver.port}/phone")
        dialog.get_by_role("button", name="Test").click()
        expect(dialog.get_by_text("JSON took a test message.")).to_be_visible()
        assert receiver.received[0].json["title"] == "AuralArchive can reach you"
