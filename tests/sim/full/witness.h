// Sees what every member applies, demands that all apply the same, and keeps it as the canonical
// history by revision.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "src/raft/types.h"
#include "src/storage/state_machine/state_machine.h"
#include "tests/history/history.h"
#include "tests/sim/event_queue.h"
#include "tests/sim/full/full_marks.h"

namespace stele::sim {

class Witness {
 public:
  Witness(const EventQueue* queue, FullCounts* counts) : queue_(queue), counts_(counts) {}

  // In the order of the member's apply loop; throws a Violation if it differs from another member.
  void OnPublished(raft::NodeId member, const storage::ApplyOutput& output);
  void OnResults(raft::NodeId member, const std::vector<storage::CommandResult>& results);
  // The member starts from, or switches to, this state.
  void OnState(raft::NodeId member, const storage::ReadView& view);

  std::int64_t current_revision() const { return static_cast<std::int64_t>(revisions_.size()) + 1; }
  std::size_t living_leases() const { return living_; }
  void TakeHistory(history::History* history);

 private:
  struct Point {
    std::int64_t revision = 0;
    std::int64_t compact_revision = 0;
    friend bool operator==(const Point&, const Point&) = default;
  };

  void Compare(raft::NodeId member, const storage::EventBatch& batch);
  void NoteAttachments(const history::RevisionRecord& record);
  void CheckPoint(raft::NodeId member, raft::Index index, const Point& point);
  void NoteLease(raft::NodeId member, const storage::LeaseChange& change, std::int64_t revision);

  const EventQueue* const queue_;
  FullCounts* const counts_;
  std::vector<history::RevisionRecord> revisions_;
  std::vector<std::uint64_t> full_texts_;  // a hash of all fields of the events, by revision - 2
  std::map<raft::Index, Point> points_;
  std::map<std::int64_t, history::LeaseLife> leases_;
  std::map<std::string, std::int64_t> lease_of_key_;
  std::size_t living_ = 0;
  std::map<raft::NodeId, std::vector<storage::LeaseChange>> unnamed_;  // whose results come next
};

}  // namespace stele::sim
