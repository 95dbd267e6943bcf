#include "src/client/cli/mirror.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "src/client/cli/exit_status.h"
#include "src/client/watcher.h"

namespace stele::cli {
namespace {

constexpr int64_t kPageSize = 1000;
// Far below what servers take in one request, which counts the largest value on top.
constexpr size_t kTxnBytesMax = 256 * 1024;
constexpr absl::Duration kPauseWithoutDestination = absl::Seconds(1);

}  // namespace

Mirror::Mirror(client::Client& source, client::Client& destination, MirrorPlan plan)
    : source_(source), destination_(destination), plan_(std::move(plan)) {}

absl::Status Mirror::Run() {
  int64_t start_revision = plan_.revision;
  if (start_revision == 0) {
    auto copied = CopyAll();
    if (!copied.ok()) return copied.status();
    start_revision = *copied + 1;
  }
  return Follow(start_revision);
}

absl::StatusOr<int64_t> Mirror::CopyAll() {
  absl::Status sent;
  auto revision =
      source_.ReadInPages(client::KeyRange::Prefix(plan_.prefix), kPageSize, [&](const auto& page) {
        for (const auto& kv : page.kvs()) {
          AddPut(kv);
          const bool full = pending_.success_size() >= plan_.txn_ops_max ||
                            pending_.ByteSizeLong() >= kTxnBytesMax;
          if (full) sent = Send();
          if (!sent.ok()) return false;
        }
        return true;
      });
  if (!sent.ok()) return sent;
  if (!revision.ok()) return revision.status();
  sent = Send();
  if (!sent.ok()) return sent;
  return *revision;
}

absl::Status Mirror::Follow(int64_t start_revision) {
  client::Watcher watcher(source_,
                          client::WatchOf(client::KeyRange::Prefix(plan_.prefix), start_revision));
  while (true) {
    auto response = watcher.Next();
    if (!response.ok()) return response.status();
    if (response->compact_revision() != 0) {
      return Failure(kExitError,
                     absl::StrCat("etcdserver: mvcc: required revision has been compacted; the "
                                  "mirror fell behind revision ",
                                  response->compact_revision(), ", start it again without --rev"));
    }
    if (response->canceled()) return Failure(kExitError, response->cancel_reason());
    int64_t revision = 0;
    for (const auto& event : response->events()) {
      // The changes of one revision belong together, and a txn may change each key only once.
      const bool full = pending_.success_size() >= plan_.txn_ops_max;
      if (full || event.kv().mod_revision() != revision) {
        if (absl::Status sent = Send(); !sent.ok()) return sent;
      }
      revision = event.kv().mod_revision();
      if (event.type() == mvccpb::Event::PUT) {
        AddPut(event.kv());
      } else {
        AddDelete(event.kv());
      }
    }
    if (absl::Status sent = Send(); !sent.ok()) return sent;
  }
}

void Mirror::AddPut(const mvccpb::KeyValue& kv) {
  // The key that is the whole prefix has no name in the root of the destination.
  if (DestinationKey(kv.key()).empty()) return;
  // Without the lease: leases are the source cluster's.
  auto& put = *pending_.add_success()->mutable_request_put();
  put.set_key(DestinationKey(kv.key()));
  put.set_value(kv.value());
}

void Mirror::AddDelete(const mvccpb::KeyValue& kv) {
  if (DestinationKey(kv.key()).empty()) return;
  pending_.add_success()->mutable_request_delete_range()->set_key(DestinationKey(kv.key()));
}

absl::Status Mirror::Send() {
  if (pending_.success().empty()) return absl::OkStatus();
  while (true) {
    absl::Status sent = destination_.Txn(pending_).status();
    if (sent.ok()) {
      connected_ = true;
      mirrored_ += pending_.success_size();
      pending_.Clear();
      return sent;
    }
    // Whether a lost answer's txn happened makes no difference: it leads to the same keys again.
    const bool away = absl::IsUnavailable(sent) || absl::IsDeadlineExceeded(sent);
    if (!away || !connected_) {
      return Failure(kExitError, absl::StrCat("destination: ", std::string(sent.message())));
    }
    absl::SleepFor(kPauseWithoutDestination);
  }
}

std::string Mirror::DestinationKey(const std::string& key) const {
  return plan_.dest_prefix + key.substr(plan_.prefix.size());
}

}  // namespace stele::cli
