#include "src/server/api/method_rows.h"

#include <algorithm>
#include <vector>

#include "proto/health.pb.h"
#include "proto/rpc.pb.h"
#include "src/raft/check.h"
#include "src/server/api/errors.h"

namespace stele::server {

const Method* MethodRows::Find(std::string_view path) const {
  auto row = rows_.find(absl::string_view(path.data(), path.size()));
  return row == rows_.end() ? nullptr : &row->second;
}

bool MethodRows::HasService(std::string_view service) const {
  return services_.contains(absl::string_view(service.data(), service.size()));
}

void MethodRows::Add(Method method) {
  const std::size_t slash = method.path.rfind('/');
  STELE_CHECK(slash != std::string::npos && slash > 0 && method.path[0] == '/');
  services_.insert(method.path.substr(1, slash - 1));
  std::string path = method.path;
  const bool added = rows_.emplace(std::move(path), std::move(method)).second;
  STELE_CHECK(added);
}

void MethodRows::FillUnimplemented(const google::protobuf::ServiceDescriptor& service) {
  for (int i = 0; i < service.method_count(); ++i) {
    const std::string path = absl::StrCat("/", service.full_name(), "/", service.method(i)->name());
    if (rows_.contains(path)) continue;
    unimplemented_.insert(path);
    const absl::Status answer = absl::UnimplementedError(
        absl::StrCat("stele: ", service.method(i)->full_name(),
                     " is not implemented yet; docs/compatibility.md lists what is"));
    Method row;
    row.path = path;
    row.kind = MethodKind::kUnary;  // one request message is all that any client sends before it
                                    // reads the answer
    row.on_request = [answer](const std::shared_ptr<Call>& call, std::string_view) {
      call->Finish(answer);
    };
    Add(std::move(row));
  }
}

std::vector<std::string> MethodRows::UnimplementedPaths() const {
  std::vector<std::string> paths(unimplemented_.begin(), unimplemented_.end());
  std::sort(paths.begin(), paths.end());
  return paths;
}

absl::Status MethodRows::CheckLeaderWish(const Call& call, const NodeFacts& facts) {
  if (facts.has_leader()) return absl::OkStatus();
  return call.Metadata("hasleader") == "true" ? NoLeaderError() : absl::OkStatus();
}

absl::Status MethodRows::CheckLearner(const google::protobuf::Message& request,
                                      const NodeFacts& facts) {
  if (!facts.is_learner()) return absl::OkStatus();
  const auto* range = dynamic_cast<const etcdserverpb::RangeRequest*>(&request);
  const bool served =
      (range != nullptr && range->serializable()) ||
      dynamic_cast<const etcdserverpb::StatusRequest*>(&request) != nullptr ||
      request.GetDescriptor()->file() == grpc::health::v1::HealthCheckRequest::descriptor()->file();
  return served ? absl::OkStatus() : NotSupportedForLearnerError();
}

}  // namespace stele::server
