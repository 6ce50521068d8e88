"""A kernel that is always *this* interpreter.

Whatever kernel a notebook names (a missing one, a conda environment of a colleague), the report
is computed by the Python that was asked for it, with its packages, away from the user's own
IPython start-up files.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from traitlets import default

import toolkit

__all__ = ["kernel_in"]


def kernel_in(folder: Path) -> type[AsyncKernelManager]:
    """Make the class of kernel managers that keep everything of theirs in `folder`.

    Parent and kernel talk over sockets in that folder, not over ports, except on Windows, which
    has none. The folder's path must be short: a socket's may have about 100 characters.
    """

    class ThisInterpreter(AsyncKernelManager):
        @default("transport")
        def _transport_in_files(self) -> str:
            return "tcp" if sys.platform == "win32" else "ipc"

        @default("connection_file")
        def _file_in_folder(self) -> str:
            return str(folder / "k.json")

        @property
        def kernel_spec(self) -> KernelSpec:
            return _spec(folder)

    return ThisInterpreter


def _spec(folder: Path) -> KernelSpec:
    return KernelSpec(
        # A kernel is interrupted before it is shut down, and would report that as an error.
        argv=[
            *(sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"),
            "--log-level=CRITICAL",
        ],
        display_name="Python 3",
        language="python",
        env={
            "IPYTHONDIR": str(folder / "ipython"),
            "PYDEVD_DISABLE_FILE_VALIDATION": "1",
            "PYTHONHASHSEED": "0",
            "PYTHONPATH": _with_toolkit(os.environ.get("PYTHONPATH", "")),
        },
    )


def _with_toolkit(path: str) -> str:
    """Let the kernel import the very toolkit that runs here, installed or not."""
    here = str(Path(toolkit.__file__).resolve().parents[1])
    return os.pathsep.join([here, path] if path else [here])
