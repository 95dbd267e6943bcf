#include "src/server/http_endpoints.h"

#include <utility>

#include "absl/strings/str_split.h"
#include "nlohmann/json.hpp"
#include "src/server/api/maintenance.h"

namespace stele::server {
namespace {

HttpResponse Json(int status, const nlohmann::ordered_json& body) {
  HttpResponse response;
  response.status = status;
  response.content_type = "application/json";
  response.body = body.dump();
  return response;
}

HttpResponse HealthAnswer(const std::string& reason) {
  if (reason.empty()) return Json(200, {{"health", "true"}, {"reason", ""}});
  return Json(503, {{"health", "false"}, {"reason", reason}});
}

bool QueryHas(const std::string& query, const std::string& parameter) {
  for (const absl::string_view part : absl::StrSplit(query, '&')) {
    if (part == parameter) return true;
  }
  return false;
}

}  // namespace

HttpEndpoints::HttpEndpoints(const NodeFacts* facts, Reader* reader,
                             std::function<MetricValues()> metrics)
    : facts_(facts), reader_(reader), metrics_(std::move(metrics)) {}

void HttpEndpoints::Handle(const HttpRequest& request, HttpRespond respond) {
  const bool known =
      request.path == "/health" || request.path == "/version" || request.path == "/metrics";
  if (!known) {
    HttpResponse response;
    response.status = 404;
    response.body = "404 page not found\n";
    return respond(std::move(response));
  }
  if (request.method != "GET" && request.method != "HEAD") {
    HttpResponse response;
    response.status = 405;
    response.headers.emplace_back("Allow", "GET");
    response.body = "Method Not Allowed\n";
    return respond(std::move(response));
  }
  if (request.path == "/health") return Health(request, std::move(respond));
  if (request.path == "/version") {
    return respond(Json(200, {{"etcdserver", kApiVersion},
                              {"etcdcluster", kClusterVersion},
                              {"storage", kStorageVersion},
                              {"stele", STELE_VERSION}}));
  }
  HttpResponse response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = MetricsText(metrics_());
  respond(std::move(response));
}

// The first alarm that the question does not leave out; empty: none.
std::string HttpEndpoints::AlarmReason(const HttpRequest& request) const {
  for (const etcdserverpb::AlarmMember& alarm : reader_->Serializable()->Alarms()) {
    const std::string& name = etcdserverpb::AlarmType_Name(alarm.alarm());
    if (QueryHas(request.query, "exclude=" + name)) continue;
    return "ALARM " + (name.empty() ? "UNKNOWN" : name);
  }
  return "";
}

void HttpEndpoints::Health(const HttpRequest& request, HttpRespond respond) {
  if (const std::string reason = AlarmReason(request); !reason.empty()) {
    return respond(HealthAnswer(reason));
  }
  if (QueryHas(request.query, "serializable=true")) {
    return respond(HealthAnswer(""));
  }
  if (!facts_->has_leader()) return respond(HealthAnswer("RAFT NO LEADER"));
  reader_->Linearizable([respond = std::move(respond)](const absl::StatusOr<Reader::View>& view) {
    respond(HealthAnswer(view.ok() ? "" : "QGET ERROR:" + std::string(view.status().message())));
  });
}

}  // namespace stele::server
