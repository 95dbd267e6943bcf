// One flag of the server: its row says all that parsing, --help, the environment, the file and the
// documentation need to know.
//
// A flag works, or it is one of etcd's without a meaning here: then it is ignored with a warning,
// or refused where going on without it would leave something unprotected or start another cluster
// than the one that was meant. To make such a flag work, write Works and its member instead.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "src/server/options.h"

namespace stele::server {

// As Go's flag package reads values. kTexts and kUrls are separated by commas; kAny, like a
// boolean, takes a value only behind '=', but any.
enum class FlagKind : std::uint8_t {
  kBool,
  kInt,
  kUint,
  kUint32,
  kDuration,
  kText,
  kTexts,
  kUrls,
  kAny,
};

enum class FlagFate : std::uint8_t { kWorks, kIgnored, kRefused };

using FlagTarget = std::variant<std::monostate, bool Options::*, std::int64_t Options::*,
                                std::uint64_t Options::*, std::string Options::*,
                                std::vector<std::string> Options::*, absl::Duration Options::*>;

// Looks at a value more closely than its kind does. The error is the cause alone.
using FlagCheck = absl::Status (*)(std::string_view value, std::vector<std::string>* warnings);

struct FlagRow {
  std::string_view name = {};
  FlagKind kind = FlagKind::kText;
  std::string_view standard = {};  // the default, as one would write it
  FlagFate fate = FlagFate::kWorks;
  FlagTarget target = {};  // none: nothing keeps the value
  std::string_view help = {};
  std::string_view instead = {};  // ignored: what Stele does instead; refused: why
  std::string_view former = {};   // older names, separated by commas
  std::string_view choices = {};  // all values there are, separated by '|'; empty: any
  std::string_view quiet = {};  // values beside the default that ask for nothing, separated by '|'
  FlagCheck check = nullptr;

  constexpr FlagRow Former(std::string_view names) const {
    FlagRow row = *this;
    row.former = names;
    return row;
  }
  constexpr FlagRow Choices(std::string_view values) const {
    FlagRow row = *this;
    row.choices = values;
    return row;
  }
  constexpr FlagRow Quiet(std::string_view values) const {
    FlagRow row = *this;
    row.quiet = values;
    return row;
  }
  constexpr FlagRow Check(FlagCheck function) const {
    FlagRow row = *this;
    row.check = function;
    return row;
  }

  // `name` and the older names.
  std::vector<std::string> Names() const;
};

constexpr FlagRow Works(std::string_view name, FlagKind kind, std::string_view standard,
                        FlagTarget target, std::string_view help) {
  return {.name = name,
          .kind = kind,
          .standard = standard,
          .fate = FlagFate::kWorks,
          .target = target,
          .help = help};
}

constexpr FlagRow Ignored(std::string_view name, FlagKind kind, std::string_view standard,
                          std::string_view instead) {
  return {.name = name,
          .kind = kind,
          .standard = standard,
          .fate = FlagFate::kIgnored,
          .instead = instead};
}

constexpr FlagRow Refused(std::string_view name, FlagKind kind, std::string_view standard,
                          std::string_view why) {
  return {
      .name = name, .kind = kind, .standard = standard, .fate = FlagFate::kRefused, .instead = why};
}

struct FlagGroup {
  std::string_view title;
  std::vector<FlagRow> rows;
};

}  // namespace stele::server
