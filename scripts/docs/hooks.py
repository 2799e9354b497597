"""Of the site (mkdocs.yml): `<!-- made: NAME -->` in a page stands for what is made from the code when it is built."""

from __future__ import annotations

import re
from typing import Any

from made import MAKERS

_MARK = re.compile(r"^<!-- made: ([a-z-]+) -->$", re.MULTILINE)


def on_page_markdown(markdown: str, **_: Any) -> str:
    return _MARK.sub(lambda mark: MAKERS[mark[1]](), markdown)
