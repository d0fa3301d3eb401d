"""Views of a model that browsers draw and share (parts contract, section 7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.parts.models.models import a_box
from tests.parts.pictures import drawn

if TYPE_CHECKING:
    import httpx

    from tests.parts.models.models import Models


def _post(models: Models, part: int, views: dict[str, bytes], prefix: str = "/api/parts") -> httpx.Response:
    client = models.old if prefix == "/api/parts" else models.ours
    files = {name: (f"{name}.png", content, "image/png") for name, content in views.items()}
    return client.post(f"{prefix}/{part}/views", files=files)


def _views(models: Models, part: int) -> Any:
    found = models.get(f"{part}/views")
    assert found.status_code == 200, found.text
    return found.json()["views"]


def test_views_are_merged_by_their_place(models: Models) -> None:
    part = models.part()
    assert _views(models, part) is None
    stored = _post(
        models, part, {"view_0": drawn(0), "view_3": drawn(3), "view_8": b"no view", "other": b"x"}
    )
    assert stored.status_code == 200, stored.text
    assert stored.json()["success"] is True
    assert stored.json()["views"] == _views(models, part)
    assert set(_views(models, part)["files"]) == {"0", "3"}
    again = _post(models, part, {"view_3": drawn(33), "view_7": drawn(7)}, "/api/shop/parts")
    assert set(again.json()["views"]["files"]) == {"0", "3", "7"}
    manifest = _views(models, part)
    assert manifest["files"]["3"]["filename"] == "view_3.png"
    assert manifest["updated_at"].endswith("+00:00")
    assert manifest["files"]["3"]["timestamp"].endswith("+00:00")
    picture = models.get(f"{part}/views/3")
    assert (picture.content, picture.headers["content-type"]) == (drawn(33), "image/png")
    assert picture.headers["x-content-type-options"] == "nosniff"
    known = models.get(f"{part}/views/3", headers={"If-None-Match": picture.headers["etag"]})
    assert known.status_code == 304
    for missing in (1, 8, 999_999):
        answer = models.get(f"{part}/views/{missing}")
        assert (answer.status_code, answer.json()["error"]) == (404, "View image not found")
    assert models.our(f"{part}/views").json()["views"] == manifest
    assert models.our(f"{part}/views/0").content == drawn(0)


def test_a_new_file_has_no_views(models: Models) -> None:
    part = models.part()
    models.upload(part, b"%PDF-1.7 one", "a.pdf")
    _post(models, part, {"view_0": drawn(0)})
    assert _views(models, part) is not None
    models.upload(part, b"%PDF-1.7 two", "b.pdf")
    assert _views(models, part) is None
    assert models.get(f"{part}/views/0").status_code == 404
    _post(models, part, {"view_1": drawn(1)})
    assert set(_views(models, part)["files"]) == {"1"}


def test_what_is_no_picture_or_too_large_is_refused(models: Models) -> None:
    part = models.part()
    for content in (b"", b"GIF89a", b"<svg/>", drawn(0)[:20], drawn(0).replace(b"IHDR", b"IDAT")):
        refused = _post(models, part, {"view_0": drawn(1), "view_1": content})
        assert refused.status_code == 400, content
        assert refused.json()["error"]
    assert _post(models, part, {"view_0": drawn(0, 2 * 2**20)}).status_code == 200
    assert _post(models, part, {"view_1": drawn(0, 2 * 2**20 + 1)}).status_code == 413
    assert models.old.post(f"/api/parts/{part}/views", json={}).status_code == 400
    assert set(_views(models, part)["files"]) == {"0"}
    assert models.get("999999/views").json()["error"] == "Part not found"


def test_models_and_views_are_the_projects(models: Models) -> None:
    ann, ben, eve = (models.shop.person() for _ in range(3))
    project = models.crib.project(ann, viewer=ben)
    made = ann.client.post(
        "/api/shop/parts", json={"name": "Arm", "material": "Steel", "subsystem": "Arm", "project": project}
    )
    assert made.status_code == 201, made.text
    part = made.json()["id"]
    files = {"file": ("arm.step", a_box()[:500])}
    assert ann.client.post(f"/api/shop/parts/{part}/files", files=files).status_code == 201
    models.settle()
    anybody = models.crib.client()
    base = f"/api/shop/parts/{part}"
    for route in ("model", "thumbnail", "figures", "compare", "views", "views/0"):
        assert anybody.get(f"{base}/{route}").status_code == 401, route
        hidden = eve.client.get(f"{base}/{route}")
        assert (hidden.status_code, hidden.json()["code"]) == (404, "part_not_found"), route
        assert ben.client.get(f"{base}/{route}").json().get("code") != "part_not_found", route
    form: dict[str, Any] = {"files": {"view_0": ("v.png", drawn(0))}}
    writes: list[tuple[str, dict[str, Any]]] = [("model/convert", {}), ("views", form)]
    for route, body in writes:
        assert anybody.post(f"{base}/{route}", **body).status_code == 401, route
        assert eve.client.post(f"{base}/{route}", **body).status_code == 404, route
        assert ben.client.post(f"{base}/{route}", **body).status_code == 403, route
        assert ann.client.post(f"{base}/{route}", **body).is_success, route
    models.settle()
    for route in ("model", "views", "views/0"):
        refused = anybody.get(f"/api/parts/{part}/{route}")
        assert (refused.status_code, refused.json()["error"]) == (401, "API key required")
        # The shared key is for another project.
        assert models.get(f"{part}/{route}").status_code == 404
