// A real server for the tests of the client: one member of a cluster, on free ports. It is Debian's
// etcd unless another program is named that takes the same flags.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

namespace stele::client {

class EtcdProcess {
 public:
  EtcdProcess(std::string program, std::string name, int client_port, int peer_port,
              std::string initial_cluster);
  EtcdProcess(const EtcdProcess&) = delete;
  EtcdProcess& operator=(const EtcdProcess&) = delete;
  ~EtcdProcess();

  // Starts it, again with the same data after a Kill.
  void Start();
  // Ends it at once and waits for the end.
  void Kill();

  std::string endpoint() const;

 private:
  const std::string program_;
  const std::string name_;
  const int client_port_;
  const int peer_port_;
  const std::string initial_cluster_;
  const std::string directory_;
  pid_t pid_ = -1;
};

// Ports nobody listens on.
std::vector<int> FreePorts(int count);

// Started members of one cluster; not necessarily serving yet.
std::vector<std::unique_ptr<EtcdProcess>> StartEtcdCluster(int members,
                                                           const std::string& program = "etcd");

// $STELE_SERVER_BINARY, or steled of this build; empty when there is none.
std::string SteledProgram();

}  // namespace stele::client
