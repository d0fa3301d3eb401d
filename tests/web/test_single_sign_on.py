"""Single sign-on in the browser, with a certified OpenID provider: there, back, and out again at both."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.async_api import expect

from tests.servers.oidc_provider import CertifiedProvider, certified_provider
from tests.web.conftest import Open, StartServer


@pytest.fixture(scope="module")
def idp() -> Iterator[CertifiedProvider]:
    with certified_provider() as one:
        yield one


async def test_a_person_signs_in_at_the_provider_and_out_at_both(
    open_page: Open, server: StartServer, idp: CertifiedProvider
) -> None:
    client = idp.register()
    crib = server(
        **client.settings,
        OIDC_LABEL="Studio account",
        OIDC_GROUPS_CLAIM="realm_access.roles",
        OIDC_GROUP_ROLES=json.dumps({"artists": "project:Engine:member"}),
    )
    client.move_to(crib.url)
    assert crib.admin.post("/api/projects", json={"name": "Engine"}).status_code == 201
    idp.tell_of(nora={"email": "nora@example.com", "realm_access": {"roles": ["artists"]}})

    page = await open_page(None, "/assets", server=crib)
    await page.route(
        "https://fonts.googleapis.com/**", lambda route: route.abort()
    )  # for the provider's own pages
    await page.get_by_role("link", name="Studio account").click()
    await page.get_by_placeholder("Enter any login").fill("nora")
    await page.get_by_placeholder("and password").fill("whatever")
    await page.get_by_role("button", name="Sign-in").click()
    await page.get_by_role("button", name="Continue").click()
    await expect(page).to_have_url(f"{crib.url}/assets")

    # What a group gave is told apart from what was given by hand.
    admin = await open_page("admin", "/projects", server=crib)
    await admin.get_by_role("button", name="Engine").click()
    await expect(admin.get_by_role("listitem").filter(has_text="nora")).to_contain_text("by group")
    await admin.goto(f"{crib.url}/admin/users")
    await admin.get_by_role("button", name="Edit nora").click()
    await expect(admin.get_by_role("dialog", name="nora")).to_contain_text(
        "member of project Engine by group artists"
    )

    await page.get_by_role("button", name="Account: nora").click()
    await page.get_by_role("menuitem", name="Sign out").click()
    await page.get_by_role("button", name="Yes, sign me out").click()
    await expect(page).to_have_url(f"{crib.url}/login")
    await page.goto(f"{crib.url}/assets")
    await expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
