// What every command has: the global flags, the client, the output.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "src/client/cli/flags.h"
#include "src/client/cli/printer.h"
#include "src/client/client.h"

namespace stele::cli {

struct GlobalFlags {
  std::vector<std::string> endpoints = {"127.0.0.1:2379"};
  std::string write_out = "simple";
  bool hex = false;
  bool debug = false;
  absl::Duration command_timeout = absl::Seconds(5);
  absl::Duration dial_timeout = absl::Seconds(2);
  absl::Duration keepalive_time = absl::Seconds(10);
  absl::Duration keepalive_timeout = absl::Seconds(6);

  // Known so that scripts need not change; asking for TLS or a user is refused by Check.
  bool insecure_transport = true;
  bool insecure_skip_tls_verify = false;
  bool insecure_discovery = true;
  std::string cacert;
  std::string cert;
  std::string key;
  std::string user;
  std::string password;
  std::string discovery_srv;
  std::string discovery_srv_name;

  void Register(FlagSet& flags);

  // Fills flags that were not given from STELE_* and, behind them, ETCDCTL_* in the environment.
  static absl::Status ReadEnvironment(FlagSet& flags);

  // What cannot be done is refused before anything is sent.
  absl::Status Check() const;
};

class Session {
 public:
  // `flags` must outlive the session and be checked.
  explicit Session(const GlobalFlags& flags);

  const GlobalFlags& flags() const { return flags_; }
  Format format() const { return format_; }

  // Refuses the formats that a command cannot be printed in.
  absl::Status Refuse(Format format) const;

  // A client of the given endpoints, made on first use.
  absl::StatusOr<client::Client*> client();

  // A client of one endpoint, to ask a certain member.
  absl::StatusOr<std::unique_ptr<client::Client>> ClientOf(const std::string& endpoint) const;
  // A client of another cluster's endpoints, with the same limits.
  absl::StatusOr<std::unique_ptr<client::Client>> ClientOf(
      std::vector<std::string> endpoints) const;

  client::CallOptions call_options() const { return {flags_.command_timeout}; }

  std::unique_ptr<Printer> MakePrinter(bool values_only = false) const;

  // Writes to the standard output and flushes it.
  static void Write(const std::string& text);

 private:
  client::ClientOptions Options(std::vector<std::string> endpoints) const;

  const GlobalFlags& flags_;
  Format format_;
  std::unique_ptr<client::Client> client_;
};

// The endpoints to ask one by one: those given, or with `whole_cluster` those the members
// advertise.
absl::StatusOr<std::vector<std::string>> EndpointsToAsk(Session& session, bool whole_cluster);

// Why one endpoint of several has failed, in a few words.
std::string ShortReason(const absl::Status& status);

// The error line of a failed call: the server's own text; when no server answered, which endpoints
// were tried and what to do.
absl::Status CallFailure(const Session& session, const absl::Status& status);

}  // namespace stele::cli
