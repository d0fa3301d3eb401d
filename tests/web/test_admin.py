"""Running the server and its people from the page."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
from playwright.async_api import expect

from tests.servers.process import wait_until
from tests.servers.toolcrib import ToolcribServer
from tests.web.conftest import Open, StartServer, row, sign_in


async def test_an_administrator_creates_a_user_who_then_signs_in_and_is_renamed(
    open_page: Open, crib: ToolcribServer
) -> None:
    page = await open_page("admin", "/admin/users")
    await page.get_by_role("button", name="New user").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("button", name="Create")).to_be_disabled()
    await dialog.get_by_label("Username").fill("vera")
    await dialog.get_by_label("E-mail").fill("vera@example.com")
    await dialog.get_by_role("button", name="Make one up").click()
    password = await dialog.get_by_role("textbox", name="Password").input_value()
    await dialog.get_by_role("button", name="Create").click()
    await expect(row(page, "vera@example.com")).to_be_visible()
    theirs = await open_page(None, "/login")
    await sign_in(theirs, "vera", password)
    await expect(theirs.get_by_role("button", name="Account: vera")).to_be_visible()
    # Everybody's page shows a new name at once.
    await page.get_by_role("button", name="Edit vera").click()
    drawer = page.get_by_role("dialog", name="vera")
    await drawer.get_by_label("Username").fill("vera.r")
    await drawer.get_by_role("button", name="Rename").click()
    await expect(row(page, "vera@example.com")).to_contain_text("vera.r")
    await expect(theirs.get_by_role("button", name="Account: vera.r")).to_be_visible()


async def test_a_name_that_is_taken_is_refused_and_the_form_stays(
    open_page: Open, crib: ToolcribServer
) -> None:
    crib.user("ann")
    page = await open_page("admin", "/admin/users")
    await page.get_by_role("button", name="New user").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Username").fill("ann")
    await dialog.get_by_label("E-mail").fill("another@example.com")
    await dialog.get_by_role("textbox", name="Password").fill("a long enough one")
    await dialog.get_by_role("button", name="Create").click()
    await expect(dialog.get_by_role("alert")).to_be_visible()
    await expect(dialog.get_by_label("E-mail")).to_have_value("another@example.com")


async def test_an_account_is_changed_disabled_and_enabled(open_page: Open, crib: ToolcribServer) -> None:
    crib.user("walt")
    page = await open_page("admin", "/admin/users")
    await page.get_by_role("button", name="Edit walt").click()
    drawer = page.get_by_role("dialog", name="walt")
    await drawer.get_by_role("switch", name="Administrator").click(force=True)
    await expect(row(page, "walt@example.com")).to_contain_text("administrator")
    await drawer.get_by_label("New password").fill("reset by the admin")
    await drawer.get_by_role("button", name="Set").click()
    await expect(page.get_by_text("The new password is set")).to_be_visible()
    login = {"username": "walt", "password": "reset by the admin"}
    assert httpx.post(f"{crib.url}/api/login", json=login).status_code == 200
    await drawer.get_by_role("switch", name="May sign in").click(force=True)
    await expect(row(page, "walt@example.com")).to_contain_text("disabled")
    assert httpx.post(f"{crib.url}/api/login", json=login).status_code != 200
    await drawer.get_by_role("button", name="Delete the account…").click()
    await page.get_by_role("button", name="Delete the account", exact=True).click()
    await expect(row(page, "walt@example.com")).to_have_count(0)


async def test_administrators_cannot_lock_themselves_out(open_page: Open) -> None:
    page = await open_page("admin", "/admin/users")
    await page.get_by_role("button", name="Edit admin").click()
    drawer = page.get_by_role("dialog", name="admin")
    await expect(drawer.get_by_role("switch", name="Administrator")).to_be_disabled()
    delete = drawer.get_by_role("button", name="Delete the account…")
    await expect(delete).to_contain_text("You cannot delete your own account.")


async def test_a_setting_is_changed_and_says_where_it_comes_from(
    open_page: Open, crib: ToolcribServer
) -> None:
    page = await open_page("admin", "/admin/config")
    setting = page.locator("form > div").filter(has_text="auto_release.hours")
    await expect(setting).to_contain_text("built-in default")
    await setting.get_by_role("textbox").fill("0")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await setting.get_by_role("textbox").fill("96")
    await page.get_by_role("button", name="Save").click()
    await expect(setting).to_contain_text("set on this page")
    assert crib.admin.get("/api/admin/config").json()["auto_release_hours"] == 96


async def test_health_and_the_mail_test(open_page: Open) -> None:
    page = await open_page("admin", "/admin/health")
    checks = page.get_by_role("list", name="Checks")
    await expect(checks.get_by_role("listitem").filter(has_text="Database")).to_be_visible()
    await page.get_by_role("button", name="Send a test mail").click()
    await expect(page.get_by_role("status").filter(has_text="mail")).to_be_visible()


async def test_locks_that_differ_only_in_spelling_are_shown_until_one_is_left(
    open_page: Open, crib: ToolcribServer
) -> None:
    ann = crib.user("ann")
    ann.post("/api/projects", json={"name": "clashing"}).raise_for_status()
    ann.patch("/api/projects/clashing", json={"case_clashes": "warn"}).raise_for_status()

    def is_locked(path: str) -> bool:
        body = {"asset_path": path, "branch": "main", "project": "clashing"}
        return bool(ann.post("/api/locks", json=body).status_code == 201)

    assert is_locked("Maps/Hero.psd")
    wait_until(lambda: is_locked("maps/hero.psd"), "the project to warn")
    page = await open_page("admin", "/admin/health")
    clashes = page.get_by_role("region", name="Locks that differ only in spelling").get_by_role("listitem")
    await expect(clashes.filter(has_text="clashing")).to_have_count(2)
    await expect(clashes.filter(has_text=re.compile("maps/hero.psd"))).to_contain_text("ann")
    ann.delete("/api/locks/maps/hero.psd", params={"project": "clashing"}).raise_for_status()
    await expect(clashes.filter(has_text="clashing")).to_have_count(0)


async def test_what_does_not_work_is_named(open_page: Open, server: StartServer, tmp_path: Path) -> None:
    broken = server()
    (broken.data_dir / "files").rename(tmp_path / "aside")
    page = await open_page("admin", "/admin/health", server=broken)
    checks = page.get_by_role("list", name="Checks")
    for name, state in (("Database", "healthy"), ("File storage", "not healthy")):
        entry = checks.get_by_role("listitem").filter(has_text=name)
        await expect(entry.get_by_label(state, exact=True)).to_be_visible()


async def test_an_administrator_gives_a_quota_and_takes_it_back(
    open_page: Open, crib: ToolcribServer
) -> None:
    quentin = crib.user("quentin")
    page = await open_page("admin", "/admin/storage")
    await page.get_by_role("button", name="Set a quota").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("button", name="Save")).to_have_attribute("aria-disabled", "true")
    await dialog.get_by_label("Name or id").fill("nobody-at-all")
    await dialog.get_by_label("How much").fill("1.5")
    await dialog.get_by_label("Unit").select_option("GB")
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("nobody-at-all")
    await dialog.get_by_label("Name or id").fill("quentin")
    await dialog.get_by_role("button", name="Save").click()
    theirs = row(page, "quentin")
    await expect(theirs).to_contain_text("0 bytes of 1.5 GB")
    await expect(theirs).to_contain_text("an administrator")
    own = quentin.get("/api/quotas").json()
    assert [each["allowed_bytes"] for each in own if each["account"].startswith("user:")] == [1_500_000_000]

    await page.get_by_role("button", name="Change the quota of quentin").click()
    await expect(page.get_by_role("dialog").get_by_label("How much")).to_have_value("1.5")
    await page.get_by_role("radio", name="What the server's settings say").check()
    await page.get_by_role("button", name="Save").click()
    await expect(theirs).to_contain_text("0 bytes, no quota")
    await expect(theirs).to_contain_text("the settings")


async def test_others_are_told_that_the_page_is_not_for_them(open_page: Open) -> None:
    page = await open_page("ann", "/admin/users")
    await expect(page.get_by_text("This page is for administrators")).to_be_visible()
    await expect(page.get_by_role("navigation", name="Main").get_by_role("link", name="Users")).to_have_count(
        0
    )


async def test_a_project_gets_members_and_roles(open_page: Open, crib: ToolcribServer) -> None:
    crib.user("ben")
    page = await open_page("ann", "/projects")
    await page.get_by_role("button", name="New project").first.click()
    await page.get_by_role("dialog").get_by_label("Name").fill("quay")
    await page.get_by_role("dialog").get_by_role("button", name="Create").click()
    card = page.get_by_role("region", name="quay")
    await card.get_by_role("button", name="quay").click()
    await card.get_by_role("combobox", name="Add a person").fill("ben")
    await page.get_by_role("option", name="ben", exact=True).click()
    await card.get_by_role("combobox", name="as", exact=True).select_option("viewer")
    await card.get_by_role("button", name="Add").click()
    await expect(card.get_by_role("combobox", name="Role of ben")).to_have_value("viewer")

    bens = await open_page("ben", "/projects")
    theirs = bens.get_by_role("region", name="quay")
    await theirs.get_by_role("button", name="quay").click()
    await expect(theirs.get_by_role("combobox", name="Role of ann")).to_be_disabled()
    body = {"asset_path": "Plan.dwg", "branch": "main", "project": "quay"}
    assert crib.user("ben").post("/api/locks", json=body).status_code == 403
    await bens.goto(crib.url)
    await bens.get_by_role("button", name="Lock a path").click()
    await bens.get_by_role("textbox", name="Path").fill("Plan.dwg")
    await bens.get_by_role("combobox", name="Project").fill("quay")
    await expect(bens.get_by_text("You are a viewer of quay: viewers may look, not lock.")).to_be_visible()


async def test_a_company_is_for_administrators_to_create(open_page: Open, crib: ToolcribServer) -> None:
    anns = await open_page("ann", "/companies")
    blocked = anns.get_by_role("button", name="New company").first
    await expect(blocked).to_contain_text("Only administrators create companies.")
    page = await open_page("admin", "/companies")
    await page.get_by_role("button", name="New company").first.click()
    await page.get_by_role("dialog").get_by_label("Name").fill("Northlight")
    await page.get_by_role("dialog").get_by_role("button", name="Create").click()
    await expect(page.get_by_role("region", name="Northlight")).to_be_visible()


async def test_owners_say_what_a_project_does_about_names(open_page: Open, crib: ToolcribServer) -> None:
    ann, ben = crib.user("ann"), crib.user("ben")
    project = ann.post("/api/projects", json={"name": "spelling"}).json()
    ann.put(f"/api/projects/{project['id']}/members/ben", json={"role": "member"}).raise_for_status()
    page = await open_page("ann", f"/projects?open={project['id']}")
    await page.get_by_label("Names that Windows cannot keep").select_option("refuse")
    await expect(page.get_by_text("Changed spelling.")).to_be_visible()
    assert ben.get(f"/api/projects/{project['id']}").json()["windows_names"] == "refuse"
    theirs = await open_page("ben", f"/projects?open={project['id']}")
    await expect(theirs.get_by_label("Names that Windows cannot keep")).to_be_disabled()
    await expect(theirs.get_by_label("Names that Windows cannot keep")).to_have_value("refuse")
