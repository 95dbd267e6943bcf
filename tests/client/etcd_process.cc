#include "tests/client/etcd_process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"

namespace stele::client {
namespace {

std::string MakeDirectory() {
  std::string pattern = ::testing::TempDir() + "stele-etcd-XXXXXX";
  return mkdtemp(pattern.data());
}

std::string Url(int port) { return absl::StrCat("http://127.0.0.1:", port); }

}  // namespace

std::vector<int> FreePorts(int count) {
  std::vector<int> sockets;
  std::vector<int> ports;
  for (int i = 0; i < count; ++i) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), length), 0);
    EXPECT_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length), 0);
    sockets.push_back(fd);
    ports.push_back(ntohs(address.sin_port));
  }
  for (const int fd : sockets) close(fd);
  return ports;
}

EtcdProcess::EtcdProcess(std::string program, std::string name, int client_port, int peer_port,
                         std::string initial_cluster)
    : program_(std::move(program)),
      name_(std::move(name)),
      client_port_(client_port),
      peer_port_(peer_port),
      initial_cluster_(std::move(initial_cluster)),
      directory_(MakeDirectory()) {}

EtcdProcess::~EtcdProcess() {
  Kill();
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

void EtcdProcess::Start() {
  std::vector<std::string> words = {program_,
                                    "--name",
                                    name_,
                                    "--data-dir",
                                    directory_ + "/data",
                                    "--listen-client-urls",
                                    Url(client_port_),
                                    "--advertise-client-urls",
                                    Url(client_port_),
                                    "--listen-peer-urls",
                                    Url(peer_port_),
                                    "--initial-advertise-peer-urls",
                                    Url(peer_port_),
                                    "--initial-cluster",
                                    initial_cluster_};
  if (program_ == "etcd") words.emplace_back("--unsafe-no-fsync");
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, (directory_ + "/log").c_str(),
                                   O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  ASSERT_EQ(posix_spawnp(&pid_, program_.c_str(), &actions, nullptr, arguments.data(), environ), 0);
  posix_spawn_file_actions_destroy(&actions);
}

void EtcdProcess::Kill() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

std::string EtcdProcess::endpoint() const { return Url(client_port_); }

std::vector<std::unique_ptr<EtcdProcess>> StartEtcdCluster(int members,
                                                           const std::string& program) {
  const std::vector<int> ports = FreePorts(2 * members);
  const auto port = [&ports](int i) { return ports[static_cast<size_t>(i)]; };
  std::string cluster;
  for (int i = 0; i < members; ++i) {
    absl::StrAppend(&cluster, i == 0 ? "" : ",", "m", i, "=", Url(port(2 * i + 1)));
  }
  std::vector<std::unique_ptr<EtcdProcess>> started;
  for (int i = 0; i < members; ++i) {
    started.push_back(std::make_unique<EtcdProcess>(program, absl::StrCat("m", i), port(2 * i),
                                                    port(2 * i + 1), cluster));
    started.back()->Start();
  }
  return started;
}

std::string SteledProgram() {
  const char* named = std::getenv("STELE_SERVER_BINARY");
  const std::string program = named != nullptr ? named : STELE_BIN_DIR "/steled";
  return std::filesystem::exists(program) ? program : "";
}

}  // namespace stele::client
