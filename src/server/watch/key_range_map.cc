#include "src/server/watch/key_range_map.h"

#include <algorithm>
#include <utility>

#include "absl/strings/string_view.h"
#include "src/raft/check.h"
#include "src/server/watch/watcher.h"

namespace stele::server {
namespace {

// Whether range end `a` lies before range end `b`; "\0" is the end of all keys.
bool EndsBefore(const KeyRange& a, const KeyRange& b) {
  if (a.IsUnbounded()) return false;
  return b.IsUnbounded() || a.range_end < b.range_end;
}

bool SortsBefore(const KeyRange& a, const KeyRange& b) {
  if (a.key != b.key) return a.key < b.key;
  return EndsBefore(a, b);
}

}  // namespace

bool KeyRange::Contains(std::string_view candidate) const {
  if (IsExact()) return candidate == key;
  if (candidate < key) return false;
  return IsUnbounded() || candidate < range_end;
}

// A node of an AVL tree ordered by (key, range_end). `furthest` is the range of this subtree that
// ends last: a search for a key skips a subtree whose ranges all end at or before it.
struct KeyRangeMap::Node {
  explicit Node(KeyRange r) : range(std::move(r)), furthest(&range) {}

  KeyRange range;
  Group group;
  Link left;
  Link right;
  int height = 1;
  const KeyRange* furthest;
};

KeyRangeMap::KeyRangeMap() = default;
KeyRangeMap::~KeyRangeMap() = default;

void KeyRangeMap::Add(Watcher* watcher) {
  STELE_CHECK(!watcher->range.IsEmpty());
  Group* group =
      watcher->range.IsExact() ? &exact_[watcher->range.key] : InsertRange(&root_, watcher->range);
  watcher->group_position = group->size();
  group->push_back(watcher);
  ++size_;
}

void KeyRangeMap::Remove(Watcher* watcher) {
  const KeyRange& range = watcher->range;
  Group* group = nullptr;
  if (range.IsExact()) {
    auto found = exact_.find(range.key);
    if (found != exact_.end()) group = &found->second;
  } else {
    group = FindRange(root_.get(), range);
  }
  STELE_CHECK(group != nullptr);
  STELE_CHECK(watcher->group_position < group->size());
  STELE_CHECK((*group)[watcher->group_position] == watcher);

  Watcher* last = group->back();
  (*group)[watcher->group_position] = last;
  last->group_position = watcher->group_position;
  group->pop_back();
  --size_;
  if (!group->empty()) return;
  if (range.IsExact()) {
    exact_.erase(range.key);
  } else {
    EraseRange(&root_, range);
  }
}

void KeyRangeMap::FindCovering(std::string_view key, std::vector<const Group*>* groups) const {
  const auto found = exact_.find(absl::string_view(key.data(), key.size()));
  if (found != exact_.end()) groups->push_back(&found->second);
  CollectCovering(root_.get(), key, groups);
}

int KeyRangeMap::TreeHeight() const { return root_ == nullptr ? 0 : root_->height; }

void KeyRangeMap::Refresh(Node* node) {
  node->height = 1;
  node->furthest = &node->range;
  for (const Node* child : {node->left.get(), node->right.get()}) {
    if (child == nullptr) continue;
    node->height = std::max(node->height, child->height + 1);
    if (EndsBefore(*node->furthest, *child->furthest)) node->furthest = child->furthest;
  }
}

void KeyRangeMap::RotateLeft(Link* link) {
  Link top = std::move((*link)->right);
  (*link)->right = std::move(top->left);
  Refresh(link->get());
  top->left = std::move(*link);
  *link = std::move(top);
  Refresh(link->get());
}

void KeyRangeMap::RotateRight(Link* link) {
  Link top = std::move((*link)->left);
  (*link)->left = std::move(top->right);
  Refresh(link->get());
  top->right = std::move(*link);
  *link = std::move(top);
  Refresh(link->get());
}

void KeyRangeMap::Rebalance(Link* link) {
  const auto height = [](const Link& child) { return child == nullptr ? 0 : child->height; };
  const auto lean = [&](const Link& node) { return height(node->left) - height(node->right); };
  Refresh(link->get());
  if (lean(*link) > 1) {
    if (lean((*link)->left) < 0) RotateLeft(&(*link)->left);
    RotateRight(link);
  } else if (lean(*link) < -1) {
    if (lean((*link)->right) > 0) RotateRight(&(*link)->right);
    RotateLeft(link);
  }
}

KeyRangeMap::Group* KeyRangeMap::InsertRange(Link* link, const KeyRange& range) {
  if (*link == nullptr) {
    *link = std::make_unique<Node>(range);
    return &(*link)->group;
  }
  if ((*link)->range == range) return &(*link)->group;
  Link* side = SortsBefore(range, (*link)->range) ? &(*link)->left : &(*link)->right;
  Group* group = InsertRange(side, range);
  Rebalance(link);
  return group;
}

void KeyRangeMap::EraseRange(Link* link, const KeyRange& range) {
  STELE_CHECK(*link != nullptr);
  if ((*link)->range == range) {
    Link gone = std::move(*link);
    if (gone->left == nullptr || gone->right == nullptr) {
      *link = std::move(gone->left == nullptr ? gone->right : gone->left);
      return;
    }
    // The next range in order takes the place; nodes move, their contents do not.
    Link next = DetachFirst(&gone->right);
    next->left = std::move(gone->left);
    next->right = std::move(gone->right);
    *link = std::move(next);
  } else {
    EraseRange(SortsBefore(range, (*link)->range) ? &(*link)->left : &(*link)->right, range);
  }
  Rebalance(link);
}

KeyRangeMap::Link KeyRangeMap::DetachFirst(Link* link) {
  if ((*link)->left == nullptr) {
    Link first = std::move(*link);
    *link = std::move(first->right);
    return first;
  }
  Link first = DetachFirst(&(*link)->left);
  Rebalance(link);
  return first;
}

KeyRangeMap::Group* KeyRangeMap::FindRange(Node* node, const KeyRange& range) {
  while (node != nullptr && !(node->range == range)) {
    node = SortsBefore(range, node->range) ? node->left.get() : node->right.get();
  }
  return node == nullptr ? nullptr : &node->group;
}

void KeyRangeMap::CollectCovering(const Node* node, std::string_view key,
                                  std::vector<const Group*>* groups) {
  if (node == nullptr) return;
  if (!node->furthest->IsUnbounded() && node->furthest->range_end <= key) return;
  CollectCovering(node->left.get(), key, groups);
  if (key < node->range.key) return;  // everything to the right begins behind the key as well
  if (node->range.Contains(key)) groups->push_back(&node->group);
  CollectCovering(node->right.get(), key, groups);
}

}  // namespace stele::server
