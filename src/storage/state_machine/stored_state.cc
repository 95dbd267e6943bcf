#include "src/storage/state_machine/stored_state.h"

#include "src/storage/mvcc/key_codec.h"

namespace stele::storage {

namespace {

constexpr char kFormatVersion = 2;
constexpr std::size_t kStoredStateBytes = 1 + 6 * 8 + 4 + 2 * 8;

void AppendSigned(std::int64_t number, std::string* out) {
  AppendBigEndian64(static_cast<std::uint64_t>(number), out);
}

std::int64_t LoadSigned(const char* bytes) {
  return static_cast<std::int64_t>(LoadBigEndian64(bytes));
}

}  // namespace

std::string EncodeStoredState(const StoredState& state) {
  std::string bytes(1, kFormatVersion);
  AppendBigEndian64(state.applied.index.value, &bytes);
  AppendBigEndian64(state.applied.term.value, &bytes);
  AppendSigned(state.current_revision, &bytes);
  AppendSigned(state.compact_revision, &bytes);
  AppendSigned(state.compaction.next.main, &bytes);
  AppendSigned(state.compaction.finished, &bytes);
  AppendBigEndian32(state.compaction.next.sub, &bytes);
  AppendBigEndian64(state.digest.low, &bytes);
  AppendBigEndian64(state.digest.high, &bytes);
  return bytes;
}

absl::StatusOr<StoredState> DecodeStoredState(std::string_view bytes) {
  if (bytes.empty() || bytes[0] != kFormatVersion) {
    return absl::FailedPreconditionError("store: written by another version of the format");
  }
  if (bytes.size() != kStoredStateBytes) {
    return absl::DataLossError("store: state record has a wrong size");
  }
  const char* numbers = bytes.data() + 1;
  StoredState state;
  state.applied.index.value = LoadBigEndian64(numbers);
  state.applied.term.value = LoadBigEndian64(numbers + 8);
  state.current_revision = LoadSigned(numbers + 16);
  state.compact_revision = LoadSigned(numbers + 24);
  state.compaction.next.main = LoadSigned(numbers + 32);
  state.compaction.finished = LoadSigned(numbers + 40);
  state.compaction.next.sub = LoadBigEndian32(numbers + 48);
  state.digest = {LoadBigEndian64(numbers + 52), LoadBigEndian64(numbers + 60)};
  return state;
}

}  // namespace stele::storage
