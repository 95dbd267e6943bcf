#include "tests/conformance/subject.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "tests/conformance/http_exchange.h"

namespace stele::conformance {
namespace {

constexpr absl::Duration kVersionLimit = absl::Seconds(10);

// Asks who it is; only Stele has a version of its own beside the one of the API.
absl::Status Identify(Subject* subject) {
  const absl::StatusOr<HttpResponse> response =
      ExchangeHttp(subject->address, HttpRequest("GET", "/version", ""), kVersionLimit);
  if (!response.ok()) {
    return absl::UnavailableError(
        absl::StrCat(subject->address, ": ", response.status().message()));
  }
  const nlohmann::json json = nlohmann::json::parse(response->body, nullptr, false);
  if (!json.is_object() || !json.contains("etcdserver")) {
    return absl::UnavailableError(
        absl::StrCat(subject->address, ": /version does not look like a server of the etcd API"));
  }
  const auto version = json["etcdserver"].get<std::string>();
  subject->version = ParseVersion(version);
  subject->is_stele = json.contains("stele");
  subject->name = subject->is_stele ? absl::StrCat("stele ", json["stele"].get<std::string>())
                                    : absl::StrCat("etcd ", version);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Subject> StartSubject(const std::filesystem::path& binary) {
  absl::StatusOr<std::unique_ptr<ServerGroup>> group = ServerGroup::Start(binary, GroupShape());
  if (!group.ok()) return group.status();
  Subject subject;
  subject.own = *std::move(group);
  subject.address = subject.own->address(1);
  subject.binary = binary;
  if (const absl::Status status = Identify(&subject); !status.ok()) return status;
  return subject;
}

absl::StatusOr<Subject> UseEndpoint(const std::string& address,
                                    const std::filesystem::path& binary) {
  Subject subject;
  subject.address = std::string(absl::StripPrefix(address, "http://"));
  subject.binary = binary;
  if (const absl::Status status = Identify(&subject); !status.ok()) return status;
  return subject;
}

}  // namespace stele::conformance
