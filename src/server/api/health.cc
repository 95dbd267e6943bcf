#include "src/server/api/health.h"

#include <memory>
#include <utility>

#include "proto/health.pb.h"

namespace stele::server {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

absl::Status UnknownService() { return absl::NotFoundError("unknown service"); }

}  // namespace

void AddHealthMethods(const NodeFacts* facts, MethodRows* rows) {
  rows->AddUnary<HealthCheckRequest>(
      "/grpc.health.v1.Health/Check", facts,
      [](const std::shared_ptr<Call>& call, std::unique_ptr<HealthCheckRequest> request) {
        if (!request->service().empty()) return call->Finish(UnknownService());
        HealthCheckResponse response;
        response.set_status(HealthCheckResponse::SERVING);
        call->Reply(response.SerializeAsString());
      });

  // The state does not change while the process serves, so the first answer is the only one; the
  // call stays open until the client or the shutdown ends it.
  Method watch;
  watch.path = "/grpc.health.v1.Health/Watch";
  watch.kind = MethodKind::kServerStream;
  watch.on_request = [](const std::shared_ptr<Call>& call, std::string_view bytes) {
    HealthCheckRequest request;
    if (absl::Status fault = ParseRequest(bytes, &request); !fault.ok()) return call->Finish(fault);
    HealthCheckResponse response;
    response.set_status(request.service().empty() ? HealthCheckResponse::SERVING
                                                  : HealthCheckResponse::SERVICE_UNKNOWN);
    call->Write(response.SerializeAsString());
  };
  rows->Add(std::move(watch));
}

}  // namespace stele::server
