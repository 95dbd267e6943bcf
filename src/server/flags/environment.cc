#include "src/server/flags/environment.h"

#include <cctype>
#include <set>
#include <string_view>

#include "fmt/format.h"
#include "src/server/flags/flag_table.h"
#include "src/server/flags/flag_value.h"
#include "src/server/flags/nearest.h"

namespace stele::server {
namespace {

constexpr std::string_view kPrefixes[] = {"STELE_", "ETCD_"};  // the stronger first

std::string VariableName(std::string_view prefix, std::string_view flag) {
  std::string name(prefix);
  for (const char c : flag) {
    name.push_back(c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c))));
  }
  return name;
}

// All variables for the row that are set, the strongest first.
std::vector<const Environment::value_type*> VariablesFor(const FlagRow& row,
                                                         const Environment& environment) {
  std::vector<const Environment::value_type*> set;
  for (const std::string_view prefix : kPrefixes) {
    for (const std::string& name : row.Names()) {
      const auto found = environment.find(VariableName(prefix, name));
      if (found != environment.end() && !found->second.empty()) set.push_back(&*found);
    }
  }
  return set;
}

std::string ShadowedBy(const std::string& variable, const std::string& winner) {
  return fmt::format("environment variable {} is shadowed by {}", variable, winner);
}

std::set<std::string> KnownVariables() {
  std::set<std::string> known;
  for (const std::string& flag : FlagNames()) {
    for (const std::string_view prefix : kPrefixes) known.insert(VariableName(prefix, flag));
  }
  return known;
}

void WarnOfUnknown(const Environment& environment, std::vector<std::string>* warnings) {
  const std::set<std::string> known = KnownVariables();
  for (const auto& [variable, value] : environment) {
    if (known.contains(variable)) continue;
    for (const std::string_view prefix : kPrefixes) {
      if (!variable.starts_with(prefix)) continue;
      std::vector<std::string> names;
      for (const std::string& flag : FlagNames()) names.push_back(VariableName("", flag));
      const std::string advice =
          DidYouMean(std::string_view(variable).substr(prefix.size()), names, prefix);
      // Other programs of ours have STELE_ variables, too.
      if (prefix == "STELE_" && advice.empty()) continue;
      warnings->push_back(fmt::format("unrecognized environment variable {}{}", variable, advice));
    }
  }
}

}  // namespace

const Environment::value_type* VariableFor(const FlagRow& row, const Environment& environment) {
  const auto set = VariablesFor(row, environment);
  return set.empty() ? nullptr : set.front();
}

absl::StatusOr<std::vector<GivenFlag>> FlagsOfEnvironment(const Environment& environment,
                                                          const std::vector<GivenFlag>& words,
                                                          std::vector<std::string>* warnings) {
  std::vector<GivenFlag> flags;
  for (const FlagGroup& group : FlagGroups()) {
    for (const FlagRow& row : group.rows) {
      const GivenFlag* word = LastGiven(row, words);
      std::string winner = word == nullptr ? "" : word->origin;
      for (const Environment::value_type* variable : VariablesFor(row, environment)) {
        // Images of containers have ETCD_VERSION, and mean something else.
        if (row.name == "version") {
          warnings->push_back(fmt::format("environment variable {} is ignored", variable->first));
          continue;
        }
        if (!winner.empty()) {
          warnings->push_back(ShadowedBy(variable->first, winner));
          continue;
        }
        winner = variable->first;
        const absl::Status status = CanonicalValue(row, variable->second).status();
        if (!status.ok()) {
          return WrongOptions(fmt::format("invalid value for {}: {}", variable->first,
                                          std::string(status.message())));
        }
        flags.push_back({&row, variable->second, variable->first});
      }
    }
  }
  WarnOfUnknown(environment, warnings);
  return flags;
}

}  // namespace stele::server
