"""A small program on the generated Python client: sign in, read a menu, reserve, hear a refusal, cancel."""

from __future__ import annotations

import datetime
import json
import sys
import uuid
from typing import cast

from leling_client import AuthenticatedClient, Client
from leling_client.api.auth import read_me, sign_in
from leling_client.api.menus import list_menus
from leling_client.api.reservations import cancel_reservation, place_reservation
from leling_client.models.card_sign_in import CardSignIn
from leling_client.models.item_portions import ItemPortions
from leling_client.models.me_body import MeBody
from leling_client.models.menu import Menu
from leling_client.models.menus import Menus
from leling_client.models.my_resident_body import MyResidentBody
from leling_client.models.new_reservation import NewReservation
from leling_client.models.problem import Problem
from leling_client.models.problem_code import ProblemCode
from leling_client.models.reservation import Reservation
from leling_client.models.tokens_body import TokensBody


def key() -> str:
    return str(uuid.uuid4())


def signed_in(base: str, card_number: str, pin: str) -> AuthenticatedClient:
    # The generator takes a token that may be left out for one that is needed.
    nobody = cast(AuthenticatedClient, Client(base_url=base))
    answer = sign_in.sync(client=nobody, body=CardSignIn(card_number=card_number, pin=pin))
    assert isinstance(answer, TokensBody), answer
    return AuthenticatedClient(base_url=base, token=answer.access_token)


def myself(client: AuthenticatedClient) -> MyResidentBody:
    me = read_me.sync(client=client)
    assert isinstance(me, MeBody), me
    assert isinstance(me.resident, MyResidentBody), me
    return me.resident


def open_menus(client: AuthenticatedClient, resident: MyResidentBody) -> list[Menu]:
    today = datetime.date.today()
    found = list_menus.sync(
        resident.canteen_id, client=client, from_=today, to=today + datetime.timedelta(days=14)
    )
    assert isinstance(found, Menus), found
    now = datetime.datetime.now(datetime.timezone.utc)
    return [menu for menu in found.items if menu.cutoff_at > now and menu.places_left > 0]


def reserve(client: AuthenticatedClient, resident: MyResidentBody, menu: Menu) -> Reservation | Problem:
    wish = NewReservation(
        menu_id=menu.id, resident_id=resident.id, lines=[ItemPortions(item_id=menu.items[0].id, portions=1)]
    )
    answer = place_reservation.sync(client=client, body=wish, idempotency_key=key())
    assert isinstance(answer, (Reservation, Problem)), answer
    return answer


def main(base: str, sign_ins: str) -> None:
    with open(sign_ins, encoding="utf-8") as file:
        residents = [one for one in json.load(file) if one["role"] == "resident"]
    for someone in residents:
        client = signed_in(base, someone["card_number"], someone["pin"])
        resident = myself(client)
        for menu in open_menus(client, resident):
            made = reserve(client, resident, menu)
            if isinstance(made, Problem):
                # Reserved already, or not for this person: the code says which, and nothing else is looked at.
                assert made.code in (ProblemCode.ALREADY_RESERVED, ProblemCode.DIET_CONFLICT, ProblemCode.MODE_NOT_OFFERED), made
                continue
            again = reserve(client, resident, menu)
            assert isinstance(again, Problem) and again.code == ProblemCode.ALREADY_RESERVED, again
            done = cancel_reservation.sync(made.id, client=client, idempotency_key=key())
            assert isinstance(done, Reservation), done
            print(f"python: reserved {menu.served_on} {menu.period.value}, heard {again.code.value}, cancelled")
            return
    raise SystemExit("python: nothing could be reserved")


if __name__ == "__main__":
    main(*sys.argv[1:])
