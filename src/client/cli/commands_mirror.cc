// make-mirror.
#include <memory>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/notification.h"
#include "src/client/cli/command.h"
#include "src/client/cli/exit_status.h"
#include "src/client/cli/kv_requests.h"
#include "src/client/cli/mirror.h"

namespace stele::cli {
namespace {

constexpr absl::Duration kReportInterval = absl::Seconds(30);

struct MirrorFlags {
  MirrorPlan plan;
  bool no_dest_prefix = false;
  bool dest_insecure_transport = true;
  std::string dest_cacert;
  std::string dest_cert;
  std::string dest_key;
  std::string dest_user;
  std::string dest_password;

  void Register(FlagSet& set) {
    set.Add("dest-cacert", &dest_cacert, "As --cacert (TLS is not supported yet)");
    set.Add("dest-cert", &dest_cert, "As --cert (TLS is not supported yet)");
    set.Add("dest-insecure-transport", &dest_insecure_transport, "Connect without TLS");
    set.Add("dest-key", &dest_key, "As --key (TLS is not supported yet)");
    set.Add("dest-password", &dest_password, "As --password (not supported yet)");
    set.Add("dest-prefix", &plan.dest_prefix, "Put this in place of --prefix (default: the same)");
    set.Add("dest-user", &dest_user, "As --user (not supported yet)");
    set.Add("max-txn-ops", &plan.txn_ops_max, "Changes the destination takes in one transaction");
    set.Add("no-dest-prefix", &no_dest_prefix, "Take --prefix away");
    set.Add("prefix", &plan.prefix, "Mirror only keys that start with this");
    set.Add("rev", &plan.revision, "Do not copy, follow the changes from this revision on");
  }

  absl::Status Check() const {
    if (no_dest_prefix && !plan.dest_prefix.empty()) {
      return Failure(kExitBadArguments,
                     "`--dest-prefix` and `--no-dest-prefix` cannot be set at the same time, "
                     "choose one");
    }
    if (!dest_cacert.empty() || !dest_cert.empty() || !dest_key.empty()) {
      return Failure(kExitBadFeature,
                     "TLS is not supported yet: leave out --dest-cacert, "
                     "--dest-cert and --dest-key");
    }
    if (!dest_user.empty() || !dest_password.empty()) {
      return Failure(kExitBadFeature,
                     "authentication is not supported yet: leave out --dest-user "
                     "and --dest-password");
    }
    if (plan.txn_ops_max < 1) {
      return Failure(kExitBadArguments, "--max-txn-ops must be at least 1");
    }
    return absl::OkStatus();
  }
};

// Prints from time to time how much has arrived.
class Reporter {
 public:
  explicit Reporter(const Mirror& mirror)
      : thread_([this, &mirror] {
          while (!over_.WaitForNotificationWithTimeout(kReportInterval)) {
            Session::Write(absl::StrCat(mirror.mirrored(), "\n"));
          }
        }) {}
  Reporter(const Reporter&) = delete;
  Reporter& operator=(const Reporter&) = delete;
  ~Reporter() {
    over_.Notify();
    thread_.join();
  }

 private:
  absl::Notification over_;
  std::thread thread_;
};

absl::Status RunMirror(const MirrorFlags& flags, Session& session, const Arguments& arguments) {
  if (arguments.size() != 1) {
    return Failure(kExitBadArguments, "make-mirror takes one destination argument");
  }
  if (absl::Status checked = flags.Check(); !checked.ok()) return checked;
  auto client = session.client();
  if (!client.ok()) return client.status();
  auto destination = session.ClientOf(std::vector<std::string>(absl::StrSplit(arguments[0], ',')));
  if (!destination.ok()) {
    return Failure(kExitBadArguments, std::string(destination.status().message()));
  }
  // A destination that is not there is told at once, not when the first key is to be sent.
  if (const absl::Status there = (*destination)->Get(KeyRange::One("mirror")).status();
      !there.ok()) {
    return Failure(kExitBadConnection,
                   absl::StrCat("cannot use the destination ", arguments[0], ": ",
                                ShortReason(there), "; is a server running there?"));
  }
  MirrorPlan plan = flags.plan;
  if (!flags.no_dest_prefix && plan.dest_prefix.empty()) plan.dest_prefix = plan.prefix;
  Mirror mirror(**client, **destination, plan);
  const Reporter reporter(mirror);
  const absl::Status end = mirror.Run();
  // The mirror's own findings are lines already.
  return absl::IsUnknown(end) ? end : CallFailure(session, end);
}

Runner PrepareMirror(FlagSet& set) {
  auto flags = std::make_shared<MirrorFlags>();
  flags->Register(set);
  return [flags](Session& session, const Arguments& arguments) {
    return RunMirror(*flags, session, arguments);
  };
}

}  // namespace

std::vector<Command> MirrorCommands() {
  return {
      {"make-mirror", "<destination endpoints>",
       "Copies keys to another cluster, and their changes",
       "  stele make-mirror 10.0.1.1:2379                          everything, until Ctrl-C\n"
       "  stele make-mirror 10.0.1.1:2379 --prefix=app/ --dest-prefix=copy/app/\n"
       "\n"
       "Prints every 30 seconds how many keys and changes have arrived. Leases are not mirrored,\n"
       "and keys that only the destination has stay.\n",
       PrepareMirror}};
}

}  // namespace stele::cli
