// The values that the Raft core, the log and the transport exchange. Plain data: no behaviour, no
// threads, no serialisation.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stele::raft {

// Distinct types for distinct meanings, so that an Index cannot be passed where a Term is meant.
template <class Tag>
struct Ordinal {
  std::uint64_t value = 0;

  // NOLINTNEXTLINE(modernize-use-nullptr): version 14 stumbles over a defaulted <=>
  friend constexpr auto operator<=>(const Ordinal&, const Ordinal&) = default;
  constexpr Ordinal Next() const { return Ordinal{value + 1}; }
  constexpr Ordinal Previous() const { return Ordinal{value - 1}; }  // REQUIRES: value > 0
};

using Term = Ordinal<struct TermTag>;
using Index = Ordinal<struct IndexTag>;    // position in the log; the first entry is at 1
using NodeId = Ordinal<struct NodeIdTag>;  // NodeId{0} is "none"

inline constexpr NodeId kNoNode{0};

struct EntryId {
  Index index;
  Term term;

  friend constexpr bool operator==(const EntryId&, const EntryId&) = default;
};

// Immutable bytes shared between the log, messages in flight and apply, so that a value is stored
// once however many peers it is sent to. Copying is cheap and thread-safe.
class Payload {
 public:
  Payload() = default;
  Payload(std::string bytes)  // NOLINT(google-explicit-constructor): an entry's data is a string
      : bytes_(std::make_shared<const std::string>(std::move(bytes))) {}
  Payload(const char* text) : Payload(std::string(text)) {}  // NOLINT(google-explicit-constructor)

  std::string_view view() const { return bytes_ ? std::string_view(*bytes_) : std::string_view(); }
  std::size_t size() const { return bytes_ ? bytes_->size() : 0; }
  bool empty() const { return size() == 0; }

  friend bool operator==(const Payload& a, const Payload& b) { return a.view() == b.view(); }

 private:
  std::shared_ptr<const std::string> bytes_;
};

enum class EntryType : std::uint8_t {
  kNormal = 0,      // data is a command; empty data is the leader's first entry of a term
  kConfChange = 1,  // data is an encoded ConfState (conf_change.h) that holds from this entry on
};

struct Entry {
  EntryId id;
  EntryType type = EntryType::kNormal;
  Payload data;

  friend bool operator==(const Entry&, const Entry&) = default;
};

// What must survive a crash besides the entries.
struct HardState {
  Term term;
  NodeId vote;
  Index commit;

  friend bool operator==(const HardState&, const HardState&) = default;
};

enum class Role : std::uint8_t { kFollower, kPreCandidate, kCandidate, kLeader };

struct SoftState {
  NodeId leader;
  Role role = Role::kFollower;

  friend bool operator==(const SoftState&, const SoftState&) = default;
};

// Who takes part. `voters_outgoing` is non-empty only in a joint config; each list is sorted and
// free of repetitions. A learner is never a voter; `learners_next` are outgoing voters that become
// learners when the joint config is left.
struct ConfState {
  std::vector<NodeId> voters;
  std::vector<NodeId> voters_outgoing;
  std::vector<NodeId> learners;
  std::vector<NodeId> learners_next;
  bool auto_leave = false;

  friend bool operator==(const ConfState&, const ConfState&) = default;
};

// Names a state: everything up to and including `last` is in it. The bytes live elsewhere.
struct SnapshotMeta {
  EntryId last;
  ConfState conf_state;

  friend bool operator==(const SnapshotMeta&, const SnapshotMeta&) = default;
};

}  // namespace stele::raft
