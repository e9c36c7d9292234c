"""The services of a platform that is made with lti1p3platform: tokens, scores, results, members,
and deep linking. The library checks tokens and messages; the tests provide the stored data."""

import json
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl, urlsplit

import lti1p3platform.service_connector as connector
from lti1p3platform.exceptions import LineItemNotFoundException, LtiException
from lti1p3platform.request import Request
from lti1p3platform.score import UpdateScoreStatus
from platform13 import LibraryPlatform
from server import Server

SCORES = "/library/lineitems/1/scores"
RESULTS = "/library/lineitems/1/results"


class HttpRequest(Request):
    """A request, in the words of the library."""

    def build_metadata(self, request):
        return request


class KeysOf:
    """Provides the platform's keyset. `LibraryPlatform` serves it there."""

    def __init__(self, server: "LibraryServices"):
        self.origin = server.origin
        self.serve = server.documents.__setitem__


@dataclass
class Stored:
    """A score of a learner."""

    score: dict
    seconds: int


class Grades(connector.AssignmentsGradesService):
    """The service with a gradebook that has Moodle's rule for timestamps."""

    def __init__(self, server: "LibraryServices", request: HttpRequest):
        base = f"{server.origin}/library/lineitems"
        super().__init__(request, server.platform.configuration, base, f"{base}/1")
        self._book = server.book

    def update_score(self, line_item_id: str, score: dict) -> UpdateScoreStatus:
        if line_item_id != "1":
            raise LineItemNotFoundException
        seconds = whole_seconds(score["timestamp"])
        older = self._book.get(score["userId"])
        # Moodle compares whole seconds.
        if older and seconds <= older.seconds:
            return UpdateScoreStatus.OLD_TIMESTAMP
        self._book[score["userId"]] = Stored(score, seconds)
        return UpdateScoreStatus.SUCCESS if older else UpdateScoreStatus.CREATED

    def get_results(self, line_item_id: str, page=1, limit=None, user_id=None):
        raise NotImplementedError

    def _none(self, *_, **__):
        raise LineItemNotFoundException

    find_lineitems = find_lineitem = create_lineitem = update_lineitem = delete_lineitem = _none


def whole_seconds(timestamp: str) -> int:
    return int(datetime.fromisoformat(timestamp).timestamp())


class LibraryServices(Server):
    """The platform over HTTP."""

    def __init__(self):
        super().__init__()
        self.documents: dict = {}
        self.platform = LibraryPlatform(KeysOf(self))
        self.book: dict[str, Stored] = {}
        # All requests of services: method, path, headers, content, and the status of the response.
        self.requests: list[tuple[str, str, dict, bytes, int]] = []
        self.access_tokens: list[str] = []
        # The responses that a test wants instead, by path, in order.
        self.instead: dict[str, list] = {}
        self.keyset_url = ""

    def respond(self, method, path, headers, content):
        route = urlsplit(path).path
        if route in self.documents:
            return answer(200, self.documents[route]())
        planned = self.instead.get(route)
        if planned:
            response = planned.pop(0)
            response = response(method, path, headers, content) if callable(response) else response
        else:
            response = self.serve(method, path, headers, content)
        sent = {name.title(): value for name, value in headers.items()}
        self.requests.append((method, path, sent, content, response[0]))
        return response

    def serve(self, method, path, headers, content):
        route = urlsplit(path).path
        if route == "/library/token":
            return self.token(content)
        if route == SCORES:
            service = Grades(self, self._request(method, path, headers, content))
            found = service.handle_resp(service.handle_update_score, line_item_id="1")
            return answer(found.code, {"message": found.message})
        return answer(404, {})

    def token(self, content: bytes):
        registration = self.platform.registration
        registration.set_tool_key_set(None)
        registration.set_tool_key_set_url(self.keyset_url)
        try:
            found = self.platform.configuration.get_access_token(dict(parse_qsl(content.decode())))
        except (LtiException, ValueError) as error:
            return answer(400, {"error": "invalid_client", "error_description": str(error)})
        self.access_tokens.append(found["access_token"])
        return answer(200, found)

    def _request(self, method, path, headers, content) -> HttpRequest:
        return HttpRequest(
            {
                "method": method,
                "form_data": {},
                "get_data": dict(parse_qsl(urlsplit(path).query)),
                "headers": {name.title(): value for name, value in headers.items()},
                "content_type": headers.get("Content-Type"),
                "path": path,
                "json": json.loads(content) if content else None,
            }
        )


def answer(status: int, content) -> tuple[int, dict[str, str], bytes]:
    return status, {"Content-Type": "application/json"}, json.dumps(content).encode()
