#include "tests/conformance/watch_expectation.h"

#include <algorithm>

namespace stele::conformance {

using etcdserverpb::WatchCreateRequest;

WatchExpectation::WatchExpectation(const WatchCreateRequest& request, std::int64_t revision,
                                   std::int64_t compacted)
    : request_(request),
      start_(request.start_revision() == 0 ? revision + 1 : request.start_revision()),
      doomed_(start_ < compacted) {}

std::size_t WatchExpectation::Count(const std::vector<mvccpb::Event>& history) {
  for (; looked_at_ < history.size(); ++looked_at_) {
    if (!doomed_ && Wants(history[looked_at_])) ++count_;
  }
  return count_;
}

bool WatchExpectation::Wants(const mvccpb::Event& event) const {
  if (event.kv().mod_revision() < start_) return false;
  const auto dropped =
      event.type() == mvccpb::Event::PUT ? WatchCreateRequest::NOPUT : WatchCreateRequest::NODELETE;
  if (std::find(request_.filters().begin(), request_.filters().end(), dropped) !=
      request_.filters().end()) {
    return false;
  }
  const std::string& key = event.kv().key();
  if (request_.range_end().empty()) return key == request_.key();
  if (key < request_.key()) return false;
  return request_.range_end() == std::string(1, '\0') || key < request_.range_end();
}

}  // namespace stele::conformance
