// The wire form of watch responses, built from shared parts: an event is encoded once, however many
// watchers receive it, and a response is the concatenation of
//   header | watch_id | fragment (rarely) | event | event | ...
// Protobuf allows the concatenation because these are separate fields of WatchResponse.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "src/server/api/call.h"
#include "src/server/watch/watcher.h"
#include "src/storage/state_machine/state_machine.h"

namespace stele::server {

// An event and, once somebody wants them, its wire forms as an element of WatchResponse.events.
class EncodedEvent {
 public:
  // `view` is the one behind the event. Both outlive this.
  EncodedEvent(const storage::Event* event, const storage::ReadView* view)
      : event_(event), view_(view) {}

  bool IsDelete() const { return event_->type == mvccpb::Event::DELETE; }
  // Null: the previous value could not be read.
  const Call::Bytes& Wire(bool with_prev_kv);

 private:
  const storage::Event* const event_;
  const storage::ReadView* const view_;
  Call::Bytes plain_;
  Call::Bytes with_prev_kv_;
};

// `prev`, what the key was before, may be null.
Call::Bytes EncodeEvent(const storage::Event& event, const mvccpb::KeyValue* prev);

// The fixed part of every header this node writes.
struct HeaderIds {
  std::uint64_t cluster_id = 0;
  std::uint64_t member_id = 0;
};

// The header field of a response.
Call::Bytes EncodeHeader(const HeaderIds& ids, std::int64_t revision, std::uint64_t raft_term);
// The watch_id field; null for 0, which is not written.
Call::Bytes EncodeWatchId(WatchId id);
// The field fragment = true.
const Call::Bytes& FragmentField();

// A response without events: a created, canceled or progress answer.
struct ControlAnswer {
  WatchId watch_id = 0;
  bool created = false;
  bool canceled = false;
  std::int64_t compact_revision = 0;
  absl::string_view cancel_reason = {};
};
std::vector<Call::Bytes> EncodeControl(const Call::Bytes& header, const ControlAnswer& answer);

// Sum of the sizes of `parts`.
std::size_t TotalSize(const std::vector<Call::Bytes>& parts);

// Cuts a response of `lead_parts` (header and watch_id) followed by events into responses of at
// most `bytes_max` each, or one event each where that alone is larger. All but the last are marked
// as fragments.
std::vector<std::vector<Call::Bytes>> SplitIntoFragments(std::vector<Call::Bytes> response,
                                                         std::size_t lead_parts,
                                                         std::size_t bytes_max);

}  // namespace stele::server
