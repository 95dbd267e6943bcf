// Service discovery: copies of a service say where they are, others know them all.
//
//   service_discovery 127.0.0.1:2379 register web a 10.0.0.7:80     stays until Ctrl-C
//   service_discovery 127.0.0.1:2379 watch web                      prints who comes and goes
//
// A registration hangs on a lease: it goes away when its process does, whatever ended it.
#include <csignal>
#include <cstdio>
#include <string>

#include "absl/strings/str_split.h"
#include "src/client/client.h"
#include "src/client/local_copy.h"
#include "src/client/session.h"

namespace {

using stele::client::Client;
using stele::client::ClientOptions;
using stele::client::KeyRange;
using stele::client::LocalCopy;
using stele::client::Session;

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "service_discovery: %s\n", std::string(status.message()).c_str());
  return 1;
}

void Say(const std::string& text) {
  std::printf("%s\n", text.c_str());
  std::fflush(stdout);
}

void WaitForSignal(const sigset_t& stop) {
  int signal = 0;
  sigwait(&stop, &signal);
}

int Register(Client& client, const std::string& name, const std::string& address,
             const sigset_t& stop) {
  auto session = Session::Create(client, {.ttl_seconds = 3});
  if (!session.ok()) return Fail(session.status());
  auto put = client.Put(name, address, (*session)->lease_id());
  if (!put.ok()) return Fail(put.status());
  Say("registered " + name);
  WaitForSignal(stop);
  const absl::Status closed = (*session)->Close();  // takes the registration away at once
  return closed.ok() ? 0 : Fail(closed);
}

int Watch(Client& client, const sigset_t& stop) {
  auto copy = LocalCopy::Create(client, KeyRange::All(), [](const mvccpb::Event& event) {
    if (event.type() == mvccpb::Event::PUT) {
      Say("up " + event.kv().key() + " " + event.kv().value());
    } else {
      Say("down " + event.kv().key());
    }
  });
  if (!copy.ok()) return Fail(copy.status());
  for (const auto& [name, kv] : (*copy)->All()) Say("have " + name + " " + kv.value());
  Say("watching");
  WaitForSignal(stop);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 3 ? argv[2] : "";
  const bool registers = what == "register" && argc == 6;
  if (!registers && !(what == "watch" && argc == 4)) {
    std::fprintf(stderr,
                 "usage: service_discovery ENDPOINTS register SERVICE NAME ADDRESS\n"
                 "       service_discovery ENDPOINTS watch SERVICE\n");
    return 2;
  }
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGINT);
  sigaddset(&stop, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &stop, nullptr);

  ClientOptions options;
  options.endpoints = absl::StrSplit(argv[1], ',');
  auto client = Client::Create(options);
  if (!client.ok()) return Fail(client.status());
  auto service = (*client)->InNamespace(std::string("services/") + argv[3] + "/");
  return registers ? Register(*service, argv[4], argv[5], stop) : Watch(*service, stop);
}
