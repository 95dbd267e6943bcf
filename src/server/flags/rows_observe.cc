// The rows of what a member tells about itself, and of what etcd no longer has.
#include "src/server/flags/flag_table.h"

namespace stele::server {
namespace {

constexpr std::string_view kNoTracing = "there is no tracing yet";
constexpr std::string_view kNoProxy = "there is no proxy";
constexpr std::string_view kGone = "it means nothing in etcd either";

}  // namespace

FlagGroup LoggingFlags() {
  return {
      "Logging",
      {
          Works("log-level", FlagKind::kText, "info", &Options::log_level,
                "debug, info, warn, error, panic or fatal."),
          Works("log-outputs", FlagKind::kTexts, "default", &Options::log_outputs,
                "Where the log goes: default or stderr, stdout, files. SIGHUP reopens files.")
              .Former("log-output"),
          Works("log-format", FlagKind::kText, "json", &Options::log_format,
                "json or console (plain text); on a terminal, stderr is plain text unless json is "
                "asked for."),
          Works("debug", FlagKind::kBool, "false", &Options::debug,
                "The same as --log-level=debug."),
          Ignored("logger", FlagKind::kText, "zap", "the log is JSON lines, or see --log-format")
              .Choices("zap|capnslog"),
          Ignored("log-package-levels", FlagKind::kText, "",
                  "there is one level, --log-level, for all"),
          Ignored("enable-log-rotation", FlagKind::kBool, "false",
                  "log files are rotated from outside: rename them and send SIGHUP"),
          Ignored("log-rotation-config-json", FlagKind::kText,
                  R"({"maxsize": 100, "maxage": 0, "maxbackups": 0, "localtime": false, )"
                  R"("compress": false})",
                  "log files are rotated from outside: rename them and send SIGHUP"),
      },
  };
}

FlagGroup MonitoringFlags() {
  return {
      "Monitoring",
      {
          Works("listen-metrics-urls", FlagKind::kUrls, "", &Options::listen_metrics_urls,
                "More addresses that serve /metrics and /health, as soon as the member runs."),
          Ignored("metrics", FlagKind::kText, "basic", "/metrics always has everything")
              .Choices("basic|extensive"),
          Ignored("enable-pprof", FlagKind::kBool, "false",
                  "there are no profiles over HTTP; use perf"),
          Ignored("enable-distributed-tracing", FlagKind::kBool, "false", kNoTracing)
              .Former("experimental-enable-distributed-tracing"),
          Ignored("distributed-tracing-address", FlagKind::kText, "localhost:4317", kNoTracing)
              .Former("experimental-distributed-tracing-address"),
          Ignored("distributed-tracing-service-name", FlagKind::kText, "etcd", kNoTracing)
              .Former("experimental-distributed-tracing-service-name"),
          Ignored("distributed-tracing-instance-id", FlagKind::kText, "", kNoTracing)
              .Former("experimental-distributed-tracing-instance-id"),
          Ignored("distributed-tracing-sampling-rate", FlagKind::kInt, "0", kNoTracing)
              .Former("experimental-distributed-tracing-sampling-rate"),
      },
  };
}

FlagGroup FormerFlags() {
  return {
      "Of older etcds",
      {
          Ignored("enable-v2", FlagKind::kBool, "false", "there is no v2 API"),
          Ignored("experimental-enable-v2v3", FlagKind::kText, "", "there is no v2 API"),
          Ignored("v2-deprecation", FlagKind::kText, "write-only", "there is no v2 store")
              .Choices("not-yet|write-only|write-only-skip-check|write-only-drop-data|gone"),
          // A member that ignored this would found a cluster of its own.
          Refused("proxy", FlagKind::kText, "off", "there is no proxy, only members")
              .Choices("off|readonly|on"),
          Ignored("proxy-failure-wait", FlagKind::kUint, "5000", kNoProxy),
          Ignored("proxy-refresh-interval", FlagKind::kUint, "30000", kNoProxy),
          Ignored("proxy-dial-timeout", FlagKind::kUint, "1000", kNoProxy),
          Ignored("proxy-write-timeout", FlagKind::kUint, "5000", kNoProxy),
          Ignored("proxy-read-timeout", FlagKind::kUint, "0", kNoProxy),
          // etcd takes any value of these, and none.
          Ignored("cluster-active-size", FlagKind::kAny, "", kGone),
          Ignored("cluster-remove-delay", FlagKind::kAny, "", kGone),
          Ignored("cluster-sync-interval", FlagKind::kAny, "", kGone),
          Ignored("config", FlagKind::kAny, "", kGone),
          Ignored("force", FlagKind::kAny, "", kGone),
          Ignored("max-result-buffer", FlagKind::kAny, "", kGone),
          Ignored("max-retry-attempts", FlagKind::kAny, "", kGone),
          Ignored("peer-heartbeat-interval", FlagKind::kAny, "", kGone),
          Ignored("peer-election-timeout", FlagKind::kAny, "", kGone),
          Ignored("retry-interval", FlagKind::kAny, "", kGone),
          Ignored("snapshot", FlagKind::kAny, "", kGone),
          Ignored("v", FlagKind::kAny, "", kGone),
          Ignored("vv", FlagKind::kAny, "", kGone),
          Ignored("test.coverprofile", FlagKind::kAny, "", kGone),
          Ignored("test.outputdir", FlagKind::kAny, "", kGone),
      },
  };
}

}  // namespace stele::server
