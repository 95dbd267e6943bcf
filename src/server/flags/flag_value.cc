#include "src/server/flags/flag_value.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "fmt/format.h"
#include "src/raft/check.h"
#include "src/server/flags/go_value.h"

namespace stele::server {
namespace {

absl::Status Cause(const std::string& text) { return absl::InvalidArgumentError(text); }

std::vector<std::string> Alternatives(std::string_view text) {
  return absl::StrSplit(absl::string_view(text.data(), text.size()), '|');
}

bool IsAmong(std::string_view alternatives, std::string_view value) {
  const std::vector<std::string> all = Alternatives(alternatives);
  return std::find(all.begin(), all.end(), value) != all.end();
}

absl::StatusOr<std::string> CanonicalUint(std::string_view text, std::uint64_t max) {
  absl::StatusOr<std::uint64_t> value = ParseGoUint(text);
  if (!value.ok()) return value.status();
  if (*value > max) return Cause(fmt::format("'{}' is not in range", text));
  return std::to_string(*value);
}

// Without duplicates, in the order given.
std::vector<std::string> DistinctParts(std::string_view text) {
  std::vector<std::string> distinct;
  for (std::string& part : SplitList(text)) {
    if (std::find(distinct.begin(), distinct.end(), part) == distinct.end()) {
      distinct.push_back(std::move(part));
    }
  }
  return distinct;
}

absl::StatusOr<std::string> CanonicalUrls(std::string_view text) {
  const std::vector<std::string> urls = DistinctParts(text);
  for (const std::string& url : urls) {
    absl::StatusOr<Url> parsed = ParseUrl(url);
    if (!parsed.ok()) return parsed.status();
  }
  return absl::StrJoin(urls, ",");
}

absl::StatusOr<std::string> CanonicalText(const FlagRow& row, std::string_view text) {
  if (!row.choices.empty() && !IsAmong(row.choices, text)) {
    return Cause(
        fmt::format("'{}' is none of: {}", text, absl::StrJoin(Alternatives(row.choices), ", ")));
  }
  return std::string(text);
}

// Hands the value over in the type of the target.
struct Assign {
  std::string_view text;
  Options* options;

  void operator()(std::monostate /*none*/) const { STELE_CHECK(false); }
  void operator()(bool Options::*target) const { options->*target = *ParseGoBool(text); }
  void operator()(std::int64_t Options::*target) const { options->*target = *ParseGoInt(text); }
  void operator()(std::uint64_t Options::*target) const { options->*target = *ParseGoUint(text); }
  void operator()(std::string Options::*target) const { options->*target = std::string(text); }
  void operator()(std::vector<std::string> Options::*target) const {
    options->*target = DistinctParts(text);
  }
  void operator()(absl::Duration Options::*target) const {
    options->*target = *ParseGoDuration(text);
  }
};

}  // namespace

absl::StatusOr<std::string> CanonicalValue(const FlagRow& row, std::string_view text) {
  switch (row.kind) {
    case FlagKind::kBool: {
      absl::StatusOr<bool> value = ParseGoBool(text);
      if (!value.ok()) return value.status();
      return *value ? "true" : "false";
    }
    case FlagKind::kInt: {
      absl::StatusOr<std::int64_t> value = ParseGoInt(text);
      if (!value.ok()) return value.status();
      return std::to_string(*value);
    }
    case FlagKind::kUint: {
      // What is kept as a signed number cannot hold more.
      const bool is_signed = std::holds_alternative<std::int64_t Options::*>(row.target);
      constexpr auto kSignedMax =
          static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
      return CanonicalUint(text,
                           is_signed ? kSignedMax : std::numeric_limits<std::uint64_t>::max());
    }
    case FlagKind::kUint32:
      return CanonicalUint(text, std::numeric_limits<std::uint32_t>::max());
    case FlagKind::kDuration: {
      absl::StatusOr<absl::Duration> value = ParseGoDuration(text);
      if (!value.ok()) return value.status();
      return absl::FormatDuration(*value);
    }
    case FlagKind::kAny:
    case FlagKind::kText:
      return CanonicalText(row, text);
    case FlagKind::kTexts:
      return absl::StrJoin(DistinctParts(text), ",");
    case FlagKind::kUrls:
      return CanonicalUrls(text);
  }
  STELE_CHECK(false);
}

void StoreValue(const FlagRow& row, std::string_view text, Options* options) {
  absl::StatusOr<std::string> canonical = CanonicalValue(row, text);
  STELE_CHECK(canonical.ok());
  std::visit(Assign{*canonical, options}, row.target);
}

bool AsksForSomething(const FlagRow& row, std::string_view text) {
  const std::string value = *CanonicalValue(row, text);
  absl::StatusOr<std::string> standard = CanonicalValue(row, row.standard);
  if (standard.ok() && value == *standard) return false;
  return row.quiet.empty() || !IsAmong(row.quiet, value);
}

}  // namespace stele::server
