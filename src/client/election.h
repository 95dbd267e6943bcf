// The election of one among several sessions, each with a value that all can read: its address, for
// instance. The oldest candidate leads; when it resigns or its session ends, the next one does.
//
//   Election election(*session, "elections/scheduler");
//   election.Campaign("10.0.0.7:80");        // returns when this session leads
//   election.Proclaim("10.0.0.7:81");        // another value, still the leader
//   election.Resign();
//
// Whoever only wants to know uses LeaderOf and LeaderObserver and needs no session. The keys are
// those of etcd's clients. One thread at a time. The session must outlive the election.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/rpc.pb.h"
#include "src/client/queue_place.h"
#include "src/client/session.h"
#include "src/client/watcher.h"

namespace stele::client {

class Election {
 public:
  Election(Session& session, const std::string& name) : place_(session, name), session_(session) {}
  Election(const Election&) = delete;
  Election& operator=(const Election&) = delete;
  // Does not resign: leadership lasts as long as the session.
  ~Election() = default;

  // Stands for election and waits until this session leads. DeadlineExceeded when it does not in
  // time: the candidacy is given up then. The session's failure when that is over.
  absl::Status Campaign(const std::string& value, absl::Time deadline = absl::InfiniteFuture());

  // Another value without an election. FailedPrecondition when this session does not lead (any
  // more).
  absl::Status Proclaim(const std::string& value);

  // Gives the leadership, or the candidacy, to the next one.
  absl::Status Resign();

  bool leads() const { return leads_; }  // as far as this process knows

  const std::string& key() const { return place_.key(); }
  int64_t create_revision() const { return place_.create_revision(); }

  // A condition for txns: this leader has not been replaced.
  etcdserverpb::Compare StillLeads() const { return place_.StillThere(); }

 private:
  QueuePlace place_;
  Session& session_;
  bool leads_ = false;
};

// A leader and the header of the answer that told of it.
struct Leader {
  etcdserverpb::ResponseHeader header;
  mvccpb::KeyValue kv;  // its value is what was proclaimed
};

// Who leads the election of that name. NotFound (`election: no leader`) when nobody does.
absl::StatusOr<Leader> LeaderOf(Client& client, const std::string& name);

// Tells of every leader and every value it proclaims, from the present one on.
class LeaderObserver {
 public:
  LeaderObserver(Client& client, const std::string& name);

  // Waits for the next change. DeadlineExceeded leaves the observer as it was; other errors are
  // final, Cancelled after Cancel.
  absl::StatusOr<Leader> Next(absl::Time deadline = absl::InfiniteFuture());

  // Ends the observation from any thread.
  void Cancel();

 private:
  absl::Status Load();
  // The leader among the candidates, if it has not been told yet.
  std::optional<Leader> News(const etcdserverpb::ResponseHeader& header);

  Client& client_;
  const KeyRange keys_;
  std::map<int64_t, mvccpb::KeyValue> candidates_;  // by create revision
  int64_t told_mod_revision_ = 0;
  etcdserverpb::WatchResponse unread_;  // events that came with one that was told
  int next_event_ = 0;
  absl::Mutex mutex_;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  std::unique_ptr<Watcher> watcher_;  // replaced under mutex_
};

}  // namespace stele::client
