"""What is pinned: the openMINDS instances and siibra-configurations, by commit and hash of the content."""

from __future__ import annotations

from types import MappingProxyType

__all__ = [
    "COMMIT",
    "CONTENT",
    "GENERATIONS",
    "LICENSE",
    "PACKAGE",
    "PACKAGE_CONTENT",
    "PACKAGE_URL",
    "SIIBRA_COMMIT",
    "SIIBRA_CONTENT",
    "SIIBRA_DOCUMENTS",
    "SIIBRA_URL",
    "URL",
]

#: github.com/openMetadataInitiative/openMINDS_instances, 2026-08-19
COMMIT = "bfffe07fddb4cd4907027d9cdf61fb8cfb27385f"
URL = f"https://github.com/openMetadataInitiative/openMINDS_instances/archive/{COMMIT}.tar.gz"
#: Both the archive and the package say so in their LICENSE file.
LICENSE = "MIT"

#: The release of the package ``openMINDS`` whose instance library is read; the extra ``data`` installs it.
PACKAGE = "0.6.1"
PACKAGE_URL = f"https://pypi.org/project/openMINDS/{PACKAGE}/"
#: Content hash of what is exported from it.
PACKAGE_CONTENT = "72c046d1aac358083656c3abb9a6deb741e78853241385ff4a1b90d4e14d94a3"

#: generation -> number of documents and content hash (see ``protocol.content_hash``) of ``instances/<generation>/**``
CONTENT = MappingProxyType(
    {
        "latest": (17_432, "caa8d124cc51a08bab803a3d9c9f9252708c31890823db23982f8a841b15bd83"),
        "v5.0": (17_432, "d68bb9fd083d0cc92d1f9f593081ae57421f53a472293a082eca8579fe7c86ee"),
        "v4.0": (17_110, "725b337b82a85525f130f53a72eeabf89e9db6b0ac7cb1fadf8a822b32eb786b"),
        "v3.0": (17_097, "af8b67aa71a4dca0328646db5c214b1fd4f4e08dc5615c3afcab86c21b147b65"),
    }
)
#: The generations that the pinned archive holds, newest first.
GENERATIONS = tuple(CONTENT)

#: github.com/FZJ-INM1-BDA/siibra-configurations, the commit that siibra-python 1.0.1a25 was compared with. It states
#: no licence, so it is only ever fetched by whoever builds a graph.
SIIBRA_COMMIT = "7e3999e272562a619bad2d52ed99c56afe24a2ea"
SIIBRA_URL = "https://github.com/FZJ-INM1-BDA/siibra-configurations/archive/{}.tar.gz"
#: Number of the JSON documents in its five data folders, and their content hash (see ``protocol.content_hash``).
SIIBRA_DOCUMENTS = 637
SIIBRA_CONTENT = "e75417e4117e37f09d8e2bd7f513bc8023d6843eb361d4927dfc31aecaee16a0"
