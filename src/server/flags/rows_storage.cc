// The rows of what is kept on disk and how it is checked.
#include "src/server/flags/feature_gates.h"
#include "src/server/flags/flag_table.h"

namespace stele::server {
namespace {

constexpr std::string_view kRocks = "the store is RocksDB, whose batches need no such limit";
constexpr std::string_view kDigests =
    "members compare digests of their state once a second while something is written";
constexpr std::string_view kCompaction = "old revisions are removed in small steps between writes";

}  // namespace

FlagGroup StorageFlags() {
  return {
      "Storage",
      {
          Works("quota-backend-bytes", FlagKind::kInt, "0", &Options::quota_backend_bytes,
                "Size of the store at which writes are refused. 0: 2 GiB; negative: no quota."),
          Works("auto-compaction-mode", FlagKind::kText, "periodic", &Options::auto_compaction_mode,
                "What --auto-compaction-retention counts: 'periodic' or 'revision'."),
          Works("auto-compaction-retention", FlagKind::kText, "0",
                &Options::auto_compaction_retention,
                "How much history is kept: hours, a duration such as 90m, or revisions. 0: all."),
          Works("watch-progress-notify-interval", FlagKind::kDuration, "10m",
                &Options::watch_progress_interval,
                "How long a watch that asked for progress is left without news, at least 100ms.")
              .Former("experimental-watch-progress-notify-interval"),
          Works("disk-reserve-bytes", FlagKind::kUint, "67108864", &Options::disk_reserve_bytes,
                "Size of the file kept for the day the disk is full, at most 1/8 of the disk. "
                "0: none."),
          Works("scrub-interval", FlagKind::kUint, "86400", &Options::scrub_interval_s,
                "Seconds between rounds of comparing all files with their checksums. 0: none."),
          Ignored("backend-batch-interval", FlagKind::kDuration, "0s", kRocks),
          Ignored("backend-batch-limit", FlagKind::kInt, "0", kRocks),
          Ignored("backend-bbolt-freelist-type", FlagKind::kText, "map",
                  "the store is RocksDB, which has no freelist")
              .Former("experimental-backend-bbolt-freelist-type")
              .Quiet("array"),
          Ignored("memory-mlock", FlagKind::kBool, "false", "no memory is locked")
              .Former("experimental-memory-mlock"),
          Ignored("bootstrap-defrag-threshold-megabytes", FlagKind::kUint, "0",
                  "RocksDB gives space back by itself")
              .Former("experimental-bootstrap-defrag-threshold-megabytes"),
          Ignored("compaction-batch-limit", FlagKind::kInt, "1000", kCompaction)
              .Former("experimental-compaction-batch-limit"),
          Ignored("compaction-sleep-interval", FlagKind::kDuration, "10ms", kCompaction)
              .Former("experimental-compaction-sleep-interval"),
      },
  };
}

FlagGroup IntegrityFlags() {
  return {
      "Integrity and features",
      {
          Works("feature-gates", FlagKind::kText, "", std::monostate(),
                "etcd's switches, Name=true|false,...; a warning says what each stands for here.")
              .Check(CheckFeatureGates),
          Ignored("experimental-initial-corrupt-check", FlagKind::kBool, "false", kDigests),
          Ignored("corrupt-check-time", FlagKind::kDuration, "0s", kDigests)
              .Former("experimental-corrupt-check-time"),
          Ignored("compact-hash-check-time", FlagKind::kDuration, "1m", kDigests)
              .Former("experimental-compact-hash-check-time"),
          Ignored("experimental-compact-hash-check-enabled", FlagKind::kBool, "false", kDigests),
          Ignored("downgrade-check-time", FlagKind::kDuration, "5s", "there are no downgrades")
              .Former("experimental-downgrade-check-time"),
          Ignored("experimental-enable-lease-checkpoint", FlagKind::kBool, "false",
                  "a new leader gives every lease its whole time again"),
          Ignored("experimental-enable-lease-checkpoint-persist", FlagKind::kBool, "false",
                  "a new leader gives every lease its whole time again"),
          Ignored("experimental-stop-grpc-service-on-defrag", FlagKind::kBool, "false",
                  "defragmentation stops nobody"),
          Ignored("experimental-txn-mode-write-with-shared-buffer", FlagKind::kBool, "true",
                  "the store has no such buffer"),
      },
  };
}

FlagGroup UnsafeFlags() {
  return {
      "Unsafe",
      {
          Refused("force-new-cluster", FlagKind::kBool, "false",
                  "making a cluster of one from a damaged one is not implemented yet"),
          Ignored("unsafe-no-fsync", FlagKind::kBool, "false",
                  "every acknowledged write is synced all the same"),
      },
  };
}

}  // namespace stele::server
