#include "tests/process/ports.h"

#include <absl/cleanup/cleanup.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <random>

#include "src/raft/check.h"

namespace stele::process {
namespace {

constexpr int kLowestPort = 10000;

int LowestOutgoingPort() {
  std::ifstream range("/proc/sys/net/ipv4/ip_local_port_range");
  int lowest = 0;
  range >> lowest;
  return lowest > kLowestPort + 1000 ? lowest : 32768;
}

// A listening socket, or -1 if the port is taken.
int Occupy(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  STELE_CHECK(fd >= 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 &&
      listen(fd, 1) == 0) {
    return fd;
  }
  close(fd);
  return -1;
}

}  // namespace

std::vector<int> FreePorts(int count) {
  static std::mt19937 random{std::random_device{}()};
  std::uniform_int_distribution<int> any(kLowestPort, LowestOutgoingPort() - 1);
  std::vector<int> ports;
  std::vector<int> sockets;
  const absl::Cleanup close_all = [&sockets] {
    for (const int fd : sockets) close(fd);
  };
  // All sockets stay open until every port is found, so that no port comes twice.
  for (int attempt = 0; attempt < 1000 && std::ssize(ports) < count; ++attempt) {
    const int port = any(random);
    if (const int fd = Occupy(port); fd >= 0) {
      sockets.push_back(fd);
      ports.push_back(port);
    }
  }
  STELE_CHECK(std::ssize(ports) == count);
  return ports;
}

}  // namespace stele::process
