#include "src/storage/mvcc/key_counts.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <utility>

#include "src/storage/state_machine/state_machine.h"

namespace stele::storage {

namespace {

// Counts what no block says and offers it in blocks.
class Gap {
 public:
  Gap(const KeySource& source, std::int64_t revision, KeyCounts* counts)
      : source_(source), revision_(revision), counts_(counts) {}

  absl::StatusOr<std::int64_t> Count(const KeyInterval& interval) {
    const std::unique_ptr<KeyCursor> cursor = source_.Scan(interval);
    std::int64_t count = 0;
    KeyCounts::Block block{.begin = interval.begin(), .end = ""};
    for (; cursor->Valid(); cursor->Next()) {
      if (std::cmp_equal(block.count, counts_->limits().block_keys)) {
        block.end = cursor->key();
        std::string next = block.end;
        Offer(std::move(block));
        block = {.begin = std::move(next), .end = ""};
      }
      ++block.count;
      ++count;
    }
    if (!cursor->status().ok()) return cursor->status();
    return count;
  }

  // Also what is less than is learned at once, if it follows what was.
  void Finish() {
    if (has_offered_ && !blocks_.empty()) counts_->Learn(std::move(blocks_), revision_);
  }

 private:
  void Offer(KeyCounts::Block block) {
    blocks_.push_back(std::move(block));
    if (blocks_.size() < counts_->limits().blocks_at_once) return;
    has_offered_ = true;
    counts_->Learn(std::exchange(blocks_, {}), revision_);
  }

  const KeySource& source_;
  const std::int64_t revision_;
  KeyCounts* const counts_;
  std::vector<KeyCounts::Block> blocks_;
  bool has_offered_ = false;
};

}  // namespace

std::optional<std::int64_t> KeyCounts::CountAt(const Entry& block, std::int64_t revision) {
  const auto step = std::find_if(block.steps.rbegin(), block.steps.rend(),
                                 [&](const Step& each) { return each.revision <= revision; });
  return step == block.steps.rend() ? std::nullopt : std::optional<std::int64_t>(step->count);
}

KeyCounts::Known KeyCounts::Lookup(const KeyInterval& interval, std::int64_t revision) const {
  Known known;
  const std::shared_lock<std::shared_mutex> lock(mutex_);
  std::string_view position = interval.begin();
  for (auto block = blocks_.lower_bound(position); block != blocks_.end(); ++block) {
    const auto& [begin, entry] = *block;
    if (!interval.unbounded() && entry.end > interval.end()) break;
    const std::optional<std::int64_t> count = CountAt(entry, revision);
    if (!count) continue;
    if (position < begin) known.unknown.emplace_back(position, begin);
    known.count += *count;
    position = entry.end;
  }
  if (interval.unbounded() || position < interval.end()) {
    known.unknown.push_back(interval.From(position));
  }
  return known;
}

bool KeyCounts::IsFree(std::string_view begin, std::string_view end) const {
  auto next = blocks_.lower_bound(begin);
  if (next != blocks_.end() && next->first < end) return false;
  return next == blocks_.begin() || std::prev(next)->second.end <= begin;
}

void KeyCounts::Learn(std::vector<Block> blocks, std::int64_t revision) {
  const std::unique_lock<std::shared_mutex> lock(mutex_);
  if (!recording_) {
    recording_ = true;
    recorded_since_ = revision_;
  }
  if (revision < recorded_since_) return;
  Blocks learned;
  for (Block& block : blocks) {
    if (blocks_.size() + learned.size() >= limits_.blocks_max) break;
    if (!IsFree(block.begin, block.end)) continue;
    learned.emplace(std::move(block.begin),
                    Entry{.end = std::move(block.end), .steps = {{revision, block.count}}});
  }
  const auto later = std::upper_bound(
      recent_.begin(), recent_.end(), revision,
      [](std::int64_t bound, const Change& change) { return bound < change.revision; });
  for (auto change = later; change != recent_.end(); ++change) Carry(*change, &learned);
  blocks_.merge(learned);
}

void KeyCounts::Carry(const Change& change, Blocks* blocks) const {
  auto block = blocks->upper_bound(change.key);
  if (block == blocks->begin()) return;
  --block;
  Entry& entry = block->second;
  if (change.key >= entry.end) return;
  const std::int64_t count = entry.steps.back().count + change.difference;
  if (count == 0 || std::cmp_greater_equal(count, 4 * limits_.block_keys)) {
    blocks->erase(block);
    return;
  }
  if (entry.steps.back().revision == change.revision) {
    entry.steps.back().count = count;
    return;
  }
  if (entry.steps.size() == limits_.steps_max) entry.steps.erase(entry.steps.begin());
  entry.steps.push_back({change.revision, count});
}

void KeyCounts::Remember(Change change) {
  recent_bytes_ += sizeof(Change) + change.key.size();
  recent_.push_back(std::move(change));
  while (recent_bytes_ > limits_.recent_bytes_max) {
    recorded_since_ = recent_.front().revision;
    recent_bytes_ -= sizeof(Change) + recent_.front().key.size();
    recent_.pop_front();
  }
}

void KeyCounts::Record(std::span<const EventBatch> events, std::int64_t revision) {
  const std::unique_lock<std::shared_mutex> lock(mutex_);
  revision_ = revision;
  if (!recording_) return;
  for (const EventBatch& batch : events) {
    for (const Event& event : batch.events) {
      const bool is_put = event.type == mvccpb::Event::PUT;
      if (is_put && !event.prev.IsNone()) continue;
      Change change{batch.revision, is_put ? 1 : -1, event.kv->key()};
      Carry(change, &blocks_);
      Remember(std::move(change));
    }
  }
}

absl::StatusOr<std::int64_t> CountKeys(const KeySource& source, const KeyInterval& interval,
                                       std::int64_t revision, KeyCounts* counts) {
  KeyCounts::Known known = counts->Lookup(interval, revision);
  Gap gap(source, revision, counts);
  for (const KeyInterval& unknown : known.unknown) {
    absl::StatusOr<std::int64_t> count = gap.Count(unknown);
    if (!count.ok()) return count;
    known.count += *count;
  }
  gap.Finish();
  return known.count;
}

}  // namespace stele::storage
