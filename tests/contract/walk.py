"""Drives what random data cannot reach: acts that need a history, such as a family link that was asked for.

Every answer is held against the document and counted with those of the other runs. A step that is refused says so and
the walk goes on; what no step reached is told by `coverage`.
"""

from __future__ import annotations

import datetime
import json
import os
import sys
import uuid
from typing import Any

import requests
import schemathesis

import coverage
import world as worlds

BASE, SEED = os.environ["CONTRACT_BASE"], int(os.environ["CONTRACT_SEED"])
DOCUMENT = json.load(open(os.environ["CONTRACT_DOCUMENT"], encoding="utf-8"))
SIGN_INS = json.load(open(os.environ["CONTRACT_SIGN_INS"], encoding="utf-8"))
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
RECORDER = coverage.Recorder()
TODAY = datetime.date.today()


def template(method: str, path: str) -> str:
    """The document's path for an address; names go before parameters."""
    parts = path.split("/")
    fits = [
        one
        for one, item in DOCUMENT["paths"].items()
        if method in item
        and len(one.split("/")) == len(parts)
        and all(own.startswith("{") or own == given for own, given in zip(one.split("/"), parts))
    ]
    return min(fits, key=lambda one: one.count("{"))


class Someone:
    """Whoever signed in with this, or nobody."""

    def __init__(self, sign_in: dict[str, Any] | None) -> None:
        self.sign_in = sign_in
        self.headers: dict[str, str] = {}
        self.refresh_token = ""
        if sign_in:
            names = ("user_name", "password") if "user_name" in sign_in else ("card_number", "pin")
            tokens = self.post("/auth/sign-in", {name: sign_in[name] for name in names})
            self.headers = {"Authorization": f"Bearer {tokens['access_token']}"}
            self.refresh_token = tokens["refresh_token"]

    def ask(self, method: str, path: str, body: Any = None, headers: Any = None, **query: Any) -> Any:
        """Asks, holds the answer against the document, counts it, and gives its body; nothing when refused."""
        full = worlds.PREFIX + path
        headers = {**self.headers, "Idempotency-Key": str(uuid.uuid4()), "Accept-Language": "en", **(headers or {})}
        if method in ("put", "patch") and "If-Match" not in headers:
            headers["If-Match"] = self.tag(full) or '"v1"'
        answer = requests.request(method, BASE + full, json=body, headers=headers, params=query, timeout=60)
        operation = SCHEMA[template(method, full)][method.upper()]
        operation.validate_response(answer)
        RECORDER.seen(operation.definition.raw["operationId"], answer.status_code)
        if not answer.ok:
            print(f"  refused: {method} {path}: {answer.status_code} {answer.json()['detail']} {answer.json()['errors']}")
            return None
        if method == "get" and "304" in operation.definition.raw["responses"] and "etag" in answer.headers:
            same = {**headers, "If-None-Match": answer.headers["etag"]}
            again = requests.get(BASE + full, headers=same, params=query, timeout=60)
            assert again.status_code == 304 and not again.content, (path, again.status_code)
            RECORDER.seen(operation.definition.raw["operationId"], 304)
        return answer.json() if answer.content and "json" in answer.headers["content-type"] else answer.content

    def tag(self, full: str) -> str | None:
        answer = requests.get(BASE + full, headers=self.headers, timeout=60)
        return answer.headers.get("etag") if answer.ok else None

    def get(self, path: str, **query: Any) -> Any:
        return self.ask("get", path, **query)

    def post(self, path: str, body: Any = None) -> Any:
        return self.ask("post", path, body)


def example(operation: str) -> Any:
    """The worked example of a request."""
    for item in DOCUMENT["paths"].values():
        for one in item.values():
            if one["operationId"] == operation:
                return json.loads(json.dumps(one["requestBody"]["content"]["application/json"]["example"]))
    raise KeyError(operation)


def first(role: str, **where: Any) -> dict[str, Any]:
    """How to sign in as the first of a role for whom this holds."""
    return next(one for one in SIGN_INS if one["role"] == role and all(one.get(k) == v for k, v in where.items()))


def later(days: int) -> str:
    return (TODAY + datetime.timedelta(days=days)).isoformat()


def sessions() -> None:
    nobody = Someone(None)
    name = f"walk.{uuid.uuid4().hex[:12]}"
    person = {"user_name": name, "password": "correct-horse-battery"}
    nobody.post("/auth/sign-up", {**person, "display_name": "Walker"})
    walker = Someone({"role": "signed_in", **person})
    nobody.post("/auth/refresh", {"refresh_token": walker.refresh_token})
    change = {"present_password": person["password"], "new_password": "another-horse-battery"}
    walker.ask("put", "/me/password", change)


def families(staff: Someone, canteen: str) -> None:
    walker_name = {"user_name": f"kin.{uuid.uuid4().hex[:12]}", "password": "correct-horse-battery"}
    Someone(None).post("/auth/sign-up", {**walker_name, "display_name": "Kin"})
    kin = Someone({"role": "signed_in", **walker_name})

    def asked(index: int) -> tuple[dict[str, Any], Any]:
        person = {"canteen_id": canteen, "full_name": f"王秀{index}", "born_on": "1944-05-01"}
        resident = staff.post("/residents", person)
        wish = {**example("ask_family_link"), "card_number": resident["card_number"], "born_on": resident["born_on"]}
        return resident, kin.post("/family-links", wish)

    consent = {key: value for key, value in example("approve_family_link").items() if key != "pin"}
    _, link = asked(1)
    staff.post(f"/family-links/{link['id']}/approve", consent)
    staff.post(f"/family-links/{link['id']}/end")
    _, link = asked(2)
    staff.post(f"/family-links/{link['id']}/refuse")


def policies(district: Someone) -> None:
    document = example("post_policy")
    area = district.get("/me")["grants"][0]["area"]
    document.update(code=f"walk-{uuid.uuid4().hex[:8]}", area=area)
    for layer in document["layers"]:
        layer["rank"] += 1_000_000 + (uuid.uuid4().int % 1_000_000)
    made = district.post("/policies", document)
    if made:
        district.post(f"/policies/{made['id']}/activate", {"from_on": later(60)})
        district.get(f"/policies/{made['id']}/differences")


def facts(staff: Someone, district: Someone, resident: str) -> None:
    fact = {**example("enter_fact"), "from_on": later(-3), "to_on": later(300)}
    entered = staff.post(f"/residents/{resident}/facts", fact)
    if entered:
        district.post(f"/facts/{entered['id']}/verify")
        headers = {"If-Match": f'"v{entered["version"] + 1}"'}
        district.ask("put", f"/facts/{entered['id']}", example("edit_fact"), headers)


def menus(staff: Someone, canteen: str) -> None:
    items = [{"name": "套餐", "kind": "set", "price_fen": 1500}]
    free = [later(days) for days in range(20, 40)]
    week = {"menus": [{"served_on": free[0], "period": "lunch", "items": items}]}
    posted = staff.post(f"/canteens/{canteen}/menus/week", week)
    menu = posted["items"][0]["id"]
    staff.ask("put", f"/menus/{menu}", {"items": items, "capacity": 30})
    staff.post(f"/menus/{menu}/publish")
    staff.post(f"/menus/{menu}/withdraw")


def meals(staff: Someone, canteen: str, resident: str) -> None:
    listed = staff.get(f"/canteens/{canteen}/menus", **{"from": later(0), "to": later(14)})["items"]
    now = datetime.datetime.now(datetime.timezone.utc)
    ahead = [m for m in listed if m["status"] == "published" and datetime.datetime.fromisoformat(m["cutoff_at"]) > now]
    for menu in ahead[:3]:
        line = {"item_id": menu["items"][0]["id"], "portions": 1}
        made = staff.post("/reservations", {"menu_id": menu["id"], "resident_id": resident, "lines": [line]})
        if made:
            staff.ask("put", f"/reservations/{made['id']}", {"mode": made["mode"], "lines": [{**line, "portions": 2}]})
            staff.post(f"/reservations/{made['id']}/cancel")
            break
    past = staff.get(f"/canteens/{canteen}/menus", **{"from": later(-3), "to": later(0)})["items"]
    served = [menu for menu in past if datetime.datetime.fromisoformat(menu["serves_from_at"]) < now]
    for menu in [menu for menu in served if menu["status"] == "published"][:1]:
        staff.post(f"/menus/{menu['id']}/close")
    # A tap that was taken offline and comes after the menu was closed waits for review.
    for menu in [menu for menu in served if menu["status"] == "closed"][:1]:
        for _ in range(2):
            tap = {"tap_id": str(uuid.uuid4()), "kind": "walk_in", "resident_id": resident, "point": "desk"}
            staff.post(f"/menus/{menu['id']}/attendance", {**tap, "tapped_at": menu["serves_from_at"]})
    for review in staff.get("/attendance/reviews", canteen_id=canteen)["items"][:1]:
        decision = {"decision": "second_meal", "reason": "ate twice"}
        staff.post(f"/attendance/{review['attendance_id']}/resolve", decision)


def round_the_clock(district: Someone) -> None:
    """A canteen that serves all day, so that a menu can be closed at whatever hour this runs."""
    area = district.get("/me")["grants"][0]["area"]
    details = {**example("create_canteen"), "name": f"walk {uuid.uuid4().hex[:8]}", "area": area}
    details["periods"] = [{**details["periods"][0], "serves_from": "00:00", "serves_to": "23:59"}]
    canteen = district.post("/canteens", details)["id"]
    new = {"user_name": f"desk.{uuid.uuid4().hex[:12]}", "display_name": "Desk"}
    made = district.post("/accounts", {**new, "grant": {"role": "staff", "canteen_id": canteen}})
    staff = Someone({"role": "staff", "user_name": new["user_name"], "password": made["one_time_password"]})
    menu = {"served_on": later(0), "period": details["periods"][0]["period"], "publish": True}
    posted = staff.post(f"/canteens/{canteen}/menus", {**menu, "items": [{"name": "套餐", "kind": "set", "price_fen": 1500}]})
    if posted:
        tap = staff.post(f"/menus/{posted['id']}/attendance", {"tap_id": str(uuid.uuid4()), "kind": "guest", "point": "desk"})
        staff.post(f"/attendance/{tap['attendance_id']}/void", {"reason": "tried out"})
        staff.post(f"/menus/{posted['id']}/close")


def quotes(district: Someone) -> None:
    query: dict[str, Any] = {"from": later(-3), "to": later(0), "limit": 200}
    while page := district.get("/draws", **query):
        for draw in page["items"][:1]:
            district.get(f"/quotes/{draw['quote_id']}")
            return
        if page["next"] is None:
            return
        query["cursor"] = page["next"]


def main() -> int:
    staff_sign_in = first("staff")
    canteen = staff_sign_in["canteen_id"]
    staff = Someone(staff_sign_in)
    district = Someone(first("district", city=staff_sign_in["city"]))
    resident = staff.get("/residents", canteen_id=canteen)["items"][-1]["id"]
    for part in (
        sessions,
        lambda: families(staff, canteen),
        lambda: policies(district),
        lambda: facts(staff, district, resident),
        lambda: menus(staff, canteen),
        lambda: meals(staff, canteen, resident),
        lambda: round_the_clock(district),
        lambda: quotes(district),
    ):
        part()
    RECORDER.keep()
    return 0


if __name__ == "__main__":
    sys.exit(main())
