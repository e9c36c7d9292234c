"""JupyterHub, which trusts the header of the gateway for its login."""

import os
import sys

from jupyterhub.auth import Authenticator
from tornado import web

c = get_config()  # noqa: F821


class HeaderAuthenticator(Authenticator):
    """The user of the gateway's header, in a spelling that JupyterHub accepts."""

    auto_login = True

    async def authenticate(self, handler, data=None):
        user = handler.request.headers.get("X-Forwarded-User")
        if not user:
            raise web.HTTPError(401)
        return user.replace("%", "-").replace(":", "-")

    def get_handlers(self, app):
        from jupyterhub.handlers.login import LoginHandler

        class HeaderLogin(LoginHandler):
            async def get(self):
                user = await self.login_user({})
                self.redirect(self.get_next_url(user))

        return [("/login", HeaderLogin)]


port = int(os.environ["PORT"])
c.JupyterHub.bind_url = f"http://127.0.0.1:{port}{os.environ['BASE']}/"
c.JupyterHub.hub_port = int(os.environ["HUB_PORT"])
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{os.environ['PROXY_PORT']}"
c.ConfigurableHTTPProxy.command = os.environ["PROXY"].split()
c.JupyterHub.authenticator_class = HeaderAuthenticator
c.Authenticator.allow_all = True
c.Authenticator.any_allow_config = True
# One account of this machine for all users: a trial only.
c.JupyterHub.spawner_class = "simple"
c.Spawner.cmd = [sys.executable, "-m", "jupyterhub.singleuser"]
c.Spawner.args = ["--allow-root"]
c.Spawner.default_url = "/lab"
c.Spawner.start_timeout = 120
c.Spawner.http_timeout = 120
c.JupyterHub.cookie_secret_file = "cookie_secret"
c.JupyterHub.cleanup_servers = True
