// An ordered map of byte strings whose copies are free and never change: every update returns a new
// map that shares all but a path of nodes with the old one. That makes a snapshot, or the state
// after every batch since the last flush, one pointer.
//
// A treap whose priorities are a hash of the key, so that the shape depends on the content alone.
// Values may be used by any thread; one object is changed by one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace stele::storage {

class PersistentMap {
 public:
  struct Node {
    std::string key;
    std::string value;
    std::uint64_t priority;
    std::shared_ptr<const Node> left;
    std::shared_ptr<const Node> right;
  };

  void Put(std::string_view key, std::string_view value);
  void Erase(std::string_view key);

  // Each null if there is none. The node lives as long as any map that holds it.
  const Node* Find(std::string_view key) const;
  const Node* FirstAtOrAfter(std::string_view key) const;
  const Node* FirstAfter(std::string_view key) const;
  const Node* LastAtOrBefore(std::string_view key) const;
  const Node* LastBefore(std::string_view key) const;

 private:
  std::shared_ptr<const Node> root_;
};

}  // namespace stele::storage
