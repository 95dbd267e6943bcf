#include "tests/conformance/watch_judge.h"

#include "absl/strings/str_cat.h"

namespace stele::conformance {

std::vector<std::string> WatchJudge::See(const etcdserverpb::WatchResponse& response) {
  std::vector<std::string> faults;
  bool first = true;
  for (const mvccpb::Event& event : response.events()) {
    SeeEvent(event, first, &faults);
    first = false;
  }
  const bool has_events = response.events_size() > 0;
  if (has_events && last_revision_ > response.header().revision()) {
    faults.emplace_back("the header is older than its events");
  }
  if (response.fragment() && !may_be_split_) faults.emplace_back("fragments nobody asked for");
  if (in_pieces_ && !has_events) faults.emplace_back("the last fragment is missing");
  in_pieces_ = response.fragment();
  return faults;
}

// Events come in the order of revisions, and those of one revision in one answer.
void WatchJudge::SeeEvent(const mvccpb::Event& event, bool first_of_answer,
                          std::vector<std::string>* faults) {
  const std::int64_t revision = event.kv().mod_revision();
  if (revision < last_revision_) faults->emplace_back("revisions go back");
  if (revision <= progress_) faults->emplace_back("an event after progress said it was told");
  if (revision == last_revision_ && first_of_answer && !in_pieces_) {
    faults->emplace_back("a revision was split");
  }
  last_revision_ = revision;
}

std::string CheckNextHeader(const etcdserverpb::ResponseHeader& before,
                            const etcdserverpb::ResponseHeader& header) {
  const bool same =
      header.cluster_id() == before.cluster_id() && header.member_id() == before.member_id();
  if (same && header.raft_term() >= before.raft_term()) return "";
  return absl::StrCat("a header of somebody else: ", header.ShortDebugString());
}

}  // namespace stele::conformance
