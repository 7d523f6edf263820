"""Installs what the tests run beside this project and this machine lacks: ``python -m tests.servers.ensure_servers``.

The Oxigraph server comes with the test extras. Virtuoso, the tools that attack and measure a server, and the browser
that opens its pages are Debian packages, installed by one call of apt-get as root or through ``sudo -n``. Nothing is
started; the tests start what they need, on loopback, and end it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

#: Commands that the tests call, and the Debian package of each.
PACKAGES = {
    "virtuoso-t": "virtuoso-opensource-7",
    "isql-vt": "virtuoso-opensource-7",
    "wrk": "wrk",
    "slowhttptest": "slowhttptest",
    "chromium": "chromium",
    "chromedriver": "chromium-driver",
}


def missing() -> list[str]:
    """Give the commands that are not here."""
    return [command for command in PACKAGES if shutil.which(command) is None]


def ensure(commands: list[str]) -> str:
    """Install the packages of commands; gives the reason where that cannot be, else nothing."""
    if not commands:
        return ""
    if shutil.which("apt-get") is None:
        return "there is no apt-get here"
    root: list[str] = []
    if os.geteuid() != 0:
        if shutil.which("sudo") is None or subprocess.run(["sudo", "-n", "true"], check=False).returncode:
            return "installing takes root, or sudo without a password"
        root = ["sudo", "-n"]
    # Virtuoso's package asks for a password for its own service, which is not used, and would start that service.
    environment = [*root, "env", "DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1"]
    packages = sorted({PACKAGES[command] for command in commands})
    for command in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages],
    ):
        done = subprocess.run([*environment, *command], check=False, capture_output=True, timeout=900)
        if done.returncode:
            return f"{' '.join(command)} failed: {done.stderr.decode(errors='replace')[-500:]}"
    still = [command for command in commands if shutil.which(command) is None]
    return f"the packages brought no {', '.join(still)}" if still else ""


def main() -> int:
    """Install what is missing and say what could not be had."""
    wanted = missing()
    reason = ensure(wanted)
    if reason:
        told = f"{', '.join(wanted)}: {reason}; tests with them are skipped, and fail where CI is set"
        print(told, file=sys.stderr)
    return 1 if reason and os.environ.get("CI") else 0


if __name__ == "__main__":
    sys.exit(main())
