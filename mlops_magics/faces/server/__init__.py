"""The Jupyter server's part: what the lab extension asks, answered in Python, read-only and to its owner alone.

Imported by Jupyter Server, and by nothing else of this package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "mlops-magics"}]


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "mlops_magics.faces.server"}]


def _load_jupyter_server_extension(server: ServerApp) -> None:
    from mlops_magics.faces.server.handlers import routes

    settings = server.web_app.settings
    handlers = routes(settings["base_url"], settings["server_root_dir"])
    server.web_app.add_handlers(".*$", handlers)  # type: ignore[no-untyped-call]
