#include "src/server/peer/admission_desk.h"

#include <algorithm>
#include <utility>

namespace stele::server {

AdmissionDesk::AdmissionDesk(Surroundings surroundings) : around_(std::move(surroundings)) {}

void AdmissionDesk::Answer(const stelepb::AdmissionQuestion& question, Done done) {
  stelepb::AdmissionAnswer answer;
  answer.set_known_epoch(Remember(question));
  auto shared = std::make_shared<Done>(std::move(done));
  const raft::NodeId member{question.member_id()};
  const bool asked = around_.ask_raft([member, answer, shared](const raft::RawNode& raft) mutable {
    for (const raft::Status::Peer& peer : raft.GetStatus().peers) {
      if (peer.id == member) answer.set_acked_index(peer.match_index.value);
    }
    (*shared)(answer);
  });
  if (!asked) (*shared)(answer);
}

std::uint64_t AdmissionDesk::Remember(const stelepb::AdmissionQuestion& question) {
  std::uint64_t known = 0;
  for (const stelepb::MemberRecord& member : around_.view()->Members()) {
    if (member.id() == question.member_id()) known = member.boot_epoch();
  }
  const std::lock_guard lock(mutex_);
  Start& newest = newest_[question.member_id()];
  if (newest.id != question.start_id()) known = std::max(known, newest.epoch);
  if (question.epoch() > newest.epoch) newest = {question.epoch(), question.start_id()};
  return known;
}

}  // namespace stele::server
