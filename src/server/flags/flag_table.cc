#include "src/server/flags/flag_table.h"

#include <map>

#include "src/raft/check.h"

namespace stele::server {
namespace {

using RowsByName = std::map<std::string, const FlagRow*, std::less<>>;

RowsByName IndexByName() {
  RowsByName index;
  for (const FlagGroup& group : FlagGroups()) {
    for (const FlagRow& row : group.rows) {
      for (std::string& name : row.Names()) {
        const bool is_new = index.emplace(std::move(name), &row).second;
        STELE_CHECK(is_new);
      }
    }
  }
  return index;
}

const RowsByName& Index() {
  static const RowsByName index = IndexByName();
  return index;
}

}  // namespace

std::vector<std::string> FlagRow::Names() const {
  std::vector<std::string> names = {std::string(name)};
  for (std::string& older : SplitList(former)) names.push_back(std::move(older));
  return names;
}

const std::vector<FlagGroup>& FlagGroups() {
  static const std::vector<FlagGroup> groups = {
      MemberFlags(),    ClusterFlags(),    TimingFlags(),    StorageFlags(),  LimitFlags(),
      LoggingFlags(),   MonitoringFlags(), IntegrityFlags(), SecurityFlags(), AuthFlags(),
      DiscoveryFlags(), UnsafeFlags(),     FormerFlags(),
  };
  return groups;
}

const FlagRow* FindFlag(std::string_view name) {
  const auto found = Index().find(name);
  return found == Index().end() ? nullptr : found->second;
}

bool IsFileKey(std::string_view name) {
  const FlagRow* row = FindFlag(name);
  return row != nullptr && row->kind != FlagKind::kAny && name.find('.') != std::string_view::npos;
}

const std::vector<std::string>& FileKeys() {
  static const std::vector<std::string> keys = [] {
    std::vector<std::string> all;
    for (const auto& [name, row] : Index()) all.push_back(name);
    return all;
  }();
  return keys;
}

const std::vector<std::string>& FlagNames() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all = FileKeys();
    std::erase_if(all, [](const std::string& name) { return IsFileKey(name); });
    return all;
  }();
  return names;
}

}  // namespace stele::server
