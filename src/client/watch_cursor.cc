#include "src/client/watch_cursor.h"

#include <algorithm>
#include <utility>

namespace stele::client {

std::optional<etcdserverpb::WatchResponse> WatchCursor::Take(etcdserverpb::WatchResponse response) {
  if (response.created() && !response.canceled()) {
    // A watch "from now on" begins behind the store's revision at this moment; from here on it can
    // be opened again without a gap.
    if (next_revision_ == 0) next_revision_ = response.header().revision() + 1;
    return std::nullopt;
  }
  if (response.canceled()) return response;
  if (response.fragment() || fragments_.events_size() > 0) {
    // MergeFrom appends the events; the header of the parts is the same.
    fragments_.MergeFrom(response);
    if (response.fragment()) return std::nullopt;
    response = std::exchange(fragments_, etcdserverpb::WatchResponse());
    response.set_fragment(false);
  }
  if (response.events().empty()) {
    // A progress notice: everything up to the header's revision has been sent.
    next_revision_ = std::max(next_revision_, response.header().revision() + 1);
    return response;
  }
  auto& events = *response.mutable_events();
  const auto first_new = std::ranges::find_if(events, [this](const mvccpb::Event& event) {
    return event.kv().mod_revision() >= next_revision_;
  });
  events.erase(events.begin(), first_new);
  if (events.empty()) return std::nullopt;
  next_revision_ = events.rbegin()->kv().mod_revision() + 1;
  return response;
}

}  // namespace stele::client
