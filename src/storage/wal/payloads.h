// What the records that are not entries carry, and their encoding.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "src/raft/types.h"
#include "src/storage/log_store.h"

namespace stele::storage::wal {

// Everything about a log but its entries. Each segment begins with it, so that the segments before
// can be removed.
struct LogSummary {
  LogIdentity identity;
  raft::HardState hard_state;
  raft::EntryId base;               // the entry before the first one that is kept
  raft::ConfState base_conf_state;  // in force at `base`
  raft::SnapshotMeta snapshot;
  raft::EntryId last;

  friend bool operator==(const LogSummary&, const LogSummary&) = default;
};

struct SegmentHead {
  LogSummary summary;
  std::uint64_t file_bytes = 0;  // the file is never shorter than this
  std::uint64_t previous_end =
      0;  // where the segment before ended; the chain value is the header's

  friend bool operator==(const SegmentHead&, const SegmentHead&) = default;
};

struct Install {
  raft::SnapshotMeta snapshot;
  bool keeps_suffix = false;  // the entries behind the snapshot agreed with it

  friend bool operator==(const Install&, const Install&) = default;
};

struct Release {
  raft::SnapshotMeta snapshot;
  raft::EntryId base;
  raft::ConfState base_conf_state;

  friend bool operator==(const Release&, const Release&) = default;
};

std::string EncodeSegmentHead(const SegmentHead& head);
std::string EncodeHardState(const raft::HardState& hard_state);
std::string EncodeInstall(const Install& install);
std::string EncodeRelease(const Release& release);
std::string EncodeRoll(std::uint32_t next_sequence);

// Nothing when `bytes` are not exactly such a payload.
std::optional<SegmentHead> DecodeSegmentHead(std::string_view bytes);
std::optional<raft::HardState> DecodeHardState(std::string_view bytes);
std::optional<Install> DecodeInstall(std::string_view bytes);
std::optional<Release> DecodeRelease(std::string_view bytes);
std::optional<std::uint32_t> DecodeRoll(std::string_view bytes);

}  // namespace stele::storage::wal
