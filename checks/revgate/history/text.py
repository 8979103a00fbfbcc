"""The text of a Python file, of any bytes.

Knows encodings; nothing of what the text says.
"""


def decoded(data: bytes) -> str:
    """Decode as Python does, which lets bytes that are no text pass in a comment."""
    import io
    import tokenize

    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    except SyntaxError:
        encoding = "utf-8"
    return data.decode(encoding, "replace")
