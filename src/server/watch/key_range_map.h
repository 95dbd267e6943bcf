// Which watchers cover a key: exact keys by hash, ranges by a balanced interval tree, so that an
// event costs O(log ranges + matches) however many watchers exist.
//
// Watchers of the same range share one group. The order inside a group and among groups depends
// only on the sequence of calls, never on addresses, so a replay meets watchers in the same order.
//
// Not thread-safe. Does not own the watchers.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace stele::server {

struct Watcher;

// A range as requests give it: `range_end` "" means the single key, "\0" everything from `key` on,
// anything else the keys in [key, range_end).
struct KeyRange {
  std::string key;
  std::string range_end;

  bool IsExact() const { return range_end.empty(); }
  bool IsUnbounded() const { return range_end.size() == 1 && range_end[0] == '\0'; }
  // No key at all can lie inside.
  bool IsEmpty() const { return !IsExact() && !IsUnbounded() && key >= range_end; }
  bool Contains(std::string_view candidate) const;

  friend bool operator==(const KeyRange&, const KeyRange&) = default;
};

class KeyRangeMap {
 public:
  using Group = std::vector<Watcher*>;

  KeyRangeMap();
  ~KeyRangeMap();
  KeyRangeMap(const KeyRangeMap&) = delete;
  KeyRangeMap& operator=(const KeyRangeMap&) = delete;

  // REQUIRES: !watcher->range.IsEmpty(); the watcher is not in the map. Its range and its
  // group_position belong to the map until Remove.
  void Add(Watcher* watcher);
  // REQUIRES: the watcher is in the map.
  void Remove(Watcher* watcher);

  // Appends every group whose range holds `key`. The pointers are valid until the next Add/Remove.
  void FindCovering(std::string_view key, std::vector<const Group*>* groups) const;

  std::size_t size() const { return size_; }
  // Longest path of the interval tree, for tests of its balance.
  int TreeHeight() const;

 private:
  struct Node;
  using Link = std::unique_ptr<Node>;

  static void Refresh(Node* node);
  static void RotateLeft(Link* link);
  static void RotateRight(Link* link);
  static void Rebalance(Link* link);
  static Group* InsertRange(Link* link, const KeyRange& range);
  static void EraseRange(Link* link, const KeyRange& range);
  static Link DetachFirst(Link* link);
  static Group* FindRange(Node* node, const KeyRange& range);
  static void CollectCovering(const Node* node, std::string_view key,
                              std::vector<const Group*>* groups);

  absl::flat_hash_map<std::string, Group> exact_;
  Link root_;
  std::size_t size_ = 0;
};

}  // namespace stele::server
