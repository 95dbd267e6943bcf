"""Command lines of etcdctl, in order, whose output must not depend on who serves them.

Each step is a Step below. In arguments and input, `{lease}` stands for the lease granted last,
`{next}` for the revision after the present one and `{member1}` for an address; every run fills in
its own.
"""

import dataclasses


@dataclasses.dataclass
class Step:
    args: str  # Split as a shell would.
    stdin: str = ""
    lines: int = 0  # Of a command that does not end by itself: stop it after so many lines.
    background: str = ""  # Names a watch that runs while the next steps do; "" for none.
    wait: str = ""  # Collects the output of the background step of that name.


FORMATS = ("simple", "json", "fields", "protobuf")


def _puts():
    for i in range(10):
        yield Step(f"put list/{i:02d} value-{i * 7 % 10}")
    for form in FORMATS:
        yield Step(f"put form {form} -w {form}")
        yield Step(f"put form again-{form} --prev-kv -w {form}")
    yield Step("put list/03 changed --prev-kv")
    yield Step("put new-key value --prev-kv")
    yield Step("put list/03 --ignore-value")
    yield Step("put absent --ignore-value")
    yield Step("put list/03 x --ignore-lease")
    yield Step("put from-stdin", stdin="text of standard input")
    yield Step("put empty-value", stdin="")
    yield Step("put 'a b' 'with blank'")
    yield Step("put list/03 x --lease=7b")
    yield Step("put")
    yield Step("put one two three")
    yield Step("put big/key {big}")


def _gets():
    yield Step("get list/03")
    yield Step("get absent")
    yield Step("get")
    yield Step("get list/ --prefix")
    for form in FORMATS:
        yield Step(f"get list/ --prefix --limit=3 -w {form}")
        yield Step(f"get absent -w {form}")
    yield Step("get list/03 -w table")
    for order in ("ASCEND", "DESCEND"):
        for target in ("KEY", "VALUE", "CREATE", "MODIFY", "VERSION"):
            yield Step(f"get list/ --prefix --order={order} --sort-by={target} --keys-only")
    yield Step("get list/ --prefix --sort-by=VALUE")
    yield Step("get list/ --prefix --order=SIDEWAYS")
    yield Step("get list/ --prefix --sort-by=SMELL")
    yield Step("get list/ --prefix --limit=4")
    yield Step("get list/ --prefix --print-value-only")
    yield Step("get list/03 --print-value-only")
    yield Step("get list/ --prefix --keys-only -w json")
    yield Step("get list/05 --from-key --limit=3")
    yield Step("get list/02 list/05")
    yield Step("get list/05 list/02")
    yield Step("get list/ --prefix --from-key")
    yield Step("get list/03 --rev=6")
    yield Step("get list/03 --rev=6 -w json")
    yield Step("get list/ --prefix --rev=5 -w fields")
    yield Step("get list/03 --rev=999999")
    yield Step("get list/03 --rev=-1")
    yield Step("get list/03 --consistency=s")
    yield Step("get list/03 --consistency=l")
    yield Step("get list/03 --consistency=x")
    yield Step("get list/03 --hex")
    yield Step("get list/03 --hex -w json")
    yield Step("get list/03 --hex -w fields")
    yield Step("get --prefix --from-key list/")
    yield Step("get '' --prefix --keys-only")
    yield Step("get list/03 --endpoints={member1} -w json")
    yield Step("get list/03 --endpoints={member2} -w json")


def _txns():
    yield Step("txn -i", stdin='value("list/03") = "x"\n\nput list/03 from-txn\nget list/03\n\nget list/04\n\n')
    yield Step("txn -i", stdin='value("list/03") = "wrong"\n\nput list/03 no\n\nget list/04\nput t/else yes\n\n')
    yield Step("txn", stdin='mod("absent") = "0"\n\nput t/1 a\nput t/2 b\nget t/ --prefix\ndel list/09\n\n\n')
    yield Step("txn", stdin='version("t/1") > "0"\ncreate("t/1") < "1000"\n\nget t/1\n\nget t/2\n\n')
    yield Step("txn", stdin='value("t/1") = "a"\n\ndel t/1 --prev-kv\n\nget t/2\n\n')
    yield Step("txn", stdin='\nput t/3 c\n\n\n')
    yield Step("txn", stdin='\nput t/3 c\nput t/3 d\n\n\n')
    yield Step("txn", stdin='smell("t/3") = "0"\n\n\n\n')
    yield Step("txn", stdin='\njump\n\n\n')
    for form in FORMATS:
        yield Step(f"txn -w {form}", stdin='version("t/3") > "0"\n\nget t/ --prefix\nput t/4 v\ndel t/9\n\nget t/2\n\n')
    yield Step("txn --hex", stdin='\nget t/3\n\n\n')


def _deletes():
    yield Step("put del/1 a")
    yield Step("put del/2 b")
    yield Step("put del/3 c")
    yield Step("put del/4 d")
    yield Step("put del/5 e")
    yield Step("del del/1")
    yield Step("del del/1")
    yield Step("del del/2 --prev-kv")
    yield Step("del del/3 del/4")
    yield Step("del del/4 --prefix --prev-kv -w json")
    yield Step("del del/ --prefix -w fields")
    yield Step("del zzz --from-key --prev-kv")
    yield Step("del absent -w json")
    yield Step("del absent -w protobuf")
    yield Step("del")


def _watches():
    # A past watch ends by itself after the lines that history holds.
    yield Step("watch list/03 --rev=2", lines=15)
    yield Step("watch list/ --prefix --rev=2 --prev-kv", lines=55)
    yield Step("watch list/03 --rev=2 --prev-kv --hex", lines=23)
    yield Step("watch list/03 --rev=2 -w json", lines=1)
    yield Step("watch list/03 --rev=2 -w fields", lines=39)
    yield Step("watch list/00 list/03 --rev=2", lines=9)
    yield Step("watch del/ --prefix --rev=2", lines=30)
    yield Step("watch live/ --prefix --prev-kv --rev={next}", lines=21, background="live")
    yield Step("watch -i", stdin="watch live/1 --rev={next}\n", lines=9, background="interactive")
    yield Step("put live/1 a")
    yield Step("put live/1 b")
    yield Step("put live/2 c")
    yield Step("del live/ --prefix")
    yield Step("", wait="live")
    yield Step("", wait="interactive")


def _leases():
    yield Step("lease list")
    yield Step("lease grant 600")
    yield Step("lease list")
    yield Step("put leased/1 a --lease={lease}")
    yield Step("put leased/2 b --lease={lease}")
    yield Step("put leased/2 c --ignore-lease")
    yield Step("get leased/ --prefix -w json")
    yield Step("lease timetolive {lease}")
    yield Step("lease timetolive {lease} --keys")
    yield Step("lease keep-alive {lease} --once")
    yield Step("lease timetolive {lease} --keys -w fields")
    yield Step("lease timetolive {lease} --keys -w json")
    yield Step("lease list -w json")
    yield Step("lease keep-alive {lease} --once -w json")
    yield Step("lease revoke {lease}")
    yield Step("get leased/ --prefix")
    yield Step("lease revoke {lease}")
    yield Step("lease timetolive {lease}")
    yield Step("lease keep-alive {lease} --once")
    yield Step("lease keep-alive 7b --once")
    yield Step("lease grant 0")
    yield Step("lease revoke {lease}")  # Before its two seconds are over.
    yield Step("lease grant abc")
    yield Step("lease grant 9000000001")
    yield Step("lease grant 600 -w json")
    yield Step("lease revoke zz")
    yield Step("lease list -w fields")


def _rest():
    yield Step("compaction 12")
    yield Step("compaction 12")
    yield Step("compaction 999999")
    yield Step("compaction")
    yield Step("get list/03 --rev=5")
    yield Step("get list/03 --rev=12")
    yield Step("watch list/ --prefix --rev=3", lines=1)
    yield Step("watch list/ --prefix --rev=13", lines=15)
    yield Step("compaction 20 --physical")
    for form in ("simple", "table", "json", "fields"):
        yield Step(f"member list -w {form}")
        yield Step(f"endpoint status -w {form}")
        yield Step(f"endpoint status --cluster -w {form}")
        yield Step(f"endpoint health -w {form}")
    yield Step("endpoint health --cluster")
    yield Step("endpoint health --endpoints=127.0.0.1:1 --command-timeout=1s --dial-timeout=500ms")
    yield Step("alarm list")
    yield Step("check perf --no-such-flag")
    yield Step("nonsense")


def steps():
    """All steps, in order."""
    for part in (_puts, _gets, _txns, _deletes, _watches, _leases, _rest):
        yield from part()
