// What a watch was promised, whatever any other server says.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "proto/rpc.pb.h"

namespace stele::conformance {

// Looks at everything one watch is told, in the order it is told.
class WatchJudge {
 public:
  WatchJudge() = default;
  // `may_be_split`: the watch asked for fragments.
  explicit WatchJudge(bool may_be_split) : may_be_split_(may_be_split) {}

  // An answer of this watch. Returns every promise that it breaks, in words.
  std::vector<std::string> See(const etcdserverpb::WatchResponse& response);

  // The server says that everything up to `revision` has been told.
  void SeeProgress(std::int64_t revision) { progress_ = revision; }

  // The last answer was a fragment with more to come.
  bool in_pieces() const { return in_pieces_; }

 private:
  void SeeEvent(const mvccpb::Event& event, bool first_of_answer, std::vector<std::string>* faults);

  bool may_be_split_ = false;
  bool in_pieces_ = false;
  std::int64_t last_revision_ = 0;  // of the last event
  std::int64_t progress_ = 0;
};

// All answers of one server are of the same member of the same cluster, and its term never goes
// back. Returns what is wrong with `header`, the one that came after `before`, or nothing.
std::string CheckNextHeader(const etcdserverpb::ResponseHeader& before,
                            const etcdserverpb::ResponseHeader& header);

}  // namespace stele::conformance
