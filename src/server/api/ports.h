// What handlers may ask of the node. The loops implement these; a test implements them by hand.
//
// All calls are thread-safe and return at once. A `done` is called exactly once, by some thread of
// the node, after the node's request timeout at the latest; it must not block.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/command.pb.h"
#include "src/raft/raw_node.h"
#include "src/server/api/call.h"
#include "src/storage/state_machine/state_machine.h"

namespace stele::server {

// Turns a command into a log entry and hands back what apply made of it.
class Proposer {
 public:
  using Done = absl::AnyInvocable<void(storage::CommandResult)>;

  virtual ~Proposer() = default;
  // A timeout ("etcdserver: request timed out") means that the outcome is unknown, not that the
  // command failed. Fills command->request_id.
  virtual void Propose(stelepb::Command* command, Done done) = 0;
};

// Reads.
class Reader {
 public:
  using View = std::shared_ptr<const storage::ReadView>;
  using Done = absl::AnyInvocable<void(absl::StatusOr<View>)>;

  virtual ~Reader() = default;
  // A view that contains every write acknowledged anywhere before this call.
  virtual void Linearizable(Done done) = 0;
  // What this member has, now.
  virtual View Serializable() = 0;
};

// Deadlines of leases: the leader's opinion, asked on any member.
struct LeaseAnswer {
  bool found = false;
  std::int64_t remaining_seconds = 0;  // whole seconds, rounded down
  std::int64_t granted_seconds = 0;
};

class LeaseClock {
 public:
  using Done = absl::AnyInvocable<void(absl::StatusOr<LeaseAnswer>)>;

  virtual ~LeaseClock() = default;
  // How long the lease still lives; with `renew`, after giving it its whole TTL again. Answered
  // only after leadership was confirmed, so a deposed leader promises nothing.
  virtual void Ask(std::int64_t lease_id, bool renew, Done done) = 0;

  using ListDone = absl::AnyInvocable<void(std::vector<std::int64_t>)>;
  // All leases that exist here, soonest deadline first, in this member's own opinion: a follower
  // does not know of renewals.
  virtual void List(ListDone done) = 0;
};

// Changes of who belongs to the cluster, asked on any member, and the leader's place.
class MemberChanger {
 public:
  using Done = absl::AnyInvocable<void(absl::StatusOr<std::vector<stelepb::MemberRecord>>)>;

  virtual ~MemberChanger() = default;
  // `change` is one of the member_* commands, complete but for the request id. Answers with the
  // members after it, by id; or with the wire's error. A timeout leaves the outcome open.
  virtual void Change(stelepb::Command change, Done done) = 0;
  // Only on the leader; answers when `target` leads or did not manage to.
  virtual void MoveLeader(std::uint64_t target, absl::AnyInvocable<void(absl::Status)> done) = 0;
};

// Physical compaction.
class CompactionWatch {
 public:
  virtual ~CompactionWatch() = default;
  // `done` when everything that the compaction of `revision` makes superfluous is gone here.
  virtual void WhenCompacted(std::int64_t revision, absl::AnyInvocable<void()> done) = 0;
};

// Watches for handlers that wait for keys.
struct WatchListener {
  // Called by one thread, one at a time; must not block. Both may still be called, by another
  // thread, while End is.
  std::function<void(const etcdserverpb::WatchResponse&)> on_response;
  std::function<void(const absl::Status&)> on_end;  // once, at the latest
  // The call to which the responses lead: while it has much to send, the watch pauses. May be null.
  std::shared_ptr<Call> reader = nullptr;
};

class WatchSource {
 public:
  virtual ~WatchSource() = default;
  // Returns the watch's name, never 0. Calls nothing back before it returns.
  virtual std::uint64_t Begin(etcdserverpb::WatchCreateRequest request, WatchListener listener) = 0;
  // on_end follows.
  virtual void End(std::uint64_t watch) = 0;
};

// Facts about the node and the moment, for headers, Status and health.
struct NodeStatus {
  std::uint64_t cluster_id = 0;
  std::uint64_t member_id = 0;
  std::uint64_t leader_id = 0;  // 0: none known
  std::uint64_t raft_term = 0;
  std::uint64_t last_index = 0;
  std::uint64_t applied_index = 0;
  bool is_learner = false;
  std::uint64_t bytes_on_disk = 0;
  std::uint64_t bytes_in_use = 0;
};

class NodeFacts {
 public:
  virtual ~NodeFacts() = default;
  virtual std::uint64_t cluster_id() const = 0;
  virtual std::uint64_t member_id() const = 0;
  virtual std::uint64_t raft_term() const = 0;
  virtual bool has_leader() const = 0;
  // A learner serves little more than serializable reads.
  virtual bool is_learner() const { return false; }
  virtual NodeStatus Status() const = 0;
  // The size of this member's store, a moment ago; cheap.
  virtual std::uint64_t store_bytes() const { return 0; }
};

// What the handlers work with. Everything outlives the table.
struct ClientPorts {
  const NodeFacts* facts = nullptr;
  Proposer* proposer = nullptr;
  Reader* reader = nullptr;
  CompactionWatch* compaction = nullptr;
  LeaseClock* lease_clock = nullptr;
  MemberChanger* members = nullptr;
  WatchSource* watches = nullptr;
  std::function<std::uint64_t()> random;  // 64 random bits; any thread
  // Runs what reads the whole store, one after another, on a thread that nobody else waits for.
  std::function<void(absl::AnyInvocable<void()>)> in_background;
  // Runs a piece of a long answer; the pieces of all calls take turns on one thread.
  std::function<void(absl::AnyInvocable<void()>)> in_turn;
  // Gives disk space that holds garbage back. Blocks for as long as that takes; nobody else waits.
  std::function<absl::Status()> defragment;
};

}  // namespace stele::server
