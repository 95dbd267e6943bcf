// One leader among several copies of a service.
//
//   leader_election 127.0.0.1:2379 elections/scheduler copy-1
//
// Start it several times with different names: one leads, the others wait. End the leader (Ctrl-C,
// or kill -9): the next one takes over, at once or when the leader's lease has run out.
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <string>
#include <thread>

#include "absl/strings/str_split.h"
#include "src/client/client.h"
#include "src/client/election.h"
#include "src/client/session.h"
#include "src/client/txn_builder.h"

namespace {

using stele::client::Client;
using stele::client::ClientOptions;
using stele::client::Election;
using stele::client::PutOf;
using stele::client::Session;
using stele::client::TxnBuilder;

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "leader_election: %s\n", std::string(status.message()).c_str());
  return 1;
}

void Say(const std::string& text) {
  std::printf("%s\n", text.c_str());
  std::fflush(stdout);
}

// What only the leader may do. The condition makes sure that nobody does it who has been replaced
// without knowing, because it was asleep for too long.
absl::Status Work(Client& client, const Election& election, const std::string& name) {
  auto done = TxnBuilder()
                  .When(election.StillLeads())
                  .Then(PutOf("scheduler/last-run-by", name))
                  .Commit(client);
  if (!done.ok()) return done.status();
  return done->succeeded() ? absl::OkStatus() : absl::AbortedError("somebody else leads");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: leader_election ENDPOINTS ELECTION NAME\n");
    return 2;
  }
  const std::string name = argv[3];
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGINT);
  sigaddset(&stop, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &stop, nullptr);

  ClientOptions options;
  options.endpoints = absl::StrSplit(argv[1], ',');
  auto client = Client::Create(options);
  if (!client.ok()) return Fail(client.status());
  auto session = Session::Create(**client, {.ttl_seconds = 3});
  if (!session.ok()) return Fail(session.status());

  // Closing the session gives up leadership and ends every wait that stands on it.
  std::thread stopper([&] {
    int signal = 0;
    sigwait(&stop, &signal);
    (*session)->Close().IgnoreError();
  });

  Election election(**session, argv[2]);
  Say(name + " waits");
  absl::Status status = election.Campaign(name);
  if (status.ok()) {
    Say(name + " leads");
    status = Work(**client, election, name);
  }
  if (status.ok()) {
    (*session)->WaitUntilOver();
    status = (*session)->Failure();
  }
  // Asked to end while it worked: that is no failure.
  if (absl::IsCancelled((*session)->Failure())) status = (*session)->Failure();
  // Without a session there is no leadership: stop leading first, ask why later.
  Say(name + " stops");
  kill(getpid(), SIGTERM);  // for the stopper, if no signal has come to it yet
  stopper.join();
  return absl::IsCancelled(status) ? 0 : Fail(status);
}
