// Servers that the suite starts itself: one cluster of one or more members on free loopback ports,
// with data in a directory of its own that is gone afterwards.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tests/process/server_process.h"

namespace stele::conformance {

struct GroupShape {
  int members = 1;
  int spares = 0;                  // members that may join later
  std::vector<std::string> flags;  // given to every member
};

// Members are counted from 1. Start it from a thread that outlives it: servers end with the thread.
class ServerGroup {
 public:
  // Starts `binary` (etcd or anything with its flags) and waits until every member serves.
  static absl::StatusOr<std::unique_ptr<ServerGroup>> Start(const std::filesystem::path& binary,
                                                            const GroupShape& shape);
  ServerGroup(const ServerGroup&) = delete;
  ServerGroup& operator=(const ServerGroup&) = delete;
  ~ServerGroup();

  int size() const { return static_cast<int>(members_.size()); }
  // host:port of a member's clients.
  std::string address(int member) const;
  std::string peer_url(int member) const;

  // kill -9.
  void Kill(int member);
  // Starts a killed member again, with the data it had; a spare joins the cluster.
  void StartAgain(int member);
  absl::Status WaitUntilServing(int member, absl::Duration limit);
  void Pause(int member);
  void Resume(int member);

 private:
  struct Member {
    int client_port = 0;
    int peer_port = 0;
    bool spare = false;
    std::unique_ptr<process::ServerProcess> running;
  };

  ServerGroup(std::filesystem::path binary, GroupShape shape);
  std::vector<std::string> Arguments(int member) const;
  Member& At(int member) { return members_[static_cast<std::size_t>(member - 1)]; }
  const Member& At(int member) const { return members_[static_cast<std::size_t>(member - 1)]; }
  std::filesystem::path LogOf(int member) const;

  const std::filesystem::path binary_;
  const GroupShape shape_;
  const std::filesystem::path directory_;
  std::vector<Member> members_;
};

// The program of that name beside this one, or in $PATH; empty if there is none.
std::filesystem::path FindProgram(const std::string& name);

}  // namespace stele::conformance
