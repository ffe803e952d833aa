"""What an answer would say in namespaces the client did not announce (RFC 9038).

Such a part is moved from where it belongs into the result, as a value with the reason `URI not in login services`: the
client can take the frame, and nothing is lost.
"""

from __future__ import annotations

from collections.abc import Collection

from msgspec.structs import replace

from namestead.epp.messages import NO_RESPONSE_EXTENSIONS, Response, ResponseExtensions, Unhandled
from namestead.epp.write import DATA_URIS, RESPONSE_EXTENSIONS


def handled(response: Response, announced: Collection[str]) -> Response:
    """The response as a client may see it that announced these namespaces, of objects and extensions, at login.

    The response itself if it says nothing beyond them, which is the usual case. What is moved goes to the first result.
    """
    moved: list[Unhandled] = []
    data = response.data
    if data is not None and DATA_URIS[type(data)] not in announced:
        moved.append(Unhandled(data=data))
        data = None
    extensions = response.extensions
    if extensions is not NO_RESPONSE_EXTENSIONS:
        kept = {}
        for field, uri, _ in RESPONSE_EXTENSIONS:
            part = getattr(extensions, field)
            if part is None or part == ():
                continue
            if uri in announced:
                kept[field] = part
            else:
                moved.append(Unhandled(extension=ResponseExtensions(**{field: part})))
        extensions = ResponseExtensions(**kept) if kept else NO_RESPONSE_EXTENSIONS
    if not moved:
        return response
    first, *others = response.results
    first = replace(first, unhandled=(*first.unhandled, *moved))
    return replace(response, results=(first, *others), data=data, extensions=extensions)
