// One decision of the nemesis as a value, so that it can be written down, read back and left out.
//
//   12.345678 crash member=2 until=13.100000       goes down at 13.1
//   12.345678 block links=1>2,1>3 until=14.000000
//   12.345678 conf voters=1,2,4 learners=5 mode=joint
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/raft/types.h"
#include "tests/sim/event_queue.h"

namespace stele::sim {

struct Fault {
  enum class Kind : std::uint8_t {
    kCrash,     // of `member` at `until`, even in the middle of a sync
    kPause,     // of `member`
    kBlock,     // of `links`
    kClog,      // of `links`: what they carry arrives after `until`
    kTransfer,  // of leadership to `member`
    kConf,      // a change of the members; those without a machine get one
    kStall,     // the next sync of `member` takes until then
    kSlow,      // each pass of `member` takes `amount` us longer
    kFull,      // the disk of `member` has no space
    kDisk,      // the operation `amount` of the disk of `member` ends as `mode` says
  };
  using Links = std::vector<std::pair<raft::NodeId, raft::NodeId>>;

  Micros at = 0;
  Kind kind = Kind::kCrash;
  raft::NodeId member = {};
  Micros until = 0;
  std::uint64_t amount = 0;
  Links links = {};
  std::vector<raft::NodeId> voters = {};
  std::vector<raft::NodeId> learners = {};
  // kConf: simple, joint (left by itself) or held (until another change). kDisk: eio, enospc,
  // short, crash-before or crash-after.
  std::string mode = {};

  friend bool operator==(const Fault&, const Fault&) = default;
};

std::string ToText(const Fault& fault);
// Nothing for a line that ToText does not write.
std::optional<Fault> FaultFromText(std::string_view line);

// Seconds with six digits, and back.
std::string SecondsText(Micros time);
std::optional<Micros> MicrosFromText(std::string_view text);

}  // namespace stele::sim
