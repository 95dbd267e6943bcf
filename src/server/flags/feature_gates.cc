#include "src/server/flags/feature_gates.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/ascii.h"
#include "fmt/format.h"
#include "src/server/flags/go_value.h"
#include "src/server/flags/nearest.h"
#include "src/server/url.h"

namespace stele::server {
namespace {

struct Gate {
  std::string_view name;
  bool always;  // what Stele is like, whatever the gate says
  std::string_view fact;
};

constexpr std::string_view kDigests =
    "members compare digests of their state once a second while something is written";
constexpr std::string_view kLeases = "a new leader gives every lease its whole time again";

constexpr Gate kGates[] = {
    {"CompactHashCheck", false, kDigests},
    {"FastLeaseKeepAlive", true, "renewals never wait for entries to be applied"},
    {"InitialCorruptCheck", false, kDigests},
    {"LeaseCheckpoint", false, kLeases},
    {"LeaseCheckpointPersist", false, kLeases},
    {"NonBlockingDefrag", true, "defragmentation stops nobody"},
    {"PriorityRequest", false, "all requests wait in one queue"},
    {"SetMemberLocalAddr", false, "the system chooses the address from which others are called"},
    {"StopGRPCServiceOnDefrag", false, "defragmentation stops nobody"},
    {"TxnModeWriteWithSharedBuffer", true, "the store has no such buffer"},
};

const Gate* FindGate(std::string_view name) {
  const auto* const found = std::find_if(std::begin(kGates), std::end(kGates),
                                         [&](const Gate& gate) { return gate.name == name; });
  return found == std::end(kGates) ? nullptr : found;
}

// The switches for all gates of one stage of maturity.
bool IsStage(std::string_view name) { return name == "AllAlpha" || name == "AllBeta"; }

absl::Status Unknown(std::string_view name) {
  std::vector<std::string> names;
  for (const Gate& gate : kGates) names.emplace_back(gate.name);
  return absl::InvalidArgumentError(
      fmt::format("unrecognized feature gate: {}{}", name, DidYouMean(name, names)));
}

}  // namespace

absl::Status CheckFeatureGates(std::string_view text, std::vector<std::string>* warnings) {
  for (const std::string& part : SplitList(text)) {
    const std::size_t equals = part.find('=');
    if (equals == std::string::npos) {
      return absl::InvalidArgumentError(fmt::format("'{}' is not of the form Name=true", part));
    }
    const std::string name(absl::StripAsciiWhitespace(part.substr(0, equals)));
    const std::string value(absl::StripAsciiWhitespace(part.substr(equals + 1)));
    const Gate* gate = FindGate(name);
    if (gate == nullptr && !IsStage(name)) return Unknown(name);
    absl::StatusOr<bool> wanted = ParseGoBool(value);
    if (!wanted.ok()) {
      return absl::InvalidArgumentError(
          fmt::format("{}: {}", name, std::string(wanted.status().message())));
    }
    if (gate != nullptr && *wanted == gate->always) continue;
    warnings->push_back(fmt::format("feature gate {} is ignored: {}", part,
                                    gate == nullptr ? "there are no stages" : gate->fact));
  }
  return absl::OkStatus();
}

}  // namespace stele::server
