#include "src/storage/state_machine/state_digest.h"

#define XXH_INLINE_ALL  // no library to link, and fast for short inputs
#include <xxhash.h>

namespace stele::storage {
namespace {

class Hasher {
 public:
  Hasher() { XXH3_128bits_reset(&state_); }

  void Add(std::uint64_t number) { XXH3_128bits_update(&state_, &number, sizeof(number)); }
  void Add(std::int64_t number) { Add(static_cast<std::uint64_t>(number)); }
  // With its length, so that no two sequences of strings look alike.
  void Add(std::string_view bytes) {
    Add(std::uint64_t{bytes.size()});
    XXH3_128bits_update(&state_, bytes.data(), bytes.size());
  }
  void Add(const mvccpb::KeyValue& kv) {
    Add(std::string_view(kv.key()));
    Add(std::string_view(kv.value()));
    Add(kv.create_revision());
    Add(kv.mod_revision());
    Add(kv.version());
    Add(kv.lease());
  }

  StateDigest Finish() const {
    const XXH128_hash_t hash = XXH3_128bits_digest(&state_);
    return {hash.low64, hash.high64};
  }

 private:
  XXH3_state_t state_;
};

}  // namespace

StateDigest Extend(const StateDigest& before, const EntryEffects& effects) {
  Hasher hasher;
  hasher.Add(before.low);
  hasher.Add(before.high);
  hasher.Add(effects.id.index.value);
  hasher.Add(effects.id.term.value);
  hasher.Add(std::int64_t{effects.answer_code});
  hasher.Add(effects.current_revision);
  for (const EventBatch& batch : effects.events) {
    hasher.Add(batch.revision);
    for (const Event& event : batch.events) {
      hasher.Add(std::int64_t{event.type});
      hasher.Add(*event.kv);
    }
  }
  for (const LeaseChange& change : effects.lease_changes) {
    hasher.Add(static_cast<std::uint64_t>(change.kind));
    hasher.Add(change.id);
    hasher.Add(change.ttl_seconds);
  }
  hasher.Add(effects.members);
  // Members of older releases, which know no alarms, come to the same digest as long as there is
  // none.
  if (!effects.alarms.empty()) hasher.Add(effects.alarms);
  return hasher.Finish();
}

}  // namespace stele::storage
