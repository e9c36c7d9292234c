"""Jupyter servers (Notebook 7, nbclassic) behind the gateway, which alone reaches them."""

c = get_config()  # noqa: F821

c.ServerApp.ip = "127.0.0.1"
c.IdentityProvider.token = ""
c.ServerApp.open_browser = False
c.ServerApp.port_retries = 0
c.ServerApp.allow_root = True
c.LabApp.news_url = None
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
