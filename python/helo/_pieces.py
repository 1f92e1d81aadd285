"""What both faces share: texts for C, and messages as a function to read from."""


def text(value):
    """A C string. One with a NUL inside would silently be cut there."""
    octets = value.encode("utf-8") if isinstance(value, str) else bytes(value)
    if b"\0" in octets:
        raise ValueError("a text for the library holds a NUL")
    return octets


def decode(octets):
    """What the library says, as a str: servers do not always send UTF-8."""
    return octets.decode("utf-8", "replace")


def reader(message):
    """A function that gives the next octets of a message, at most as many as it is asked for, and b"" at its end."""
    if isinstance(message, str):
        message = message.encode("utf-8")
    if hasattr(message, "read"):
        return message.read
    if isinstance(message, (bytes, bytearray, memoryview)):
        parts = iter((message,))
    else:
        parts = iter(message)
    rest = memoryview(b"")

    def read(size):
        nonlocal rest
        while not rest:
            part = next(parts, None)
            if part is None:
                return b""
            rest = memoryview(part).cast("B")
        part, rest = rest[:size], rest[size:]
        return part

    return read
