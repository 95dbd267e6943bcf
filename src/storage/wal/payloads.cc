#include "src/storage/wal/payloads.h"

#include <utility>
#include <vector>

#include "src/storage/wal/fixed_codec.h"

namespace stele::storage::wal {
namespace {

// One overload of Put and Take for each type that occurs inside a payload.

void Put(std::string* out, const raft::EntryId& id) {
  AppendFixed(out, id.index.value);
  AppendFixed(out, id.term.value);
}

void Put(std::string* out, const raft::HardState& state) {
  AppendFixed(out, state.term.value);
  AppendFixed(out, state.vote.value);
  AppendFixed(out, state.commit.value);
}

void Put(std::string* out, const std::vector<raft::NodeId>& ids) {
  AppendFixed(out, static_cast<std::uint32_t>(ids.size()));
  for (const raft::NodeId id : ids) AppendFixed(out, id.value);
}

void Put(std::string* out, const raft::ConfState& conf_state) {
  Put(out, conf_state.voters);
  Put(out, conf_state.voters_outgoing);
  Put(out, conf_state.learners);
  Put(out, conf_state.learners_next);
  AppendFixed(out, static_cast<std::uint8_t>(conf_state.auto_leave ? 1 : 0));
}

void Put(std::string* out, const raft::SnapshotMeta& snapshot) {
  Put(out, snapshot.last);
  Put(out, snapshot.conf_state);
}

void Take(FixedReader* in, raft::EntryId* id) {
  id->index.value = in->Take<std::uint64_t>();
  id->term.value = in->Take<std::uint64_t>();
}

void Take(FixedReader* in, raft::HardState* state) {
  state->term.value = in->Take<std::uint64_t>();
  state->vote.value = in->Take<std::uint64_t>();
  state->commit.value = in->Take<std::uint64_t>();
}

void Take(FixedReader* in, std::vector<raft::NodeId>* ids) {
  const auto count = in->Take<std::uint32_t>();
  // A count is believed only as far as the bytes behind it reach.
  for (std::uint32_t i = 0; i < count && !in->overrun(); ++i) {
    ids->push_back(raft::NodeId{in->Take<std::uint64_t>()});
  }
}

void Take(FixedReader* in, raft::ConfState* conf_state) {
  Take(in, &conf_state->voters);
  Take(in, &conf_state->voters_outgoing);
  Take(in, &conf_state->learners);
  Take(in, &conf_state->learners_next);
  conf_state->auto_leave = in->Take<std::uint8_t>() != 0;
}

void Take(FixedReader* in, raft::SnapshotMeta* snapshot) {
  Take(in, &snapshot->last);
  Take(in, &snapshot->conf_state);
}

template <class Value>
std::optional<Value> IfComplete(const FixedReader& in, Value value) {
  if (in.overrun() || !in.rest().empty()) return std::nullopt;
  return value;
}

}  // namespace

std::string EncodeSegmentHead(const SegmentHead& head) {
  std::string out;
  AppendFixed(&out, head.file_bytes);
  AppendFixed(&out, head.previous_end);
  AppendFixed(&out, head.summary.identity.cluster_id);
  AppendFixed(&out, head.summary.identity.member_id);
  Put(&out, head.summary.hard_state);
  Put(&out, head.summary.last);
  Put(&out, head.summary.base);
  Put(&out, head.summary.base_conf_state);
  Put(&out, head.summary.snapshot);
  return out;
}

std::optional<SegmentHead> DecodeSegmentHead(std::string_view bytes) {
  FixedReader in(bytes);
  SegmentHead head;
  head.file_bytes = in.Take<std::uint64_t>();
  head.previous_end = in.Take<std::uint64_t>();
  head.summary.identity.cluster_id = in.Take<std::uint64_t>();
  head.summary.identity.member_id = in.Take<std::uint64_t>();
  Take(&in, &head.summary.hard_state);
  Take(&in, &head.summary.last);
  Take(&in, &head.summary.base);
  Take(&in, &head.summary.base_conf_state);
  Take(&in, &head.summary.snapshot);
  return IfComplete(in, std::move(head));
}

std::string EncodeHardState(const raft::HardState& hard_state) {
  std::string out;
  Put(&out, hard_state);
  return out;
}

std::optional<raft::HardState> DecodeHardState(std::string_view bytes) {
  FixedReader in(bytes);
  raft::HardState hard_state;
  Take(&in, &hard_state);
  return IfComplete(in, hard_state);
}

std::string EncodeInstall(const Install& install) {
  std::string out;
  AppendFixed(&out, static_cast<std::uint8_t>(install.keeps_suffix ? 1 : 0));
  Put(&out, install.snapshot);
  return out;
}

std::optional<Install> DecodeInstall(std::string_view bytes) {
  FixedReader in(bytes);
  Install install;
  install.keeps_suffix = in.Take<std::uint8_t>() != 0;
  Take(&in, &install.snapshot);
  return IfComplete(in, std::move(install));
}

std::string EncodeRelease(const Release& release) {
  std::string out;
  Put(&out, release.snapshot);
  Put(&out, release.base);
  Put(&out, release.base_conf_state);
  return out;
}

std::optional<Release> DecodeRelease(std::string_view bytes) {
  FixedReader in(bytes);
  Release release;
  Take(&in, &release.snapshot);
  Take(&in, &release.base);
  Take(&in, &release.base_conf_state);
  return IfComplete(in, std::move(release));
}

std::string EncodeRoll(std::uint32_t next_sequence) {
  std::string out;
  AppendFixed(&out, std::uint64_t{next_sequence});
  return out;
}

std::optional<std::uint32_t> DecodeRoll(std::string_view bytes) {
  FixedReader in(bytes);
  const auto next = in.Take<std::uint64_t>();
  if (next > UINT32_MAX) return std::nullopt;
  return IfComplete(in, static_cast<std::uint32_t>(next));
}

}  // namespace stele::storage::wal
