#include "src/server/flags/config_file.h"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/str_join.h"
#include "fmt/format.h"
#include "src/server/flags/flag_table.h"
#include "src/server/flags/flag_value.h"
#include "src/server/flags/nearest.h"
#include "yaml-cpp/yaml.h"

namespace stele::server {
namespace {

std::string Place(const std::string& path, const YAML::Mark& mark) {
  return fmt::format("{}:{}", path, mark.line + 1);
}

// "client-transport-security" of "client-transport-security.cert-file", and so on.
std::set<std::string> Sections() {
  std::set<std::string> sections;
  for (const std::string& name : FileKeys()) {
    if (!IsFileKey(name)) continue;
    for (std::size_t dot = name.find('.'); dot != std::string::npos;
         dot = name.find('.', dot + 1)) {
      sections.insert(name.substr(0, dot));
    }
  }
  return sections;
}

// What may stand where `prefix` ("" or "section.") has led to.
std::vector<std::string> KeysBehind(const std::string& prefix) {
  std::set<std::string> keys;
  for (const std::string& name : FileKeys()) {
    if (name.starts_with(prefix)) {
      const std::string rest = name.substr(prefix.size());
      keys.insert(rest.substr(0, rest.find('.')));
    }
  }
  return {keys.begin(), keys.end()};
}

// As YAML 1.1 has them, which etcd's parser follows.
std::string BoolWord(const std::string& text) {
  const std::string lower = absl::AsciiStrToLower(text);
  if (lower == "yes" || lower == "on" || lower == "y") return "true";
  if (lower == "no" || lower == "off" || lower == "n") return "false";
  return text;
}

bool IsWholeNumber(const std::string& text) {
  const std::size_t first = text.starts_with('-') ? 1 : 0;
  return text.size() > first &&
         std::all_of(text.begin() + static_cast<std::ptrdiff_t>(first), text.end(),
                     [](unsigned char c) { return absl::ascii_isdigit(c); });
}

// The text a flag would have; nullopt if the node is no value.
std::optional<std::string> ValueText(const FlagRow& row, const YAML::Node& node) {
  if (node.IsSequence() && (row.kind == FlagKind::kTexts || row.kind == FlagKind::kUrls)) {
    std::vector<std::string> parts;
    for (const YAML::Node& part : node) {
      if (!part.IsScalar()) return std::nullopt;
      parts.push_back(part.Scalar());
    }
    return absl::StrJoin(parts, ",");
  }
  if (!node.IsScalar()) return std::nullopt;
  const std::string& text = node.Scalar();
  if (row.kind == FlagKind::kBool) return BoolWord(text);
  if (row.kind == FlagKind::kDuration && IsWholeNumber(text)) return text + "ns";
  return text;
}

class FileReader {
 public:
  explicit FileReader(std::string path) : path_(std::move(path)) {}

  absl::StatusOr<std::vector<GivenFlag>> Read(const YAML::Node& root) {
    if (root.IsNull()) return flags_;
    if (!root.IsMap()) {
      return WrongOptions(
          fmt::format("{}: is not a list of 'key: value'", Place(path_, root.Mark())));
    }
    if (absl::Status status = ReadSection("", root); !status.ok()) return status;
    return std::move(flags_);
  }

 private:
  absl::Status ReadSection(const std::string& prefix, const YAML::Node& section) {
    for (const auto& entry : section) {
      if (!entry.first.IsScalar()) {
        return WrongOptions(Place(path_, entry.first.Mark()) + ": a key is not a plain word");
      }
      absl::Status status = ReadEntry(prefix, entry.first, entry.second);
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status ReadEntry(const std::string& prefix, const YAML::Node& key,
                         const YAML::Node& value) {
    const std::string name = prefix + key.Scalar();
    const std::string origin = fmt::format("{}: {}", Place(path_, key.Mark()), name);
    if (sections_.contains(name)) {
      if (value.IsNull()) return absl::OkStatus();
      if (!value.IsMap()) return WrongOptions(origin + ": must hold keys of its own");
      return ReadSection(name + ".", value);
    }
    const FlagRow* row = FindFlag(name);
    if (row == nullptr) {
      return WrongOptions(
          fmt::format("{}: unknown key{}", origin, DidYouMean(key.Scalar(), KeysBehind(prefix))));
    }
    const auto [first, is_new] = seen_.emplace(row, origin);
    if (!is_new) {
      return WrongOptions(fmt::format("{}: was set before, at {}", origin, first->second));
    }
    if (value.IsNull()) return absl::OkStatus();
    const std::optional<std::string> text = ValueText(*row, value);
    if (!text) return WrongOptions(origin + ": must be a plain value");
    if (text->empty()) return absl::OkStatus();
    const absl::Status status = CanonicalValue(*row, *text).status();
    if (!status.ok()) {
      return WrongOptions(fmt::format("{}: {}", origin, std::string(status.message())));
    }
    flags_.push_back({row, *text, origin});
    return absl::OkStatus();
  }

  const std::string path_;
  const std::set<std::string> sections_ = Sections();
  std::map<const FlagRow*, std::string> seen_;
  std::vector<GivenFlag> flags_;
};

}  // namespace

absl::StatusOr<std::vector<GivenFlag>> ParseConfig(const std::string& text,
                                                   const std::string& path) {
  try {
    return FileReader(path).Read(YAML::Load(text));
  } catch (const YAML::Exception& error) {
    return WrongOptions(fmt::format("{}: {}", Place(path, error.mark), error.msg));
  }
}

absl::StatusOr<std::vector<GivenFlag>> ReadConfigFile(const std::string& path,
                                                      const std::string& origin) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text;
  char piece[4096];
  while (file.read(piece, sizeof(piece)) || file.gcount() > 0) {
    text.append(piece, static_cast<std::size_t>(file.gcount()));
  }
  if (!file.is_open() || file.bad()) {
    return WrongOptions(fmt::format("{}: {} cannot be read: {}", origin, path,
                                    std::generic_category().message(errno)));
  }
  return ParseConfig(text, path);
}

}  // namespace stele::server
