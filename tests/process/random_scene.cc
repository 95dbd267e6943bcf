#include "tests/process/random_scene.h"

#include <utility>

namespace stele::process {
namespace {

constexpr std::size_t kLeasesRemembered = 12;

void Raise(std::atomic<std::int64_t>* highest, std::int64_t revision) {
  std::int64_t known = *highest;
  while (known < revision && !highest->compare_exchange_weak(known, revision)) {
  }
}

}  // namespace

RandomScene::RandomScene(std::vector<std::string> addresses)
    : addresses_(std::move(addresses)),
      lives_(std::make_unique<std::atomic<std::uint64_t>[]>(addresses_.size())) {}

void RandomScene::SawRevision(std::int64_t revision) { Raise(&known_revision_, revision); }

void RandomScene::Witnessed(std::int64_t revision) { Raise(&witnessed_, revision); }

void RandomScene::AddLease(std::int64_t id) {
  const absl::MutexLock lock(&mutex_);
  leases_.push_back(id);
  if (leases_.size() > kLeasesRemembered) leases_.erase(leases_.begin());
}

std::vector<std::int64_t> RandomScene::Leases() const {
  const absl::MutexLock lock(&mutex_);
  return leases_;
}

std::uint64_t RandomScene::LifeOf(int member) const {
  const std::uint64_t life = lives_[Index(member)];
  const bool ends = life % 2 == 1;
  return ends ? 0 : (static_cast<std::uint64_t>(member) + 1) << 32U | life;
}

void RandomScene::Stop() {
  const absl::MutexLock lock(&mutex_);
  stopped_ = true;
}

bool RandomScene::stopped() const {
  const absl::MutexLock lock(&mutex_);
  return stopped_;
}

bool RandomScene::Rest(absl::Duration duration) const {
  const absl::MutexLock lock(&mutex_);
  return !mutex_.AwaitWithTimeout(absl::Condition(&stopped_), duration);
}

MemberChoice::MemberChoice(const std::vector<std::string>& addresses, int first)
    : member_(first % static_cast<int>(addresses.size())) {
  for (const std::string& address : addresses) {
    clients_.push_back(std::make_unique<MemberClient>(address));
  }
}

void MemberChoice::Move(sim::RandomStream* random) {
  const auto count = static_cast<int>(clients_.size());
  if (count == 1) return;
  member_ = (member_ + 1 + static_cast<int>(random->Below(clients_.size() - 1))) % count;
}

}  // namespace stele::process
