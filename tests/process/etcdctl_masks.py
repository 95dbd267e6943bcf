"""Removes from etcdctl's output what may differ between two clusters: ids, ports, versions, times.

Everything else, revisions above all, has to be the same to the letter.
"""

import re

_PATTERNS = [
    # Logs of etcdctl on its standard error.
    (r'"ts":"[^"]*"', '"ts":TIME'),
    (r"client-[0-9a-f]{8}-[0-9a-f-]{27}", "client-UUID"),
    (r'"attempt":\d+', '"attempt":N'),
    (r'"took":"[^"]*"', '"took":TIME'),
    (r"\b[0-9.]+(ms|µs)(?![a-z0-9])", "TIME"),
    # What a member says of itself.
    (r'"(raft_term|raftTerm|raftIndex|raftAppliedIndex|dbSize|dbSizeInUse|leader)":\d+', r'"\1":N'),
    (r'"(RaftTerm|RaftIndex|RaftAppliedIndex|DBSize|DBSizeInUse|Leader|Term)" : \d+', r'"\1" : N'),
    (r'("version":|"Version" : )"[^"]*"', r"\1VERSION"),
    # One line of `endpoint status`: id, version, size, leader, learner, term and indexes.
    (r", [0-9a-f]{14,16}, [0-9.a-z-]+, [0-9.]+ [kMG]?B, (true|false), false, \d+, \d+, \d+,",
     ", STATUS,"),
    (r"\| +[0-9a-f]{14,16} \| +[0-9.a-z-]+ \| +[0-9.]+ [kMG]?B \| +(true|false) \| +false \|"
     r" +\d+ \| +\d+ \| +\d+ \|", "| STATUS |"),
    # Ids are 64 bits wide, in decimal or in hexadecimal digits.
    (r"\b[0-9a-f]{14,16}\b", "ID"),
    (r"\b[0-9]{15,20}\b", "ID"),
    # Seconds that passed since the lease was granted or renewed.
    (r"remaining\((59\d|600)s\)", "remaining(ABOUT-600s)"),
    (r'"ttl":(59\d|600),', '"ttl":ABOUT-600,'),
    (r'"TTL" : (59\d|600)\n', '"TTL" : ABOUT-600\n'),
]

_RULES = [(re.compile(pattern), replacement) for pattern, replacement in _PATTERNS]


def mask_text(text, ports):
    """`ports` maps the text of each port to a name."""
    for port, name in ports.items():
        text = re.sub(rf"\b127\.0\.0\.1:{port}\b", f"127.0.0.1:{name}", text)
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text


def mask_order(args, text):
    """Members come in the order of their ids or of their answers, keys of a lease in any order:
    such output is compared as a set of parts."""
    if args.startswith("lease timetolive"):
        return "\n".join(sorted(re.split(r"[\n ,()\[\]]", text)))
    if not args.startswith(("member list", "endpoint")):
        return text
    if "table" in args:
        # The width of a column depends on what was masked.
        text = re.sub(r" +", " ", re.sub(r"-+", "-", text))
    return "\n".join(sorted(part.strip("[]},\n") for part in re.split(r"[\n{]", text)))


def _varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def _fields(data):
    """The fields of one protobuf message as (number, value) pairs."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        if tag & 7 == 0:
            value, at = _varint(data, at)
        elif tag & 7 == 2:
            size, at = _varint(data, at)
            value, at = data[at : at + size], at + size
        else:
            raise ValueError(f"unexpected wire type {tag & 7}")
        yield tag >> 3, value


def mask_message(data):
    """A reply in protobuf: cluster id, member id and term of its header are not compared."""
    try:
        fields = list(_fields(data))
        lines = []
        for number, value in fields:
            if number == 1:
                header = [(n, "ID" if n in (1, 2, 4) else v) for n, v in _fields(value)]
                lines.append(f"header {header}")
            else:
                lines.append(f"{number}: {value!r}")
        return "\n".join(lines)
    except (ValueError, IndexError, TypeError):
        return repr(data)
