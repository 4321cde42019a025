"""A small program on the generated Python client.

A resident signs in, reads the menus, reserves, reads it back, hears a refusal, cancels; a district officer reads a policy
and has it judged again, which goes through conditions within conditions.
"""

from __future__ import annotations

import datetime
import json
import sys
import uuid
from typing import cast

from leling_client import AuthenticatedClient, Client
from leling_client.api.auth import read_me, sign_in
from leling_client.api.menus import list_menus
from leling_client.api.policies import list_policies, read_policy, validate_policy
from leling_client.api.reservations import cancel_reservation, place_reservation, read_reservation
from leling_client.models.card_sign_in import CardSignIn
from leling_client.models.checked_policy import CheckedPolicy
from leling_client.models.item_portions import ItemPortions
from leling_client.models.me_body import MeBody
from leling_client.models.menu import Menu
from leling_client.models.menus import Menus
from leling_client.models.my_resident_body import MyResidentBody
from leling_client.models.new_reservation import NewReservation
from leling_client.models.password_sign_in import PasswordSignIn
from leling_client.models.policies import Policies
from leling_client.models.problem import Problem
from leling_client.models.problem_code import ProblemCode
from leling_client.models.reservation import Reservation
from leling_client.models.tokens_body import TokensBody
from leling_client.models.whole_policy import WholePolicy


def key() -> str:
    return str(uuid.uuid4())


def signed_in(base: str, proof: CardSignIn | PasswordSignIn) -> AuthenticatedClient:
    # The generator takes a token that may be left out for one that is needed.
    nobody = cast(AuthenticatedClient, Client(base_url=base))
    answer = sign_in.sync(client=nobody, body=proof)
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


def judge_again(base: str, officers: list[dict[str, str]]) -> str:
    """Has a policy judged once more by an officer of its area, as it was read; gives its code."""
    for officer in officers:
        client = signed_in(base, PasswordSignIn(user_name=officer["user_name"], password=officer["password"]))
        listed = list_policies.sync(client=client)
        assert isinstance(listed, Policies), listed
        if listed.items:
            break
    else:
        raise SystemExit("python: no officer has a policy")
    whole = read_policy.sync(listed.items[0].id, client=client)
    assert isinstance(whole, WholePolicy), whole
    judged = validate_policy.sync(client=client, body=whole.document)
    assert isinstance(judged, CheckedPolicy), judged
    return whole.document.code


def dine(base: str, residents: list[dict[str, str]]) -> None:
    for someone in residents:
        client = signed_in(base, CardSignIn(card_number=someone["card_number"], pin=someone["pin"]))
        resident = myself(client)
        for menu in open_menus(client, resident):
            made = reserve(client, resident, menu)
            if isinstance(made, Problem):
                # Reserved already, or not for this person: the code says which, and nothing else is looked at.
                assert made.code in (ProblemCode.ALREADY_RESERVED, ProblemCode.DIET_CONFLICT, ProblemCode.MODE_NOT_OFFERED), made
                continue
            back = read_reservation.sync(made.id, client=client)
            assert isinstance(back, Reservation) and back.menu_id == menu.id and back.lines == made.lines, back
            again = reserve(client, resident, menu)
            assert isinstance(again, Problem) and again.code == ProblemCode.ALREADY_RESERVED, again
            done = cancel_reservation.sync(made.id, client=client, idempotency_key=key())
            assert isinstance(done, Reservation), done
            print(f"python: reserved {menu.served_on} {menu.period.value}, heard {again.code.value}, cancelled")
            return
    raise SystemExit("python: nothing could be reserved")


def main(base: str, sign_ins: str) -> None:
    with open(sign_ins, encoding="utf-8") as file:
        everybody = json.load(file)
    dine(base, [one for one in everybody if one["role"] == "resident"])
    officers = [one for one in everybody if one["role"] == "district"]
    print(f"python: policy {judge_again(base, officers)} read and judged again")


if __name__ == "__main__":
    main(*sys.argv[1:])
