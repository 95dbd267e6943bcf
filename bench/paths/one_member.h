// The rooms of a single member in one thread: Raft, log and store are the daemon's own, on real
// files, but nothing runs unless RunRooms is called. What a request costs from its handler to its
// answer is then a number of instructions that hardly varies (bench/count_instructions).
//
// Not thread-safe.
#pragma once

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "src/server/api/method_rows.h"
#include "src/server/api/ports.h"
#include "src/server/api/quota.h"
#include "src/server/apply_loop.h"
#include "src/server/clock.h"
#include "src/server/current_store.h"
#include "src/server/front/http_routes.h"
#include "src/server/proposals.h"
#include "src/server/raft_loop.h"
#include "src/server/reads.h"
#include "src/server/transport.h"
#include "src/server/watch/watch_hub.h"
#include "src/server/watch/watch_service.h"
#include "src/storage/posix_file_system.h"

namespace stele::paths {

class OneMember final : public server::NodeFacts,
                        public server::Transport,
                        public server::Clock,
                        public server::HttpRoutes {
 public:
  // Begins with an empty log and store below `dir`, and leads at once.
  explicit OneMember(const std::string& dir);
  ~OneMember() override;
  OneMember(const OneMember&) = delete;
  OneMember& operator=(const OneMember&) = delete;

  const server::MethodTable& methods() const { return methods_; }
  // Until no room has anything left to do.
  void RunRooms();

  // NodeFacts.
  std::uint64_t cluster_id() const override { return 7; }
  std::uint64_t member_id() const override { return 1; }
  std::uint64_t raft_term() const override { return raft_->facts().term; }
  bool has_leader() const override { return raft_->facts().leader != 0; }
  server::NodeStatus Status() const override { return {}; }
  // Transport: there is nobody else.
  void Send(std::vector<raft::Message> /*messages*/) override {}
  // Clock: time stands still, so that nothing happens by itself.
  absl::Duration Now() const override { return absl::Hours(1); }
  // HttpRoutes.
  void Handle(const server::HttpRequest& /*request*/, server::HttpRespond respond) override {
    respond({});
  }

 private:
  void OpenStore(const std::string& dir);
  void MakeHub();
  void MakeApply();
  void MakeRaft(const std::string& dir);
  void MakeMethods();

  storage::PosixFileSystem file_system_;
  std::mt19937_64 random_{1};
  std::unique_ptr<server::CurrentStore> store_;
  std::unique_ptr<server::Proposals> proposals_;
  std::unique_ptr<server::Reads> reads_;
  std::unique_ptr<server::WatchHub> hub_;
  std::unique_ptr<server::WatchService> watches_;
  std::unique_ptr<server::ApplyLoop> apply_;
  std::unique_ptr<server::RaftLoop> raft_;
  std::shared_ptr<const server::Quota> no_quota_;
  server::MethodRows methods_;
};

}  // namespace stele::paths
