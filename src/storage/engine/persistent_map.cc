#include "src/storage/engine/persistent_map.h"

#include <tuple>
#include <utility>

namespace stele::storage {

namespace {

using Node = PersistentMap::Node;
using Link = std::shared_ptr<const Node>;

// FNV-1a with a final mix: the same on every run, unlike std::hash or absl::Hash.
std::uint64_t Priority(std::string_view key) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : key) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3U;
  }
  hash ^= hash >> 33;
  hash *= 0xff51afd7ed558ccdU;
  return hash ^ (hash >> 29);
}

Link WithChildren(const Node& node, Link left, Link right) {
  return std::make_shared<const Node>(
      Node{node.key, node.value, node.priority, std::move(left), std::move(right)});
}

// Ties are broken by key, so that equal content means equal shape.
bool Outranks(const Node& a, const Node& b) {
  return a.priority != b.priority ? a.priority > b.priority : a.key > b.key;
}

// Keys below `key` and keys above it; `key` itself is dropped.
std::pair<Link, Link> Split(const Link& root, std::string_view key) {
  if (!root) return {nullptr, nullptr};
  if (root->key == key) return {root->left, root->right};
  if (root->key < key) {
    auto [below, above] = Split(root->right, key);
    return {WithChildren(*root, root->left, std::move(below)), std::move(above)};
  }
  auto [below, above] = Split(root->left, key);
  return {std::move(below), WithChildren(*root, std::move(above), root->right)};
}

// REQUIRES: all keys of `low` are below all keys of `high`.
Link Merge(const Link& low, const Link& high) {
  if (!low) return high;
  if (!high) return low;
  if (Outranks(*low, *high)) return WithChildren(*low, low->left, Merge(low->right, high));
  return WithChildren(*high, Merge(low, high->left), high->right);
}

Link Insert(const Link& root, Node node) {
  if (!root) return std::make_shared<const Node>(std::move(node));
  if (root->key != node.key && Outranks(*root, node)) {
    if (node.key < root->key) {
      return WithChildren(*root, Insert(root->left, std::move(node)), root->right);
    }
    return WithChildren(*root, root->left, Insert(root->right, std::move(node)));
  }
  std::tie(node.left, node.right) = Split(root, node.key);
  return std::make_shared<const Node>(std::move(node));
}

Link Without(const Link& root, std::string_view key) {
  if (!root) return nullptr;
  if (root->key == key) return Merge(root->left, root->right);
  if (key < root->key) return WithChildren(*root, Without(root->left, key), root->right);
  return WithChildren(*root, root->left, Without(root->right, key));
}

// The first node whose key is above `key`, or equal to it if `or_equal`.
const Node* Above(const Node* node, std::string_view key, bool or_equal) {
  const Node* best = nullptr;
  while (node != nullptr) {
    if (node->key > key || (or_equal && node->key == key)) {
      best = node;
      node = node->left.get();
    } else {
      node = node->right.get();
    }
  }
  return best;
}

const Node* Below(const Node* node, std::string_view key, bool or_equal) {
  const Node* best = nullptr;
  while (node != nullptr) {
    if (node->key < key || (or_equal && node->key == key)) {
      best = node;
      node = node->right.get();
    } else {
      node = node->left.get();
    }
  }
  return best;
}

}  // namespace

void PersistentMap::Put(std::string_view key, std::string_view value) {
  root_ =
      Insert(root_, Node{std::string(key), std::string(value), Priority(key), nullptr, nullptr});
}

void PersistentMap::Erase(std::string_view key) {
  if (Find(key) != nullptr) root_ = Without(root_, key);
}

const Node* PersistentMap::Find(std::string_view key) const {
  const Node* node = root_.get();
  while (node != nullptr && node->key != key) {
    node = key < node->key ? node->left.get() : node->right.get();
  }
  return node;
}

const Node* PersistentMap::FirstAtOrAfter(std::string_view key) const {
  return Above(root_.get(), key, /*or_equal=*/true);
}

const Node* PersistentMap::FirstAfter(std::string_view key) const {
  return Above(root_.get(), key, /*or_equal=*/false);
}

const Node* PersistentMap::LastAtOrBefore(std::string_view key) const {
  return Below(root_.get(), key, /*or_equal=*/true);
}

const Node* PersistentMap::LastBefore(std::string_view key) const {
  return Below(root_.get(), key, /*or_equal=*/false);
}

}  // namespace stele::storage
