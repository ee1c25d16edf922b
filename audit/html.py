# SPDX-License-Identifier: Apache-2.0
"""The frame of every page that this project writes: one file, offline, without scripts."""

from html import escape


def whole(title: str, style: str, body: str, language: str) -> str:
    """Return a page in a language (en or zh); `title` is plain text, `body` and `style` are ready.

    Its policy lets nothing be loaded, so that a page cannot tell anybody that it is read.
    """
    return (
        f'<!doctype html>\n<html lang="{"zh-CN" if language == "zh" else "en"}"><head>'
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        f"style-src 'unsafe-inline'\"><title>{escape(title)}</title><style>{style}</style></head><body>\n"
        f"<h1>{escape(title)}</h1>\n{body}\n</body></html>\n"
    )
