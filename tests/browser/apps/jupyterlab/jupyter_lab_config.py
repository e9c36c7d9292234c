"""JupyterLab as a tool with `prefix = "tool"` at /lti/lab."""

c = get_config()  # noqa: F821

# The prefix of every path, here and in the browser.
c.ServerApp.base_url = "/lti/lab/"

# Only the gateway can reach this address, so that no token is needed.
c.ServerApp.ip = "127.0.0.1"
c.IdentityProvider.token = ""

c.ServerApp.open_browser = False
c.ServerApp.port_retries = 0
c.ServerApp.allow_root = True

# No requests to the internet.
c.LabApp.news_url = None
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
c.LabApp.extension_manager = "readonly"
