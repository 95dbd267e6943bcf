// endpoint status, endpoint health and endpoint hashkv.
#include <cstdio>
#include <functional>
#include <memory>
#include <thread>

#include "absl/strings/str_cat.h"
#include "src/client/cli/command.h"
#include "src/client/cli/exit_status.h"

namespace stele::cli {
namespace {

// Asks all endpoints at once, so that a dead one costs its time only once.
void ForEach(const std::vector<std::string>& endpoints, const std::function<void(size_t)>& ask) {
  std::vector<std::thread> threads;
  threads.reserve(endpoints.size());
  for (size_t i = 0; i < endpoints.size(); ++i) threads.emplace_back(ask, i);
  for (std::thread& thread : threads) thread.join();
}

absl::Status Status(bool whole_cluster, Session& session) {
  if (absl::Status refused = session.Refuse(Format::kProtobuf); !refused.ok()) return refused;
  auto endpoints = EndpointsToAsk(session, whole_cluster);
  if (!endpoints.ok()) return endpoints.status();
  std::vector<absl::StatusOr<etcdserverpb::StatusResponse>> answers(endpoints->size(),
                                                                    absl::UnknownError(""));
  ForEach(*endpoints, [&](size_t i) {
    auto client = session.ClientOf((*endpoints)[i]);
    answers[i] = client.ok() ? (*client)->Status(session.call_options()) : client.status();
  });
  std::vector<EndpointStatus> statuses;
  absl::Status result;
  for (size_t i = 0; i < answers.size(); ++i) {
    if (answers[i].ok()) {
      statuses.push_back({(*endpoints)[i], *answers[i]});
      continue;
    }
    std::fprintf(stderr, "Failed to get the status of endpoint %s (%s)\n", (*endpoints)[i].c_str(),
                 ShortReason(answers[i].status()).c_str());
    result = Failure(kExitError, "");
  }
  Session::Write(session.MakePrinter()->Status(statuses));
  return result;
}

// A member is healthy when it answers a linearizable read, for which it needs a leader and a
// quorum.
EndpointHealth AskHealth(const Session& session, const std::string& endpoint) {
  EndpointHealth health;
  health.endpoint = endpoint;
  const absl::Time asked_at = absl::Now();
  auto client = session.ClientOf(endpoint);
  absl::Status status = client.status();
  if (client.ok()) {
    etcdserverpb::RangeRequest request;
    request.set_key("health");
    status = (*client)->Range(request, session.call_options()).status();
  }
  health.took = absl::Now() - asked_at;
  // Who is refused has been answered.
  health.healthy = status.ok() || absl::IsPermissionDenied(status);
  if (!health.healthy) health.error = ShortReason(status);
  return health;
}

absl::Status Health(bool whole_cluster, Session& session) {
  if (absl::Status refused = session.Refuse(Format::kProtobuf); !refused.ok()) return refused;
  auto endpoints = EndpointsToAsk(session, whole_cluster);
  if (!endpoints.ok()) return endpoints.status();
  std::vector<EndpointHealth> healths(endpoints->size());
  ForEach(*endpoints, [&](size_t i) { healths[i] = AskHealth(session, (*endpoints)[i]); });
  const std::string text = session.MakePrinter()->Health(healths);
  if (session.format() == Format::kSimple) {
    // Scripts written for etcd's command line look for these lines on the standard error.
    std::fwrite(text.data(), 1, text.size(), stderr);
  } else {
    Session::Write(text);
  }
  for (const EndpointHealth& health : healths) {
    if (!health.healthy) return Failure(kExitError, "unhealthy cluster");
  }
  return absl::OkStatus();
}

absl::Status Hash(bool whole_cluster, int64_t revision, Session& session) {
  if (absl::Status refused = session.Refuse(Format::kProtobuf); !refused.ok()) return refused;
  auto endpoints = EndpointsToAsk(session, whole_cluster);
  if (!endpoints.ok()) return endpoints.status();
  std::vector<absl::StatusOr<etcdserverpb::HashKVResponse>> answers(endpoints->size(),
                                                                    absl::UnknownError(""));
  ForEach(*endpoints, [&](size_t i) {
    auto client = session.ClientOf((*endpoints)[i]);
    answers[i] =
        client.ok() ? (*client)->HashKV(revision, session.call_options()) : client.status();
  });
  std::vector<EndpointHash> hashes;
  absl::Status result;
  for (size_t i = 0; i < answers.size(); ++i) {
    if (answers[i].ok()) {
      hashes.push_back({(*endpoints)[i], *answers[i]});
      continue;
    }
    const std::string reason = ShortReason(answers[i].status());
    std::fprintf(stderr, "Failed to get the hash of endpoint %s (%s)\n", (*endpoints)[i].c_str(),
                 reason.c_str());
    result = Failure(kExitError, reason);
  }
  if (!hashes.empty()) Session::Write(session.MakePrinter()->Hashes(hashes));
  return result;
}

Runner PrepareHash(FlagSet& set) {
  auto whole_cluster = std::make_shared<bool>(false);
  auto revision = std::make_shared<int64_t>(0);
  set.Add("cluster", whole_cluster.get(), "Ask every member of the cluster");
  set.Add("rev", revision.get(), "Hash the history up to this revision; 0 means the newest");
  return [whole_cluster, revision](Session& session, const std::vector<std::string>&) {
    return Hash(*whole_cluster, *revision, session);
  };
}

Runner Prepare(FlagSet& set, absl::Status (*run)(bool, Session&)) {
  auto whole_cluster = std::make_shared<bool>(false);
  set.Add("cluster", whole_cluster.get(), "Ask every member of the cluster");
  return [whole_cluster, run](Session& session, const std::vector<std::string>& /*arguments*/) {
    return run(*whole_cluster, session);
  };
}

}  // namespace

std::vector<Command> EndpointCommands() {
  return {
      {"endpoint status", "", "Prints who leads, how much data there is and how far each member is",
       "  stele endpoint status --cluster -w table\n",
       [](FlagSet& set) { return Prepare(set, Status); }},
      {"endpoint health", "", "Checks that members answer a linearizable read",
       "  stele endpoint health --cluster      exit code 1 when one of them does not\n",
       [](FlagSet& set) { return Prepare(set, Health); }},
      {"endpoint hashkv", "", "Prints the hash of every member's history, equal when the data is",
       "  stele endpoint hashkv --cluster -w table\n"
       "  stele endpoint hashkv --cluster --rev=1200   while there are writes: up to a revision\n",
       PrepareHash}};
}

}  // namespace stele::cli
