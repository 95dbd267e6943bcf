// The state of all keys at every revision, rebuilt from the canonical history by the rules of the
// API. It is the reference against which every reply and every event is judged.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "tests/history/history.h"
#include "tests/history/report.h"

namespace stele::history {

class RevisionModel {
 public:
  using KeyRank = std::uint32_t;  // keys are numbered in their order
  static constexpr KeyRank kNoKey = UINT32_MAX;

  struct Version {
    std::int64_t mod = 0;
    std::int64_t create = 0;
    std::int64_t version = 0;  // 0: a deletion
    std::int64_t lease = 0;
    std::string_view value = {};
  };
  struct Event {
    std::int64_t revision = 0;
    KeyRank key = 0;
    std::uint32_t version = 0;  // index of the key's versions
  };
  struct KeyRange {
    KeyRank begin = 0;
    KeyRank end = 0;
    bool Contains(KeyRank key) const { return begin <= key && key < end; }
  };

  // Keeps pointers into `revisions`. Reports revisions that are not dense or cannot be.
  RevisionModel(const std::vector<RevisionRecord>& revisions, Report* report);

  std::int64_t current() const { return first_ + static_cast<std::int64_t>(offsets_.size()) - 2; }
  // Null when there is no such revision.
  const RevisionRecord* At(std::int64_t revision) const;

  KeyRank RankOf(std::string_view key) const;
  KeyRange RangeOf(std::string_view key, std::string_view range_end) const;
  const std::string& KeyOf(KeyRank key) const { return *keys_[key]; }
  // Of the key as it was at `revision`; null if it was absent.
  const Version* Find(KeyRank key, std::int64_t revision) const;
  // The revision that put this value; 0 if none did.
  std::int64_t RevisionOfValue(std::string_view value) const;

  // All changes from `revision` on, in order.
  std::span<const Event> EventsFrom(std::int64_t revision) const;
  const Version& VersionOf(const Event& event) const { return versions_[event.key][event.version]; }
  // What the event superseded; null if it created the key.
  const Version* VersionBefore(const Event& event) const;
  KeyVersion Describe(KeyRank key, const Version& version) const;
  bool Equals(const KeyVersion& kv, KeyRank key, const Version& version) const;

 private:
  void IndexKeys(const std::vector<RevisionRecord>& revisions);
  void Replay(const RevisionRecord& record, Report* report);

  std::int64_t first_ = 2;
  const std::vector<RevisionRecord>& revisions_;
  std::vector<const std::string*> keys_;
  absl::flat_hash_map<std::string_view, KeyRank> ranks_;
  std::vector<std::vector<Version>> versions_;  // by key
  std::vector<Event> events_;
  std::vector<std::size_t> offsets_;  // of a revision's first event; one more at the end
  absl::flat_hash_map<std::string_view, std::int64_t> revision_of_value_;
};

}  // namespace stele::history
