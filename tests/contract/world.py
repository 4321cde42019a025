"""What the checkers of the contract know of the running service: who can sign in, and which things there are.

Nothing here names an operation. A thing is known by the path under which it stands (`/menus/{id}` is one of the menus)
and by the fields that refer to it (`menu_id`), so that new operations are covered as soon as they are in the document.
"""

from __future__ import annotations

import datetime
import json
import os
import random
import re
import time
import uuid
from collections import defaultdict
from typing import Any

import requests

#: The clock of the demonstration's canteens: China has no daylight saving time.
AT_CANTEENS = datetime.timezone(datetime.timedelta(hours=8))
UUID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
PREFIX = "/api/v1"


def today() -> datetime.date:
    """The day that it is at the canteens."""
    return datetime.datetime.now(AT_CANTEENS).date()


def singular(many: str) -> str:
    """`family-links` are many of a `family_link`."""
    word = many.replace("-", "_")
    if word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-1] if word.endswith("s") else word


def thing_of(path: str) -> str:
    """The thing that a path is about: `/canteens/{id}/menus` is about menus."""
    parts = [part for part in path.split("/") if part and not part.startswith("{")]
    return singular(parts[-1])


def parameter_thing(path: str, name: str) -> str:
    """The thing whose id a path parameter is: the segment before it says so."""
    before = path.split("{" + name + "}")[0].rstrip("/").split("/")[-1]
    return singular(before)


class FromElsewhere(requests.adapters.HTTPAdapter):
    """Asks from an address of its own, so that what the checkers guess wrong from theirs does not slow who signs in."""

    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        place = f"127.{random.randint(1, 254)}.{random.randint(1, 254)}.1"
        super().init_poolmanager(*args, source_address=(place, 0), **more)


class World:
    """One caller's view of the service at `base`, in the role that is named (or `public`)."""

    def __init__(self, base: str, role: str, sign_ins: list[dict[str, Any]], document: dict[str, Any], seed: int):
        self.base = base.rstrip("/")
        self.role = role
        #: What the device is for that calls, if one does (`door_device`).
        self.purpose = role.removesuffix("_device") if role.endswith("_device") else None
        self.sign_ins = [one for one in sign_ins if one["role"] == role]
        #: Whose accounts are spared, so that each can still sign in when their turn comes.
        self.everybody = [one for one in sign_ins if "user_name" in one]
        #: Who enrols another device when that one was revoked.
        self.staff = [one for one in sign_ins if self.purpose and one["role"] == "staff"]
        self.document = document
        self.dice = random.Random(seed)
        self.known: dict[str, list[str]] = defaultdict(list)
        self.all_ids: set[str] = set()
        self.own: set[str] = set()
        self.items: dict[str, list[str]] = defaultdict(list)
        self.menu_of: dict[str, str] = {}
        self.version: dict[str, int] = {}
        self.session = requests.Session()
        self.session.mount("http://", FromElsewhere())
        self._token: str | None = None
        self._until = 0.0
        #: The password that the caller signed in with. They keep it: a wrong one makes whoever signs in next wait.
        self._password: str | None = None

    # Who is calling --------------------------------------------------------------------------------------------------

    def token(self) -> str | None:
        """An access token that is good for a while yet; none for the public."""
        if self.role == "public":
            return None
        if self._token is None or time.time() > self._until:
            self._sign_in()
        return self._token

    def forget_token(self) -> None:
        self._token = None

    def _sign_in(self) -> None:
        for one in [*self.sign_ins, *self.staff]:
            tokens = self._enrolled(one) if one in self.staff else self._tokens_of(one)
            if tokens:
                self._token = tokens["access_token"]
                self._until = time.time() + tokens["expires_in_s"] - 120
                self._password = one.get("password")
                self._spare(tokens)
                return
        raise RuntimeError(f"nobody can sign in as {self.role}")

    def _spare(self, tokens: dict[str, Any]) -> None:
        """From now on nothing is done to this principal and what they may."""
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        me = self.session.get(f"{self.base}{PREFIX}/me", headers=bearer, timeout=60).json()
        self.own.add(tokens["principal"]["id"])
        self.own.update(grant["id"] for grant in me["grants"])

    def _tokens_of(self, one: dict[str, Any]) -> dict[str, Any] | None:
        if "refresh_token" in one:
            self.sign_ins.remove(one)
            tokens = self._made("/auth/refresh", {"refresh_token": one["refresh_token"]})
            if tokens:
                self.sign_ins.append({"role": self.role, "refresh_token": tokens["refresh_token"]})
            return tokens
        pair = ("user_name", "password") if "user_name" in one else ("card_number", "pin")
        body = {name: one[name] for name in pair}
        return self._made("/auth/sign-in", body)

    def _enrolled(self, staff: dict[str, Any]) -> dict[str, Any] | None:
        """The tokens of a new device of the role's purpose, which this member of the staff adds at their canteen."""
        tokens = self._tokens_of(staff)
        if tokens is None:
            return None
        new = {"canteen_id": staff["canteen_id"], "name": self.role, "purpose": self.purpose}
        bearer = {"Authorization": f"Bearer {tokens['access_token']}", "Idempotency-Key": str(uuid.uuid4())}
        added = self._made("/devices", new, bearer)
        return added and self._made("/devices/enrol", {"code": added["enrolment_code"]})

    def _made(self, path: str, body: Any, headers: dict[str, str] | None = None) -> dict[str, Any] | None:
        """What was made; nothing where it is refused. An account whose password was guessed wrong is waited for."""
        for _ in range(5):
            answer = self.session.post(self.base + PREFIX + path, json=body, headers=headers, timeout=60)
            if answer.status_code != 429:
                break
            time.sleep(int(answer.headers["retry-after"]))
        return answer.json() if answer.ok else None

    def headers(self) -> dict[str, str]:
        token = self.token()
        return {"Authorization": f"Bearer {token}"} if token else {}

    def get(self, path: str, **query: Any) -> requests.Response:
        return self.session.get(self.base + path, params=query, headers=self.headers(), timeout=60)

    # What there is ---------------------------------------------------------------------------------------------------

    def operations(self):
        """Every operation: method, path, what the document says of it."""
        for path, item in self.document["paths"].items():
            for method, operation in item.items():
                yield method, path, operation

    def look_around(self) -> None:
        """Reads every list that this caller may read, first those of the whole place, then those below a thing."""
        for tokens in filter(None, map(self._tokens_of, self.everybody)):
            self._spare(tokens)
        lists = [(path, operation) for method, path, operation in self.operations() if method == "get"]
        now = today()
        for depth in (0, 1):
            for path, operation in lists:
                if path.count("{") != depth or "text/event-stream" in json.dumps(operation["responses"]["200"]):
                    continue
                names = [parameter.get("name") for parameter in self.parameters(operation)]
                query = {"from": now - datetime.timedelta(days=2), "to": now + datetime.timedelta(days=9), "on": now}
                query = {name: value for name, value in query.items() if name in names}
                for filled in self.filled(path):
                    self.learn(path, self.get(filled, **query))

    def filled(self, path: str) -> list[str]:
        names = re.findall(r"{(\w+)}", path)
        if not names:
            return [path]
        pool = self.known[parameter_thing(path, names[0])][:6]
        return [path.replace("{" + names[0] + "}", one) for one in pool if len(names) == 1]

    def parameters(self, operation: dict[str, Any]) -> list[dict[str, Any]]:
        """The parameters of an operation, references followed."""
        shared = self.document["components"].get("parameters", {})
        return [
            shared[parameter["$ref"].split("/")[-1]] if "$ref" in parameter else parameter
            for parameter in operation.get("parameters", [])
        ]

    def learn(self, path: str, answer: Any) -> None:
        """Remembers the ids in an answer."""
        if answer.status_code in (200, 201) and "json" in str(answer.headers.get("content-type", "")):
            self._learn(thing_of(path), answer.json())

    def _learn(self, thing: str, value: Any) -> None:
        if isinstance(value, list):
            for item in value[:100]:
                self._learn(thing, item)
        if not isinstance(value, dict):
            return
        own = value.get("id")
        if self._add(thing, own):
            if isinstance(value.get("version"), int):
                self.version[own] = value["version"]
            if thing == "menu":
                self.items[own] = [item["id"] for item in value.get("items", []) if "id" in item]
            if isinstance(value.get("menu_id"), str):
                self.menu_of[own] = value["menu_id"]
        for name, inner in value.items():
            if name.endswith("_id"):
                self._add(name[:-3], inner)
            elif isinstance(inner, (dict, list)):
                self._learn(thing if name == "items" and own is None else singular(name), inner)

    def _add(self, thing: str, one: Any) -> bool:
        if not isinstance(one, str) or not UUID.match(one):
            return False
        if one not in self.all_ids or one not in self.known[thing]:
            self.known[thing].append(one)
            self.all_ids.add(one)
        return True

    def pick(self, thing: str, spare_own: bool = False) -> str | None:
        """The id of such a thing, the youngest as likely as all others together; none where there is none."""
        pool = [one for one in self.known.get(thing, []) if not (spare_own and one in self.own)]
        if not pool:
            return None
        return self.dice.choice(pool[-5:]) if self.dice.random() < 0.5 else self.dice.choice(pool)

    # Valid data made of what there is --------------------------------------------------------------------------------

    def day(self) -> datetime.date:
        return today() + datetime.timedelta(days=self.dice.randint(-3, 9))

    def real_path(self, path: str, method: str, given: dict[str, Any]) -> None:
        """Puts ids of things that exist where others stand, and spares what the caller itself lives on."""
        for name, value in list(given.items()):
            spared = method != "get" and value in self.own
            if name != "id" or (value in self.all_ids and not spared):
                continue
            if spared or self.dice.random() < 0.9:
                other = str(uuid.UUID(int=self.dice.getrandbits(128), version=4)) if spared else value
                given[name] = self.pick(parameter_thing(path, name), method != "get") or other

    def real_query(self, given: dict[str, Any]) -> None:
        first = self.day()
        for name, value in list(given.items()):
            if name.endswith("_id") and value not in self.all_ids:
                given[name] = self.pick(name[:-3]) or value
            elif name in ("from", "on") and self.dice.random() < 0.8:
                given[name] = first.isoformat()
            elif name == "to" and self.dice.random() < 0.8:
                given[name] = (first + datetime.timedelta(days=self.dice.randint(0, 6))).isoformat()

    def real_body(self, body: Any, menu: str | None) -> Any:
        """The same body with ids of things that exist, a tap of its own, and days around today."""
        first = self.day()

        def real(name: str, value: Any, menu: str | None) -> Any:
            if isinstance(value, list):
                return [real(name, item, menu) for item in value]
            if isinstance(value, dict):
                chosen = real("menu_id", value["menu_id"], menu) if isinstance(value.get("menu_id"), str) else menu
                fields = {inner: real(inner, field, chosen) for inner, field in value.items()}
                if isinstance(value.get("menu_id"), str):
                    fields["menu_id"] = chosen
                return fields
            if not isinstance(value, str):
                return value
            if name in ("present_password", "new_password"):
                return self._password or value
            if name == "tap_id":
                return str(uuid.UUID(int=self.dice.getrandbits(128), version=4))
            if name == "by" and self.known.get("account"):
                return self.pick("account")
            if name == "item_id" and menu and self.items.get(menu):
                return self.dice.choice(self.items[menu])
            if name.endswith("_id") and value not in self.all_ids:
                return self.pick(name[:-3]) or value
            if name.endswith("_ids") and value not in self.all_ids:
                return self.pick(name[:-4]) or value
            if re.fullmatch(r"(served|from)_on", name) and self.dice.random() < 0.8:
                return first.isoformat()
            if name == "to_on" and self.dice.random() < 0.8:
                return (first + datetime.timedelta(days=self.dice.randint(0, 6))).isoformat()
            return value

        return real("", body, menu)

    def etag(self, path: str) -> str | None:
        """The tag of what stands at a path: read there, or from the version that a list told."""
        answer = self.get(path)
        if answer.status_code == 200 and "etag" in answer.headers:
            return answer.headers["etag"]
        if "year" not in path and re.search(r"/\d{4}$", path):
            return '"v0"'
        version = self.version.get(path.rsplit("/", 1)[-1])
        return f'"v{version}"' if version is not None else None


def from_environment() -> World:
    """The world that `.ci/contract` named."""
    with open(os.environ["CONTRACT_SIGN_INS"], encoding="utf-8") as file:
        sign_ins = json.load(file)
    with open(os.environ["CONTRACT_DOCUMENT"], encoding="utf-8") as file:
        document = json.load(file)
    base, role = os.environ["CONTRACT_BASE"], os.environ["CONTRACT_ROLE"]
    return World(base, role, sign_ins, document, int(os.environ["CONTRACT_SEED"]))
