"""How large the parts of a comparison are: a short form for a look, a full one for a claim."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Scale:
    name: str
    rounds: int
    seconds: float  # of a load that is bound by time
    puts: int  # of the load with 1,000 clients
    key_space: int  # of the loads, and what is filled before ranges and lists
    fan_out_puts: int
    keys: int  # of the long case
    overwrites: int  # before its compaction
    compaction_probe_s: int
    defragment_probe_s: int
    failovers: int  # a round
    idle_s: int
    curve_rounds: int
    curve_s: float
    curve_clients: tuple
    curve_value_sizes: tuple
    curve_members: tuple
    curve_keys: tuple


SHORT = Scale(
    name="short", rounds=2, seconds=2, puts=30_000, key_space=20_000, fan_out_puts=400,
    keys=100_000, overwrites=30_000, compaction_probe_s=6, defragment_probe_s=4, failovers=1,
    idle_s=5, curve_rounds=1, curve_s=1.5, curve_clients=(1, 10, 100, 1000),
    curve_value_sizes=(16, 4096), curve_members=(), curve_keys=(),
)
FULL = Scale(
    name="full", rounds=5, seconds=4, puts=200_000, key_space=100_000, fan_out_puts=2000,
    keys=1_000_000, overwrites=300_000, compaction_probe_s=24, defragment_probe_s=10, failovers=2,
    idle_s=12, curve_rounds=1, curve_s=4, curve_clients=(1, 3, 10, 30, 100, 300, 1000, 3000, 10_000),
    curve_value_sizes=(16, 256, 1024, 4096, 16_384, 65_536, 262_144, 1 << 20),
    curve_members=(1, 3, 5), curve_keys=(10_000, 100_000, 1_000_000),
)
# For tests of the scripts: every case, as little of it as possible. The figures mean nothing.
TINY = Scale(
    name="tiny", rounds=1, seconds=0.6, puts=500, key_space=10_000, fan_out_puts=20,
    keys=2000, overwrites=500, compaction_probe_s=3, defragment_probe_s=3, failovers=1,
    idle_s=1, curve_rounds=1, curve_s=0.6, curve_clients=(1, 100), curve_value_sizes=(16,),
    curve_members=(1,), curve_keys=(1000,),
)
SCALES = {scale.name: scale for scale in (SHORT, FULL, TINY)}
