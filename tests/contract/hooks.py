"""What schemathesis has to know of this service, in general terms: who is calling, and what a valid id is.

Only data that was generated as valid is touched: an id that is right in form is replaced by one of a thing that exists,
an `If-Match` by the tag of what is there, an `Idempotency-Key` by a new one. What was generated to be wrong stays wrong.
"""

from __future__ import annotations

import atexit
import datetime
import uuid
from typing import Any

import requests
import schemathesis
from hypothesis import strategies
from schemathesis.core.parameters import ParameterLocation as Where

import coverage
import world as worlds

WORLD = worlds.from_environment()
RECORDER = coverage.Recorder()
atexit.register(RECORDER.keep)
WORLD.look_around()

#: Codes that say that a request was not understood, as opposed to refused by a rule.
NOT_UNDERSTOOD = {"malformed_json", "bad_field", "bad_query", "bad_header", "unsupported_media_type"}


def instants() -> Any:
    """Instants of the years that the document's pattern names; most that are generated otherwise would not fit it."""
    years = strategies.datetimes(datetime.datetime(1900, 1, 2), datetime.datetime(2199, 12, 30))
    return years.map(lambda at: at.isoformat(timespec="seconds") + "Z")


schemathesis.openapi.format("date-time", instants())


# A spreadsheet is bytes.
schemathesis.serializer.alias(
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "application/octet-stream"
)


@schemathesis.auth(refresh_interval=None)
class Bearer:
    """The token of the role, renewed before it runs out."""

    def get(self, case: Any, context: Any) -> str | None:
        return WORLD.token()

    def set(self, case: Any, data: str | None, context: Any) -> None:
        if data is not None:
            case.headers = {**(case.headers or {}), "Authorization": f"Bearer {data}"}


def valid(case: Any, where: Where) -> bool:
    """Whether this part of a request was generated as valid."""
    return case.meta is not None and not case.meta.is_negative_at(where)


def header_is_valid(case: Any, name: str) -> bool:
    """Whether this header was not made wrong on purpose; the coverage phase makes one thing wrong at a time."""
    data = None if case.meta is None else case.meta.phase.data
    if case.meta is not None and case.meta.phase.name == "coverage":
        return data.parameter != name and name in case.headers
    return valid(case, Where.HEADER)


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    path, method = case.operation.path, case.method.lower()
    if case.path_parameters and valid(case, Where.PATH):
        WORLD.real_path(path, method, case.path_parameters)
    if case.query and valid(case, Where.QUERY):
        WORLD.real_query(case.query)
    if isinstance(case.body, (dict, list)) and case.body and valid(case, Where.BODY):
        one = (case.path_parameters or {}).get("id")
        case.body = WORLD.real_body(case.body, WORLD.menu_of.get(one, one if one in WORLD.items else None))
    if "Idempotency-Key" in (case.headers or {}) and header_is_valid(case, "Idempotency-Key"):
        case.headers["Idempotency-Key"] = str(uuid.uuid4())
    if "If-Match" in (case.headers or {}) and header_is_valid(case, "If-Match") and valid(case, Where.PATH):
        case.headers["If-Match"] = WORLD.etag(case.formatted_path) or '"v1"'


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    declared = case.operation.definition.raw
    if case.method.lower() != case.operation.method.lower():
        return
    RECORDER.seen(declared["operationId"], response.status_code)
    if response.status_code == 401 or (declared["operationId"] == "sign_out" and response.status_code < 400):
        WORLD.forget_token()
    if response.status_code in (200, 201):
        WORLD.learn(case.operation.path, Plain(response))
    if response.status_code == 200 and "304" in declared["responses"]:
        ask_again(declared["operationId"], response)


class Plain:
    """A response as `requests` has it."""

    def __init__(self, response: Any) -> None:
        self.status_code = response.status_code
        self.headers = {name: values[0] for name, values in response.headers.items()}
        self.json = response.json


def ask_again(operation: str, response: Any) -> None:
    """The same request with the tag of its answer has to be answered by 304 without a body, once an operation."""
    if RECORDER.counts[operation, 304]:
        return
    request = response.request
    headers = {name: value for name, value in request.headers.items() if name.lower() != "if-none-match"}
    headers["If-None-Match"] = response.headers["etag"][0]
    again = requests.get(request.url, headers=headers, timeout=60)
    if again.status_code == 304 and not again.content:
        RECORDER.seen(operation, 304)


@schemathesis.check
def code_is_declared(ctx: Any, response: Any, case: Any) -> None:
    """A refusal carries a code that the operation declares."""
    declared = case.operation.definition.raw
    if response.status_code < 400 or case.method.lower() != case.operation.method.lower():
        return
    code = response.json().get("code")
    if code not in declared["x-codes"]:
        raise AssertionError(f"{declared['operationId']} refused with {code}, which it does not declare")


@schemathesis.check
def valid_data_is_understood(ctx: Any, response: Any, case: Any) -> None:
    """What is valid by the document is never refused as not understood; rules may still refuse it, by their own code."""
    if case.meta is None or case.meta.generation.mode.is_negative or response.status_code < 400:
        return
    if case.method.lower() == case.operation.method.lower() and response.json().get("code") in NOT_UNDERSTOOD:
        raise AssertionError(f"valid data was not understood: {response.text}")


@schemathesis.check
def what_is_wrong_is_told_item_by_item(ctx: Any, response: Any, case: Any) -> None:
    """A batch that is wrong by the document is answered by 200 only with the refusal of an item."""
    if case.operation.definition.raw["operationId"] != "record_batch" or response.status_code != 200:
        return
    if case.method == "POST" and case.meta is not None and case.meta.is_negative_at(Where.BODY):
        told = [item["problem"] for item in response.json()["items"] if item["problem"]]
        if not told:
            raise AssertionError(f"nothing was told to be wrong in {case.body}")
