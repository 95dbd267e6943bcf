// The rows of who may do what, and of how a member without --initial-cluster finds the others.
//
// What would protect something is refused as long as it cannot: nobody shall believe to be
// protected. What only adjusts a protection protects nothing by itself and is ignored.
#include "src/server/flags/flag_table.h"

namespace stele::server {
namespace {

constexpr std::string_view kNoTls =
    "TLS is not implemented yet, and steled does not start without the protection asked for";
constexpr std::string_view kTlsDetail = "there is no TLS yet";
constexpr std::string_view kNoAuth = "there are no users and roles yet";
constexpr std::string_view kNoDiscovery =
    "discovery is not implemented yet; name the members with --initial-cluster";
constexpr std::string_view kDiscoveryDetail = "there is no discovery yet";

}  // namespace

FlagGroup SecurityFlags() {
  return {
      "Security",
      {
          Refused("cert-file", FlagKind::kText, "", kNoTls)
              .Former("client-transport-security.cert-file"),
          Refused("key-file", FlagKind::kText, "", kNoTls)
              .Former("client-transport-security.key-file"),
          Refused("trusted-ca-file", FlagKind::kText, "", kNoTls)
              .Former("client-transport-security.trusted-ca-file"),
          Refused("client-cert-auth", FlagKind::kBool, "false", kNoTls)
              .Former("client-transport-security.client-cert-auth"),
          Refused("client-cert-file", FlagKind::kText, "", kNoTls)
              .Former("client-transport-security.client-cert-file"),
          Refused("client-key-file", FlagKind::kText, "", kNoTls)
              .Former("client-transport-security.client-key-file"),
          Refused("client-crl-file", FlagKind::kText, "", kNoTls),
          Refused("client-cert-allowed-hostname", FlagKind::kTexts, "", kNoTls)
              .Former("client-transport-security.allowed-hostname"),
          Refused("client-transport-security.allowed-cn", FlagKind::kTexts, "", kNoTls),
          Refused("auto-tls", FlagKind::kBool, "false", kNoTls)
              .Former("client-transport-security.auto-tls"),
          Refused("peer-cert-file", FlagKind::kText, "", kNoTls)
              .Former("peer-transport-security.cert-file"),
          Refused("peer-key-file", FlagKind::kText, "", kNoTls)
              .Former("peer-transport-security.key-file"),
          Refused("peer-trusted-ca-file", FlagKind::kText, "", kNoTls)
              .Former("peer-transport-security.trusted-ca-file"),
          Refused("peer-client-cert-auth", FlagKind::kBool, "false", kNoTls)
              .Former("peer-transport-security.client-cert-auth"),
          Refused("peer-client-cert-file", FlagKind::kText, "", kNoTls)
              .Former("peer-transport-security.client-cert-file"),
          Refused("peer-client-key-file", FlagKind::kText, "", kNoTls)
              .Former("peer-transport-security.client-key-file"),
          Refused("peer-crl-file", FlagKind::kText, "", kNoTls),
          Refused("peer-cert-allowed-cn", FlagKind::kTexts, "", kNoTls)
              .Former("peer-transport-security.allowed-cn"),
          Refused("peer-cert-allowed-hostname", FlagKind::kTexts, "", kNoTls)
              .Former("peer-transport-security.allowed-hostname"),
          Refused("peer-auto-tls", FlagKind::kBool, "false", kNoTls)
              .Former("peer-transport-security.auto-tls"),
          Ignored("peer-skip-client-san-verification", FlagKind::kBool, "false", kTlsDetail)
              .Former("experimental-peer-skip-client-san-verification,"
                      "client-transport-security.skip-client-san-verification,"
                      "peer-transport-security.skip-client-san-verification"),
          Ignored("self-signed-cert-validity", FlagKind::kUint, "1", kTlsDetail),
          Ignored("cipher-suites", FlagKind::kTexts, "", kTlsDetail),
          Ignored("tls-min-version", FlagKind::kText, "TLS1.2", kTlsDetail)
              .Choices("TLS1.2|TLS1.3|"),
          Ignored("tls-max-version", FlagKind::kText, "", kTlsDetail).Choices("TLS1.2|TLS1.3|"),
          Ignored("cors", FlagKind::kTexts, "*",
                  "answers carry no CORS headers, so browsers keep other origins out")
              .Quiet("|"),
          Refused("host-whitelist", FlagKind::kTexts, "*",
                  "host names of requests are not checked yet, and steled does not start without "
                  "the protection asked for")
              .Quiet("|"),
      },
  };
}

FlagGroup AuthFlags() {
  return {
      "Auth",
      {
          Refused("auth-token", FlagKind::kText, "simple",
                  "there are no users and roles yet, and so no tokens"),
          Ignored("auth-token-ttl", FlagKind::kUint, "300", kNoAuth),
          Ignored("bcrypt-cost", FlagKind::kUint, "10", kNoAuth),
      },
  };
}

// A member that ignored where its cluster is to be found would found one of its own.
FlagGroup DiscoveryFlags() {
  return {
      "Discovery",
      {
          Refused("discovery", FlagKind::kText, "", kNoDiscovery),
          Refused("discovery-srv", FlagKind::kText, "", kNoDiscovery),
          Refused("discovery-srv-name", FlagKind::kText, "", kNoDiscovery),
          Refused("discovery-token", FlagKind::kText, "", kNoDiscovery)
              .Former("discovery-config.token"),
          Refused("discovery-endpoints", FlagKind::kTexts, "", kNoDiscovery)
              .Former("discovery-config.client.endpoints"),
          Ignored("discovery-fallback", FlagKind::kText, "exit", kDiscoveryDetail)
              .Choices("exit|proxy"),
          Ignored("discovery-proxy", FlagKind::kText, "", kDiscoveryDetail),
          Ignored("discovery-dial-timeout", FlagKind::kDuration, "2s", kDiscoveryDetail)
              .Former("discovery-config.client.dial-timeout"),
          Ignored("discovery-request-timeout", FlagKind::kDuration, "5s", kDiscoveryDetail)
              .Former("discovery-config.client.request-timeout"),
          Ignored("discovery-keepalive-time", FlagKind::kDuration, "2s", kDiscoveryDetail)
              .Former("discovery-config.client.keepalive-time"),
          Ignored("discovery-keepalive-timeout", FlagKind::kDuration, "6s", kDiscoveryDetail)
              .Former("discovery-config.client.keepalive-timeout"),
          Ignored("discovery-insecure-transport", FlagKind::kBool, "true", kDiscoveryDetail)
              .Former("discovery-config.client.secure.insecure-transport"),
          Ignored("discovery-insecure-skip-tls-verify", FlagKind::kBool, "false", kDiscoveryDetail)
              .Former("discovery-config.client.secure.insecure-skip-tls-verify"),
          Ignored("discovery-cert", FlagKind::kText, "", kDiscoveryDetail)
              .Former("discovery-config.client.secure.cert"),
          Ignored("discovery-key", FlagKind::kText, "", kDiscoveryDetail)
              .Former("discovery-config.client.secure.key"),
          Ignored("discovery-cacert", FlagKind::kText, "", kDiscoveryDetail)
              .Former("discovery-config.client.secure.cacert"),
          Ignored("discovery-user", FlagKind::kText, "", kDiscoveryDetail)
              .Former("discovery-config.client.auth.username"),
          Ignored("discovery-password", FlagKind::kText, "", kDiscoveryDetail)
              .Former("discovery-config.client.auth.password"),
      },
  };
}

}  // namespace stele::server
