"""Installs the servers that the tests need and this machine lacks: ``python tests/servers/ensure_servers.py``.

The Oxigraph server comes with the test extras. Virtuoso is a Debian package, installed with apt-get as root or
through ``sudo -n``. Nothing is started; the tests start what they need, on loopback, and end it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

_PACKAGE = "virtuoso-opensource-7"


def ensure_virtuoso() -> str:
    """Install Virtuoso where it is missing; gives the reason where that cannot be, else nothing."""
    if shutil.which("virtuoso-t") and shutil.which("isql-vt"):
        return ""
    if shutil.which("apt-get") is None:
        return "there is no apt-get here"
    root: list[str] = []
    if os.geteuid() != 0:
        if shutil.which("sudo") is None or subprocess.run(["sudo", "-n", "true"], check=False).returncode:
            return "installing takes root, or sudo without a password"
        root = ["sudo", "-n"]
    # The package asks for a password for its own service, which is not used, and would start that service.
    environment = [*root, "env", "DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1"]
    for command in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", _PACKAGE],
    ):
        done = subprocess.run([*environment, *command], check=False, capture_output=True, timeout=900)
        if done.returncode:
            return f"{' '.join(command)} failed: {done.stderr.decode(errors='replace')[-500:]}"
    return "" if shutil.which("virtuoso-t") else "the package brought no virtuoso-t"


def main() -> int:
    """Install what is missing and say what could not be had."""
    reason = ensure_virtuoso()
    if reason:
        print(f"Virtuoso 7: {reason}; tests against it are skipped, and fail where CI is set", file=sys.stderr)
    return 1 if reason and os.environ.get("CI") else 0


if __name__ == "__main__":
    sys.exit(main())
