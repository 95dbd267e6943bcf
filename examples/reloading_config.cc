// Configuration that reloads itself.
//
//   reloading_config 127.0.0.1:2379 config/web/
//
// Prints the settings under a prefix, then every change of them until Ctrl-C. Try, meanwhile:
//
//   stele put config/web/log-level debug
//
// The program reads its settings from a copy in memory, which costs nothing and works while the
// cluster is away; the copy follows the cluster by itself.
#include <csignal>
#include <cstdio>
#include <string>

#include "absl/strings/str_split.h"
#include "src/client/client.h"
#include "src/client/local_copy.h"

namespace {

using stele::client::Client;
using stele::client::ClientOptions;
using stele::client::KeyRange;
using stele::client::LocalCopy;

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "reloading_config: %s\n", std::string(status.message()).c_str());
  return 1;
}

void Print(const mvccpb::Event& event) {
  const char* what = event.type() == mvccpb::Event::DELETE ? "unset" : "set";
  std::printf("%s %s %s\n", what, event.kv().key().c_str(), event.kv().value().c_str());
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: reloading_config ENDPOINTS PREFIX\n");
    return 2;
  }
  // Ctrl-C is waited for below, by no other thread.
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGINT);
  sigaddset(&stop, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &stop, nullptr);

  ClientOptions options;
  options.endpoints = absl::StrSplit(argv[1], ',');
  auto client = Client::Create(options);
  if (!client.ok()) return Fail(client.status());

  // In its namespace the program sees its settings without the prefix.
  auto settings = (*client)->InNamespace(argv[2]);
  auto copy = LocalCopy::Create(*settings, KeyRange::All(), Print);
  if (!copy.ok()) return Fail(copy.status());
  for (const auto& [name, kv] : (*copy)->All()) {
    std::printf("have %s %s\n", name.c_str(), kv.value().c_str());
  }
  // A program would ask like this wherever it needs a setting.
  std::printf("log-level is %s\n", (*copy)->Value("log-level").value_or("info").c_str());
  std::fflush(stdout);

  int signal = 0;
  sigwait(&stop, &signal);
  return 0;
}
