// Feeds every watcher of this node its events: in order, once, whole revisions, none left out.
//
// Two states, one cursor (docs/watch_and_lease.md): a synced watcher gets events as they are
// published; one that cannot keep up, or starts in the past, is unsynced and reads the history from
// its cursor in bounded slices until it has caught up. The cursor moves only when events were
// handed to Call::Write.
//
// Threads: Publish and Reset belong to the thread that applies, the rest of the inputs may come
// from any thread; all of them only enter the inbox, in one order. RunOnce and IdleTime belong to
// the thread that owns the hub. Before the hub is destroyed, EndAllStreams and RunOnce finish the
// calls; the destructor must not run while another thread is in a call.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "proto/rpc.pb.h"
#include "src/server/api/call.h"
#include "src/server/pump.h"
#include "src/server/watch/history_pass.h"
#include "src/server/watch/watch_inbox.h"
#include "src/server/watch/watch_response.h"
#include "src/server/watch/watcher_table.h"
#include "src/storage/state_machine/state_machine.h"

namespace stele::server {

struct WatchOptions {
  HeaderIds ids;
  // The store's current revision when the hub is made.
  std::int64_t current_revision = 1;

  // A stream with more than this queued is fed no further until half of it is drained.
  std::size_t stream_bytes_max = std::size_t{4} << 20U;
  // Such a stream is still answered (created, canceled), but a client that asks for more than this
  // without reading loses its stream.
  std::size_t control_bytes_max = std::size_t{1} << 20U;
  // Events waiting in the inbox beyond this are dropped and read from history instead.
  std::size_t inbox_bytes_max = std::size_t{64} << 20U;
  // Revisions are put together into one response until it is about this large.
  std::size_t response_bytes = std::size_t{1} << 20U;
  // A response to a watch that allows fragments is split above this: the largest request plus
  // 512 KiB.
  std::size_t max_fragment_bytes = std::size_t{2} << 20U;

  // One slice of history for one watcher, and one pass for many.
  std::size_t slice_bytes = std::size_t{512} << 10U;
  std::size_t slice_revisions = 1000;
  std::size_t pass_bytes = std::size_t{1} << 20U;
  std::size_t pass_watchers = 256;
  // Inputs taken in one pass.
  std::size_t pass_inputs = 128;

  // Between two progress notifications of an idle watcher; up to a tenth is added at random.
  absl::Duration progress_interval = absl::Minutes(10);
};

// The world around the hub. The functions must outlive it and are called by its thread, but for
// `wake`.
struct WatchSurroundings {
  // The newest state; not older than what was published.
  std::function<std::shared_ptr<const storage::ReadView>()> view;
  std::function<std::uint64_t()> raft_term;
  std::function<absl::Time()> now;
  std::function<double()> random;  // in [0, 1)
  // RunOnce has something to do. Called by any thread; must not call the hub.
  std::function<void()> wake;
};

class WatchHub : public Pump {
 public:
  WatchHub(const WatchOptions& options, WatchSurroundings surroundings);
  ~WatchHub() override;

  // All revisions after the last publication, ascending, and the view behind them. Called before
  // the writers are answered.
  void Publish(std::vector<storage::EventBatch> batches,
               std::shared_ptr<const storage::ReadView> view);
  // The store was replaced by a snapshot at `current_revision`; watchers go on from their cursors.
  void Reset(std::int64_t current_revision);

  // `require_leader`: the client sent the metadata `hasleader: true`.
  WatchStreamId OpenStream(std::shared_ptr<Call> call, bool require_leader);
  void Create(WatchStreamId stream, etcdserverpb::WatchCreateRequest request);
  void Cancel(WatchStreamId stream, WatchId watch);
  void RequestProgress(WatchStreamId stream);
  // Ends all watches of the stream and finishes its call. Unknown streams are ignored, so closing
  // twice is harmless.
  void CloseStream(WatchStreamId stream, absl::Status status);
  // Streams that require a leader end, and are refused, while there is none. When a missing leader
  // has been missing for long enough is the caller's decision.
  void SetLeaderKnown(bool known);
  // Ends every stream, also those opened later. For shutting down.
  void EndAllStreams(absl::Status status);

  bool RunOnce() override;
  // Until the next progress notification, or the next look for a view that was too old.
  absl::Duration IdleTime() override;

  const WatchCounters& counters() const { return counters_; }
  // See WatcherTable.
  void CheckInvariants() const { table_.CheckInvariants(); }

 private:
  void Handle(Publication& publication);
  void Handle(StoreReset& reset);
  void Handle(StreamOpened& opened);
  void Handle(CreateAsked& asked);
  void Handle(CancelAsked& asked);
  void Handle(ProgressAsked& asked);
  void Handle(StreamClosed& closed);
  void Handle(StreamDrained& drained);
  void Handle(LeaderKnown& leader);
  void Handle(AllStreamsEnded& ended);

  bool HandleInputs();
  void JumpTo(std::int64_t current_revision);
  void EndStream(WatchStream* stream, const absl::Status& status);
  void ArmProgress(WatchStream* stream, absl::Time now);
  bool TellProgress();
  bool HasReached(const Watcher& watcher) const;

  void OfferEvent(std::int64_t revision, EncodedEvent* event);
  void AddPending(Watcher* watcher, std::int64_t revision, const Call::Bytes& wire);
  void FallBack(Watcher* watcher);
  void WritePending(Watcher* watcher, std::int64_t covered_revision);
  bool CatchUp();
  bool FeedHistory(Watcher* watcher, HistoryPass* pass);
  bool WriteSlice(Watcher* watcher, const HistorySlice& slice, std::int64_t end);
  void CancelCompacted(Watcher* watcher, std::int64_t compact_revision);

  const Call::Bytes& HeaderOf(std::int64_t revision);
  bool HasRoom(WatchStream* stream);
  void WriteEvents(Watcher* watcher, const std::vector<Call::Bytes>& parts, std::size_t bytes);
  void WriteControl(WatchStream* stream, std::int64_t header_revision, const ControlAnswer& answer);

  const WatchOptions options_;
  const WatchSurroundings surroundings_;
  WatchCounters counters_;
  const std::shared_ptr<WatchInbox> inbox_;
  std::atomic<WatchStreamId> next_stream_{1};

  // Everything below belongs to the hub's thread.
  WatcherTable table_;
  std::vector<WatchInput> inputs_;  // taken from the inbox, handled up to next_input_
  std::size_t next_input_ = 0;
  // All synced watchers were handed everything up to here.
  std::int64_t published_revision_;
  std::int64_t compact_revision_ = -1;
  bool leader_known_ = true;
  absl::Status ended_;  // not ok after EndAllStreams
  absl::btree_set<std::pair<absl::Time, WatchStreamId>> progress_due_;
  // Nobody could be fed because the view was older than the cursors.
  bool view_was_stale_ = false;

  std::uint64_t pass_ = 0;  // tells whether a stream's queued_bytes is fresh
  Call::Bytes header_;      // for header_revision_ and header_term_
  std::int64_t header_revision_ = 0;
  std::uint64_t header_term_ = 0;

  // Of the publication in hand; kept to spare allocations.
  std::vector<const KeyRangeMap::Group*> groups_;
  std::vector<Watcher*> touched_;
  std::vector<Watcher*> lagging_;
};

}  // namespace stele::server
