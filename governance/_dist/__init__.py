# SPDX-License-Identifier: Apache-2.0
"""tagwarden: tag governance. Puts its own private packages on the path.

The four packages have common names; in a wheel they live in `tagwarden/_app`, so that no other
distribution can overwrite them and they overwrite none. Refuses to start beside a foreign one.
"""

import sys
from pathlib import Path

_APP = Path(__file__).parent / "_app"

if (_APP / "governance" / "__init__.py").is_file():  # a wheel, not an editable install
    if str(_APP) not in sys.path:
        sys.path.insert(0, str(_APP))
    for _name in ("governance", "tagging", "policies", "audit"):
        _module = sys.modules.get(_name)
        if _module is not None and _APP not in Path(_module.__file__ or "").parents:
            raise ImportError(f"tagwarden needs its own '{_name}', but another one is loaded")
