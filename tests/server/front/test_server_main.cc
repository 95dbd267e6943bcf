// Serves TestService until SIGTERM, then stops gracefully: the server of the interoperability
// tests. Prints "port N" once it listens. --loops=N, --streams=N.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "src/server/front/front.h"
#include "tests/server/front/test_service.h"

namespace {

int FlagValue(int argc, char** argv, std::string_view name, int fallback) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument.starts_with(name)) return std::atoi(argv[i] + name.size());
  }
  return fallback;
}

}  // namespace

int main(int argc, char** argv) {
  sigset_t stop_signals;
  sigemptyset(&stop_signals);
  sigaddset(&stop_signals, SIGTERM);
  sigaddset(&stop_signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &stop_signals, nullptr);

  stele::server::TestService service;
  stele::server::FrontOptions options;
  options.listen_addresses = {"127.0.0.1:0"};
  options.loops = FlagValue(argc, argv, "--loops=", 1);
  options.max_concurrent_streams =
      static_cast<std::uint32_t>(FlagValue(argc, argv, "--streams=", 1000));
  stele::server::Front front(options);
  if (const absl::Status status = front.Start(&service, &service); !status.ok()) {
    std::fprintf(stderr, "%s\n", status.ToString().c_str());
    return 1;
  }
  std::printf("port %d\n", front.ports().front());
  std::fflush(stdout);
  int signal = 0;
  sigwait(&stop_signals, &signal);
  front.GracefulStop(absl::Seconds(5));
  return 0;
}
