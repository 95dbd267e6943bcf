// One or three real servers on free loopback ports with their own data directories, to be killed,
// paused and started again by a test. Every wait is bounded; a wait that runs out fails the test.
// Use from the thread of the test only (clients may be used from any).
#pragma once

#include <absl/time/time.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/process/member_client.h"
#include "tests/process/server_process.h"

namespace stele::process {

class Cluster {
 public:
  struct Options {
    int members = 3;
    std::vector<std::string> flags = {};  // Added to the command line of every member.
  };

  // Starts all members and waits until each serves linearizable reads.
  explicit Cluster(Options options);
  // Kills what runs. Removes the data, unless the test failed: then it prints the end of every log.
  ~Cluster();
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  int size() const { return static_cast<int>(members_.size()); }

  // Sends SIGKILL and waits for the end.
  void Kill(int member);
  void KillAll();
  // Starts a member that has ended, with the data it left. Does not wait until it serves.
  void Restart(int member);
  // Makes a member that is to join, with ports and directories of its own, and does not start it.
  // Answers its number.
  int Prepare(const std::string& name);
  // Starts a prepared member as one of `initial_cluster`, which exists.
  void Join(int member, const std::string& initial_cluster);
  // Stops the member's threads where they are (SIGSTOP) and lets them run on (SIGCONT).
  void Pause(int member);
  void Resume(int member);

  // Waits until the member says that it serves clients and answers a linearizable read.
  void WaitUntilServing(int member);
  void WaitUntilAllServe();
  // The member that leads, once one says so and a linearizable read through it succeeds.
  int Leader();

  ServerProcess& process(int member) { return *members_[Index(member)].process; }
  MemberClient& client(int member) { return *members_[Index(member)].client; }
  const std::string& peer_url(int member) const { return members_[Index(member)].peer_url; }
  // Where the member listens for others from its next start on.
  void set_peer_url(int member, const std::string& url);
  std::string address(int member) const { return members_[Index(member)].address; }
  const std::filesystem::path& data_dir(int member) const {
    return members_[Index(member)].data_dir;
  }
  const std::filesystem::path& directory() const { return directory_; }
  // The command line of a member, without the program.
  std::vector<std::string> Arguments(int member) const;

 private:
  struct Member {
    std::string name;
    std::string address;  // host:port for clients.
    std::string peer_url;
    std::string initial_cluster;  // as the member is told
    bool joins = false;           // a cluster that exists
    std::filesystem::path data_dir;
    std::filesystem::path log;
    std::unique_ptr<ServerProcess> process;
    std::unique_ptr<MemberClient> client;
  };

  static std::size_t Index(int member) { return static_cast<std::size_t>(member); }
  bool TryStart();
  Member MakeMember(const std::string& name, int client_port, int peer_port) const;
  void Launch(Member& member);
  void PrintLogs() const;

  Options options_;
  std::filesystem::path directory_;
  std::vector<Member> members_;
};

// Polls `condition` until it holds; false if it does not within `timeout`.
bool WaitFor(absl::Duration timeout, const std::function<bool()>& condition);

}  // namespace stele::process
