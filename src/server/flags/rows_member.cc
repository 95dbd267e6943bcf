// The rows of what a member is and how much of everything it takes.
#include "src/server/flags/flag_table.h"

namespace stele::server {

FlagGroup MemberFlags() {
  return {
      "Member",
      {
          Works("name", FlagKind::kText, "default", &Options::name, "This member's name."),
          Works("data-dir", FlagKind::kText, "", &Options::data_dir,
                "The data directory. Empty: <name>.stele in the working directory."),
          Works("listen-peer-urls", FlagKind::kUrls, "http://localhost:2380",
                &Options::listen_peer_urls, "Where other members connect to."),
          Works("listen-client-urls", FlagKind::kUrls, "http://localhost:2379",
                &Options::listen_client_urls,
                "Where clients connect to, with gRPC and HTTP on the same port."),
          Works("listen-client-http-urls", FlagKind::kUrls, "", &Options::listen_client_http_urls,
                "Where HTTP is served; --listen-client-urls then serve gRPC only."),
          Ignored("wal-dir", FlagKind::kText, "", "the log is in <data-dir>/member/wal"),
      },
  };
}

FlagGroup ClusterFlags() {
  return {
      "Clustering",
      {
          Works("initial-advertise-peer-urls", FlagKind::kUrls, "http://localhost:2380",
                &Options::initial_advertise_peer_urls,
                "This member's peer URLs, as the others are told."),
          Works("advertise-client-urls", FlagKind::kUrls, "http://localhost:2379",
                &Options::advertise_client_urls,
                "This member's client URLs, as clients are told. Must be given when "
                "--listen-client-urls is."),
          Works("initial-cluster", FlagKind::kText, "", &Options::initial_cluster,
                "All members, for the first start: name=peerURL,... Empty: this member alone."),
          Works("initial-cluster-state", FlagKind::kText, "new", &Options::initial_cluster_state,
                "'new' to found a cluster, 'existing' to join one. Without meaning later.")
              .Choices("new|existing"),
          Works("initial-cluster-token", FlagKind::kText, "etcd-cluster",
                &Options::initial_cluster_token,
                "Sets clusters with the same members apart. For the first start."),
          Works("strict-reconfig-check", FlagKind::kBool, "true", &Options::strict_reconfig_check,
                "Refuse changes of the members that would endanger the quorum."),
          Works("max-learners", FlagKind::kInt, "1", &Options::max_learners,
                "The most members that may be learners.")
              .Former("experimental-max-learners"),
          Works("config-file", FlagKind::kText, "", std::monostate(),
                "A YAML file with all of this: other flags and the environment are ignored then."),
          Works("version", FlagKind::kBool, "false", std::monostate(),
                "Print the version and exit."),
          Ignored("enable-grpc-gateway", FlagKind::kBool, "true",
                  "there is no JSON gateway yet to be switched off"),
      },
  };
}

FlagGroup TimingFlags() {
  return {
      "Raft",
      {
          Works("heartbeat-interval", FlagKind::kUint, "100", &Options::heartbeat_interval_ms,
                "Milliseconds between heartbeats of the leader."),
          Works("election-timeout", FlagKind::kUint, "1000", &Options::election_timeout_ms,
                "Milliseconds without a heartbeat before an election: five heartbeats or more, "
                "50000 at most."),
          Works("snapshot-count", FlagKind::kUint, "10000", &Options::snapshot_count,
                "Entries applied before the store is flushed and the log behind it let go."),
          Works("snapshot-catchup-entries", FlagKind::kUint, "5000",
                &Options::snapshot_catchup_entries,
                "Entries the log keeps for slow followers (32 MiB at most).")
              .Former("experimental-snapshot-catchup-entries,"
                      "experimental-snapshot-catch-up-entries"),
          Works("snapshot-bandwidth", FlagKind::kUint, "67108864", &Options::snapshot_bandwidth,
                "Bytes a second at which a snapshot is sent to a member. 0: no bound."),
          Ignored("pre-vote", FlagKind::kBool, "true",
                  "members always ask for votes before they raise the term"),
          Ignored("initial-election-tick-advance", FlagKind::kBool, "true",
                  "a member always waits a whole election timeout at its start"),
          Ignored("raft-read-timeout", FlagKind::kDuration, "5s",
                  "a silent connection between members is given up by its keepalive"),
          Ignored("raft-write-timeout", FlagKind::kDuration, "5s",
                  "a silent connection between members is given up by its keepalive"),
          Ignored("max-snapshots", FlagKind::kUint, "5", "no snapshot files are kept"),
          Ignored("max-wals", FlagKind::kUint, "5",
                  "segments of the log are removed as soon as nobody needs them"),
      },
  };
}

FlagGroup LimitFlags() {
  return {
      "Limits",
      {
          Works("max-txn-ops", FlagKind::kUint, "128", &Options::max_txn_ops,
                "The most operations in a transaction."),
          Works("max-request-bytes", FlagKind::kUint, "1572864", &Options::max_request_bytes,
                "The largest request, 1 KiB to 1 GiB."),
          Works("max-concurrent-streams", FlagKind::kUint32, "1000",
                &Options::max_concurrent_streams,
                "The most calls at a time on one connection. (etcd: no limit)"),
          Works("grpc-keepalive-min-time", FlagKind::kDuration, "5s",
                &Options::grpc_keepalive_min_time,
                "Clients that ping more often are disconnected."),
          Works("grpc-keepalive-interval", FlagKind::kDuration, "2h",
                &Options::grpc_keepalive_interval,
                "How long a connection may be silent before it is asked for a sign of life. "
                "0: for ever."),
          Works("grpc-keepalive-timeout", FlagKind::kDuration, "20s",
                &Options::grpc_keepalive_timeout,
                "How long the sign of life may take. 0: for ever."),
          Ignored("warning-apply-duration", FlagKind::kDuration, "100ms",
                  "slow requests are not logged yet")
              .Former("experimental-warning-apply-duration"),
          Ignored("warning-unary-request-duration", FlagKind::kDuration, "300ms",
                  "slow requests are not logged yet")
              .Former("experimental-warning-unary-request-duration"),
          Ignored("socket-reuse-port", FlagKind::kBool, "false", "no port is shared")
              .Former("socket-options.reuse-port"),
          Ignored("socket-reuse-address", FlagKind::kBool, "false", "SO_REUSEADDR is always set")
              .Former("socket-options.reuse-address")
              .Quiet("true"),
      },
  };
}

}  // namespace stele::server
