"""JupyterLab as a tool with `prefix = "tool"` at /lti/lab."""

c = get_config()  # noqa: F821

# What stands before every path, here as in the browser.
c.ServerApp.base_url = "/lti/lab/"

# Whoever comes through the gateway may come in; nobody else can reach this address.
c.ServerApp.ip = "127.0.0.1"
c.IdentityProvider.token = ""

c.ServerApp.open_browser = False
c.ServerApp.port_retries = 0
c.ServerApp.allow_root = True

# It asks nobody on the internet.
c.LabApp.news_url = None
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
c.LabApp.extension_manager = "readonly"
