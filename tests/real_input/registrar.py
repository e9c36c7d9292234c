"""The dynamic registration of a platform, by the rules of Moodle 4.3: the token is for one request,
the answer drops scopes that it does not know, and names one message."""

import json
import secrets
from urllib.parse import urlencode

import jwt
from library_services import LibraryServices, answer

CONFIGURATION = "/library/openid-configuration"
REGISTER = "/library/register"
LTI_CONFIGURATION = "https://purl.imsglobal.org/spec/lti-platform-configuration"
LTI_TOOL = "https://purl.imsglobal.org/spec/lti-tool-configuration"
CLIENT_ID = "library-client"
DEPLOYMENT_ID = "library-deployment"

KNOWN_SCOPES = {
    f"https://purl.imsglobal.org/spec/lti-ags/scope/{name}"
    for name in ("lineitem", "result.readonly", "score")
} | {"https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"}


class Registrar(LibraryServices):
    """A platform whose admin adds a tool by its registration URL."""

    def __init__(self):
        super().__init__()
        self.registration_token = ""
        self.registered: list[dict] = []
        # A refusal instead of the next answer.
        self.refusal: dict | None = None
        # Overrides values of the configuration.
        self.changes: dict = {}

    def frame_url(self, link: str, token: bool = True) -> str:
        """The URL that the admin's browser opens in a frame."""
        claims = {"sub": CLIENT_ID, "scope": "reg", "jti": secrets.token_hex(8)}
        self.registration_token = jwt.encode(
            claims, "the secret of the registrar, of 32 bytes", "HS256"
        )
        query = {"openid_configuration": f"{self.origin}{CONFIGURATION}"}
        if token:
            query["registration_token"] = self.registration_token
        return f"{link}?{urlencode(query)}"

    def serve(self, method, path, headers, content):
        route = path.partition("?")[0]
        if route == CONFIGURATION:
            return answer(200, {**self._configuration(), **self.changes})
        if route != REGISTER:
            return super().serve(method, path, headers, content)
        if headers.get("Authorization") != f"Bearer {self.registration_token}":
            return answer(401, {"error": "invalid_token"})
        if self.refusal:
            refusal, self.refusal = self.refusal, None
            return answer(400, refusal)
        assert headers.get("Content-Type", "").startswith("application/json"), headers
        sent = json.loads(content)
        self.registered.append(sent)
        self.registration_token = ""
        tool = {**sent[LTI_TOOL], "deployment_id": DEPLOYMENT_ID}
        tool["messages"] = [
            each for each in tool["messages"] if each["type"] == "LtiDeepLinkingRequest"
        ]
        known = [scope for scope in sent["scope"].split(" ") if scope in KNOWN_SCOPES]
        return answer(
            200,
            {**sent, "client_id": CLIENT_ID, "scope": " ".join(known), LTI_TOOL: tool},
        )

    def _configuration(self) -> dict:
        base = f"{self.origin}/library"
        return {
            "issuer": base,
            "token_endpoint": f"{base}/token",
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": ["RS256"],
            "jwks_uri": f"{base}/jwks",
            "authorization_endpoint": f"{base}/auth?a=b",
            "registration_endpoint": f"{self.origin}{REGISTER}",
            "scopes_supported": ["openid", *sorted(KNOWN_SCOPES)],
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public", "pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "claims_supported": ["sub", "iss", "name", "given_name", "family_name", "email"],
            LTI_CONFIGURATION: {
                "product_family_code": "library",
                "version": "0.1.8",
                "messages_supported": [
                    {"type": "LtiResourceLinkRequest"},
                    {"type": "LtiDeepLinkingRequest", "placements": ["ContentArea"]},
                ],
                "variables": ["CourseSection.title", "Person.name.full"],
            },
        }
