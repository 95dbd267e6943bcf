// endpoint status and endpoint health.
#include <cstdio>
#include <functional>
#include <memory>
#include <thread>

#include "absl/strings/str_cat.h"
#include "src/client/cli/command.h"
#include "src/client/cli/exit_status.h"

namespace stele::cli {
namespace {

// The endpoints to ask: those given, or with --cluster those the members advertise.
absl::StatusOr<std::vector<std::string>> EndpointsToAsk(Session& session, bool whole_cluster) {
  if (!whole_cluster) return session.flags().endpoints;
  auto client = session.client();
  if (!client.ok()) return client.status();
  auto members = (*client)->MemberList(/*linearizable=*/true, session.call_options());
  if (!members.ok()) {
    const absl::Status failure = CallFailure(session, members.status());
    return Failure(kExitError, absl::StrCat("failed to fetch endpoints from the member list: ",
                                            std::string(failure.message())));
  }
  std::vector<std::string> endpoints;
  for (const auto& member : members->members()) {
    endpoints.insert(endpoints.end(), member.clienturls().begin(), member.clienturls().end());
  }
  return endpoints;
}

// Asks all endpoints at once, so that a dead one costs its time only once.
void ForEach(const std::vector<std::string>& endpoints, const std::function<void(size_t)>& ask) {
  std::vector<std::thread> threads;
  threads.reserve(endpoints.size());
  for (size_t i = 0; i < endpoints.size(); ++i) threads.emplace_back(ask, i);
  for (std::thread& thread : threads) thread.join();
}

std::string Reason(const absl::Status& status) {
  if (absl::IsUnavailable(status) && client::EndpointOf(status).empty()) return "cannot connect";
  if (absl::IsDeadlineExceeded(status)) return "context deadline exceeded";
  return std::string(status.message());
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
                 Reason(answers[i].status()).c_str());
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
  if (!health.healthy) health.error = Reason(status);
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
       [](FlagSet& set) { return Prepare(set, Health); }}};
}

}  // namespace stele::cli
