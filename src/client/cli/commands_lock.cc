// lock and elect.
#include <csignal>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "src/client/cli/child_program.h"
#include "src/client/cli/command.h"
#include "src/client/cli/exit_status.h"
#include "src/client/cli/interrupt.h"
#include "src/client/cli/kv_requests.h"
#include "src/client/election.h"
#include "src/client/lock.h"
#include "src/client/session.h"

namespace stele::cli {
namespace {

constexpr int64_t kElectTtlSeconds = 60;

// What a signal ends: the wait and the holding, by closing the session; or the program that runs,
// if one does.
class Stopper {
 public:
  void Stop(int signal) {
    absl::MutexLock lock(&mutex_);
    stopped_ = true;
    if (child_ != nullptr) {
      // A terminal sends Ctrl-C to the program, too; nobody else sends it a SIGTERM.
      if (signal == SIGTERM) child_->Terminate();
    } else if (session_ != nullptr) {
      session_->Close().IgnoreError();
    }
  }

  // Null: there is none any more.
  void SetSession(client::Session* session) {
    absl::MutexLock lock(&mutex_);
    session_ = session;
    if (stopped_ && session != nullptr) session->Close().IgnoreError();
  }

  void SetChild(const ChildProgram* child) {
    absl::MutexLock lock(&mutex_);
    child_ = child;
  }

 private:
  absl::Mutex mutex_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  client::Session* session_ ABSL_GUARDED_BY(mutex_) = nullptr;
  const ChildProgram* child_ ABSL_GUARDED_BY(mutex_) = nullptr;
};

// What a wait that failed comes to: Ctrl-C is no fault of the cluster's.
absl::Status WaitFailure(const Session& session, const Interrupt& interrupt,
                         const absl::Status& status) {
  if (interrupt.raised()) return Failure(kExitError, "context canceled");
  return CallFailure(session, status);
}

// Prints the key that stands for what is held.
absl::Status PrintHeld(const Session& session, client::Client& client, const std::string& key) {
  auto own = client.Get(KeyRange::One(key));
  if (!own.ok()) return CallFailure(session, own.status());
  if (own->kvs().empty()) return Failure(kExitError, "lock lost on init");
  Session::Write(session.MakePrinter()->Range(*own));
  return absl::OkStatus();
}

// Runs the program while the lock is held. When the lock is lost, the program is asked to end.
absl::Status RunLocked(const client::Session& held, const client::Lock& lock,
                       const std::vector<std::string>& program, Stopper& stopper) {
  auto child =
      ChildProgram::Start(program, {absl::StrCat("ETCD_LOCK_KEY=", lock.key()),
                                    absl::StrCat("ETCD_LOCK_REV=", lock.create_revision())});
  if (!child.ok()) return Failure(kExitError, std::string(child.status().message()));
  const client::Session::OverNotice notice(held, [&child] { child->Terminate(); });
  stopper.SetChild(&*child);
  absl::Status end = child->Wait();
  stopper.SetChild(nullptr);
  if (held.Failure().ok()) return end;
  return Failure(kExitError, "session expired: the lock was lost while the program ran");
}

absl::Status RunLock(int64_t ttl_seconds, Session& session, const Arguments& arguments) {
  if (arguments.empty()) {
    return Failure(kExitBadArguments,
                   "lock takes a lock name argument and an optional command to execute");
  }
  const std::vector<std::string> program(arguments.begin() + 1, arguments.end());
  if (program.empty()) {
    if (absl::Status refused = session.Refuse(Format::kTable); !refused.ok()) return refused;
  }
  Interrupt::Block();
  auto client = session.client();
  if (!client.ok()) return client.status();
  Stopper stopper;
  const Interrupt interrupt([&stopper](int signal) { stopper.Stop(signal); });
  auto held = client::Session::Create(**client, {.ttl_seconds = ttl_seconds});
  if (!held.ok()) return CallFailure(session, held.status());
  stopper.SetSession(held->get());
  client::Lock lock(**held, arguments[0]);
  absl::Status status = lock.Acquire();
  if (!status.ok()) {
    status = WaitFailure(session, interrupt, status);
  } else if (!program.empty()) {
    status = RunLocked(**held, lock, program, stopper);
  } else if (status = PrintHeld(session, **client, lock.key()); status.ok()) {
    (*held)->WaitUntilOver();
    if (!interrupt.raised()) status = Failure(kExitError, "session expired");
  }
  stopper.SetSession(nullptr);
  return status;
}

absl::Status Campaign(Session& session, const Arguments& arguments) {
  Interrupt::Block();
  auto client = session.client();
  if (!client.ok()) return client.status();
  Stopper stopper;
  const Interrupt interrupt([&stopper](int signal) { stopper.Stop(signal); });
  auto held = client::Session::Create(**client, {.ttl_seconds = kElectTtlSeconds});
  if (!held.ok()) return CallFailure(session, held.status());
  stopper.SetSession(held->get());
  client::Election election(**held, arguments[0]);
  absl::Status status = election.Campaign(arguments[1]);
  if (!status.ok()) {
    status = WaitFailure(session, interrupt, status);
  } else if (status = PrintHeld(session, **client, election.key()); status.ok()) {
    (*held)->WaitUntilOver();
    if (!interrupt.raised()) status = Failure(kExitError, "elect: session expired");
  }
  stopper.SetSession(nullptr);
  return status;
}

absl::Status Listen(Session& session, const std::string& name) {
  Interrupt::Block();
  auto client = session.client();
  if (!client.ok()) return client.status();
  client::LeaderObserver observer(**client, name);
  const Interrupt interrupt([&observer](int /*signal*/) { observer.Cancel(); });
  const auto printer = session.MakePrinter();
  while (true) {
    auto leader = observer.Next();
    if (!leader.ok()) {
      return interrupt.raised() ? absl::OkStatus() : CallFailure(session, leader.status());
    }
    etcdserverpb::RangeResponse shown;
    *shown.mutable_header() = leader->header;
    *shown.add_kvs() = leader->kv;
    Session::Write(printer->Range(shown));
  }
}

absl::Status RunElect(bool listen, Session& session, const Arguments& arguments) {
  if (arguments.empty() || arguments.size() > 2) {
    return Failure(kExitBadArguments,
                   "elect takes one election name argument and an optional proposal argument");
  }
  if (listen && arguments.size() > 1) {
    return Failure(kExitBadArguments, "proposal given but -l is set");
  }
  if (!listen && arguments.size() == 1) {
    return Failure(kExitBadArguments, "no proposal argument but -l not set");
  }
  if (absl::Status refused = session.Refuse(Format::kTable); !refused.ok()) return refused;
  return listen ? Listen(session, arguments[0]) : Campaign(session, arguments);
}

Runner PrepareLock(FlagSet& set) {
  auto ttl_seconds = std::make_shared<int64_t>(10);
  set.Add("ttl", ttl_seconds.get(), "After so many seconds of silence the lock is somebody else's");
  return [ttl_seconds](Session& session, const Arguments& arguments) {
    constexpr int64_t kDefaultTtlSeconds = 60;
    return RunLock(*ttl_seconds > 0 ? *ttl_seconds : kDefaultTtlSeconds, session, arguments);
  };
}

Runner PrepareElect(FlagSet& set) {
  auto listen = std::make_shared<bool>(false);
  set.Add("listen", listen.get(), "Do not stand for election, print who leads");
  set.Shorthand('l');
  return [listen](Session& session, const Arguments& arguments) {
    return RunElect(*listen, session, arguments);
  };
}

}  // namespace

std::vector<Command> LockCommands() {
  return {
      {"lock", "<name> [program arguments...]", "Holds a lock, or runs a program while holding it",
       "  stele lock nightly                        waits, prints its key, holds it until Ctrl-C\n"
       "  stele lock nightly -- ./report --all      runs the program, with ETCD_LOCK_KEY and\n"
       "                                            ETCD_LOCK_REV in its environment\n"
       "\n"
       "A program's exit code is passed on. When the connection is lost for longer than --ttl, "
       "the\n"
       "lock is lost and the program is sent SIGTERM.\n",
       PrepareLock},
      {"elect", "<name> [proposal]", "Stands for election, or prints who leads",
       "  stele elect scheduler host-1       waits until it leads, prints its key, leads until "
       "Ctrl-C\n"
       "  stele elect scheduler -l           prints every leader\n",
       PrepareElect},
  };
}

}  // namespace stele::cli
