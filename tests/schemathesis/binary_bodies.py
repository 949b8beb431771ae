"""Kinds of bodies that schemathesis does not know by itself: bytes like any others."""

import schemathesis

schemathesis.serializer.alias(
    ["application/offset+octet-stream", "audio/ogg"], "application/octet-stream"
)
