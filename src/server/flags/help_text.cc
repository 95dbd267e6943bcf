#include "src/server/flags/help_text.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "fmt/format.h"
#include "src/server/flags/flag_table.h"

namespace stele::server {
namespace {

constexpr std::size_t kColumns = 100;

constexpr std::string_view kUsage = R"(steled: a replicated key-value store behind the etcd v3 API.

Usage:
  steled [flags]       runs a member until SIGTERM
  steled --version
  steled --help

Every flag can also be a variable, STELE_NAME_IN_CAPITALS or ETCD_NAME_IN_CAPITALS, or a key of the
file that --config-file names. Flags win over STELE_*, which wins over ETCD_*; the file wins over
all of them.
)";

constexpr std::string_view kPageHead = R"(# Flags of steled

Every flag of etcd 3.4 to 3.7, and Stele's own. `tests/server/flags` holds this page to the flag table
(`src/server/flags/flag_table.h`); [operations.md](operations.md) says how flags, environment and file
go together. Older names work as well.
)";

// Lines of at most kColumns columns, each indented.
std::string Wrapped(std::string_view text, std::size_t indent) {
  std::string wrapped;
  std::size_t column = kColumns;
  for (const absl::string_view word :
       absl::StrSplit(absl::string_view(text.data(), text.size()), ' ')) {
    if (column + 1 + word.size() > kColumns) {
      wrapped += (wrapped.empty() ? "" : "\n") + std::string(indent, ' ');
      column = indent;
    } else {
      wrapped += " ";
      ++column;
    }
    wrapped.append(word.data(), word.size());
    column += word.size();
  }
  return wrapped + "\n";
}

// The older names that are flags; those with a dot are of the file.
std::vector<std::string> FormerFlagNames(const FlagRow& row) {
  std::vector<std::string> names;
  for (const std::string& name : row.Names()) {
    if (name != row.name && !IsFileKey(name)) names.push_back("--" + name);
  }
  return names;
}

std::string Explanation(const FlagRow& row) {
  switch (row.fate) {
    case FlagFate::kWorks:
      return std::string(row.help);
    case FlagFate::kIgnored:
      return fmt::format("Ignored: {}.", row.instead);
    case FlagFate::kRefused:
      return fmt::format("Refused: {}.", row.instead);
  }
  return "";
}

void AppendWorking(const FlagGroup& group, std::string* text) {
  std::string rows;
  for (const FlagRow& row : group.rows) {
    if (row.fate != FlagFate::kWorks) continue;
    rows += fmt::format("  --{} '{}'\n", row.name, row.standard) + Wrapped(row.help, 4);
  }
  if (!rows.empty()) *text += fmt::format("\n{}:\n{}", group.title, rows);
}

// Flags with the same explanation share a paragraph.
void AppendOthers(FlagFate fate, std::string_view title, std::string* text) {
  std::vector<std::pair<std::string_view, std::vector<std::string>>> paragraphs;
  for (const FlagGroup& group : FlagGroups()) {
    for (const FlagRow& row : group.rows) {
      if (row.fate != fate || IsFileKey(row.name)) continue;
      const auto same = std::find_if(paragraphs.begin(), paragraphs.end(),
                                     [&](const auto& one) { return one.first == row.instead; });
      auto& names = same == paragraphs.end()
                        ? paragraphs.emplace_back(row.instead, std::vector<std::string>()).second
                        : same->second;
      names.push_back(fmt::format("--{}", row.name));
    }
  }
  *text += fmt::format("\n{}:\n", title);
  for (const auto& [instead, names] : paragraphs) {
    *text += Wrapped(absl::StrJoin(names, " "), 2) + Wrapped(instead, 4);
  }
}

}  // namespace

std::string HelpText() {
  std::string text(kUsage);
  for (const FlagGroup& group : FlagGroups()) AppendWorking(group, &text);
  AppendOthers(FlagFate::kIgnored, "Taken for etcd's sake, and ignored with a warning", &text);
  AppendOthers(FlagFate::kRefused, "Not implemented yet, and refused", &text);
  text += "\nOlder names of flags and the keys of the file: docs/flags.md\n";
  return text;
}

std::string FlagsPage() {
  std::string page(kPageHead);
  for (const FlagGroup& group : FlagGroups()) {
    page += fmt::format("\n## {}\n\n| flag | default | |\n|---|---|---|\n", group.title);
    for (const FlagRow& row : group.rows) {
      std::string explanation = IsFileKey(row.name) ? "A key of the file only. " : "";
      explanation += Explanation(row);
      const std::vector<std::string> older = FormerFlagNames(row);
      if (!older.empty()) explanation += fmt::format(" Older: `{}`.", absl::StrJoin(older, "`, `"));
      page += fmt::format("| `{}{}` | {} | {} |\n", IsFileKey(row.name) ? "" : "--", row.name,
                          row.standard.empty() ? std::string() : fmt::format("`{}`", row.standard),
                          absl::StrReplaceAll(explanation, {{"|", "\\|"}, {"<", "&lt;"}}));
    }
  }
  return page;
}

}  // namespace stele::server
