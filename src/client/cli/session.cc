#include "src/client/cli/session.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "src/client/cli/exit_status.h"

namespace stele::cli {
namespace {

const char* FormatName(Format format) { return format == Format::kTable ? "table" : "protobuf"; }

// The value of the flag's variable, STELE_ before ETCDCTL_; null when neither is set. An empty
// variable counts as not set.
const char* FromEnvironment(const std::string& flag) {
  const std::string name = absl::StrReplaceAll(absl::AsciiStrToUpper(flag), {{"-", "_"}});
  for (const char* prefix : {"STELE_", "ETCDCTL_"}) {
    const char* value = std::getenv(absl::StrCat(prefix, name).c_str());
    if (value != nullptr && *value != '\0') return value;
  }
  return nullptr;
}

}  // namespace

void GlobalFlags::Register(FlagSet& flags) {
  flags.Add("cacert", &cacert, "CA bundle of TLS servers (TLS is not supported yet)");
  flags.Add("cert", &cert, "Client certificate (TLS is not supported yet)");
  flags.Add("command-timeout", &command_timeout, "Limit of one short command");
  flags.Add("debug", &debug, "Accepted for etcdctl's sake; does nothing");
  flags.Add("dial-timeout", &dial_timeout, "How long to look for an endpoint that answers");
  flags.Add("discovery-srv", &discovery_srv, "Domain to look endpoints up in (not supported yet)");
  flags.Shorthand('d');
  flags.Add("discovery-srv-name", &discovery_srv_name, "Service name for --discovery-srv");
  flags.Add("endpoints", &endpoints,
            "Members to talk to, host:port or http://host:port, by commas");
  flags.Add("hex", &hex, "Print keys and values as hexadecimal escapes");
  flags.Add("insecure-discovery", &insecure_discovery, "Accepted for etcdctl's sake");
  flags.Add("insecure-skip-tls-verify", &insecure_skip_tls_verify, "Accepted for etcdctl's sake");
  flags.Add("insecure-transport", &insecure_transport, "Connect without TLS");
  flags.Add("keepalive-time", &keepalive_time, "Ping a connection after this silence");
  flags.Add("keepalive-timeout", &keepalive_timeout, "Drop it when the answer takes longer");
  flags.Add("key", &key, "Key of --cert (TLS is not supported yet)");
  flags.Add("password", &password, "Password of --user (not supported yet)");
  flags.Add("user", &user, "User name[:password] (not supported yet)");
  flags.Add("write-out", &write_out, "Output format: fields, json, protobuf, simple or table");
  flags.Shorthand('w');
}

absl::Status GlobalFlags::ReadEnvironment(FlagSet& flags) {
  // A copy: setting a default changes the flags that are walked over.
  const std::vector<Flag> all = flags.flags();
  for (const Flag& flag : all) {
    const char* value = FromEnvironment(flag.name);
    if (value == nullptr) continue;
    absl::Status set = flags.SetDefault(flag.name, value);
    if (!set.ok()) {
      return absl::Status(set.code(),
                          absl::StrCat(std::string(set.message()), " (from the environment)"));
    }
  }
  return absl::OkStatus();
}

absl::Status GlobalFlags::Check() const {
  if (!FormatNamed(write_out)) return Failure(kExitBadFeature, "unsupported output format");
  if (!cacert.empty() || !cert.empty() || !key.empty()) {
    return Failure(kExitBadFeature,
                   "TLS is not supported yet: leave out --cacert, --cert and --key");
  }
  if (!user.empty() || !password.empty()) {
    return Failure(kExitBadFeature,
                   "authentication is not supported yet: leave out --user and --password");
  }
  if (!discovery_srv.empty()) {
    return Failure(kExitBadFeature, "DNS discovery is not supported yet: use --endpoints");
  }
  return absl::OkStatus();
}

Session::Session(const GlobalFlags& flags)
    : flags_(flags), format_(FormatNamed(flags.write_out).value_or(Format::kSimple)) {}

absl::Status Session::Refuse(Format format) const {
  if (format_ != format) return absl::OkStatus();
  return Failure(kExitBadFeature,
                 absl::StrCat(FormatName(format), " not supported as output format"));
}

client::ClientOptions Session::Options(std::vector<std::string> endpoints) const {
  client::ClientOptions options;
  options.endpoints = std::move(endpoints);
  options.dial_timeout = flags_.dial_timeout;
  options.call_timeout = flags_.command_timeout;
  // Servers end connections that ping more often than every five seconds.
  options.keepalive_time = std::max(flags_.keepalive_time, absl::Seconds(10));
  options.keepalive_timeout = flags_.keepalive_timeout;
  return options;
}

absl::StatusOr<client::Client*> Session::client() {
  if (client_ == nullptr) {
    auto made = client::Client::Create(Options(flags_.endpoints));
    if (!made.ok()) return Failure(kExitBadArguments, std::string(made.status().message()));
    client_ = *std::move(made);
  }
  return client_.get();
}

absl::StatusOr<std::unique_ptr<client::Client>> Session::ClientOf(
    const std::string& endpoint) const {
  return client::Client::Create(Options({endpoint}));
}

absl::StatusOr<std::unique_ptr<client::Client>> Session::ClientOf(
    std::vector<std::string> endpoints) const {
  return client::Client::Create(Options(std::move(endpoints)));
}

std::unique_ptr<Printer> Session::MakePrinter(bool values_only) const {
  return cli::MakePrinter(format_, {flags_.hex, values_only});
}

void Session::Write(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

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

std::string ShortReason(const absl::Status& status) {
  if (absl::IsUnavailable(status) && client::EndpointOf(status).empty()) return "cannot connect";
  if (absl::IsDeadlineExceeded(status)) return "context deadline exceeded";
  return std::string(status.message());
}

absl::Status CallFailure(const Session& session, const absl::Status& status) {
  const bool answered = !client::EndpointOf(status).empty();
  const std::string message(status.message());
  if (absl::IsDeadlineExceeded(status)) {
    return Failure(
        kExitError,
        absl::StrCat(
            "context deadline exceeded: no answer from ",
            answered ? client::EndpointOf(status) : absl::StrJoin(session.flags().endpoints, ","),
            "; the cluster may have no leader (try `stele endpoint status`), or "
            "allow more time with --command-timeout"));
  }
  if (absl::IsUnavailable(status) && !answered) {
    return Failure(kExitError,
                   absl::StrCat("cannot connect to ", absl::StrJoin(session.flags().endpoints, ","),
                                ": is steled running there? Name other members with "
                                "--endpoints"));
  }
  return Failure(kExitError, message);
}

}  // namespace stele::cli
