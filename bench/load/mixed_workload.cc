#include "bench/load/mixed_workload.h"

#include <array>
#include <utility>

namespace stele::load {

MixedWorkload::MixedWorkload(std::unique_ptr<Workload> reads, std::unique_ptr<Workload> writes,
                             unsigned read_percent, std::uint64_t seed)
    : reads_(std::move(reads)),
      writes_(std::move(writes)),
      read_percent_(read_percent),
      random_(seed) {}

std::span<const std::string_view> MixedWorkload::operations() const {
  static constexpr std::array<std::string_view, 2> kOperations = {"range", "put"};
  return kOperations;
}

void MixedWorkload::Prepare(Request* request) {
  const bool read = random_.Below(100) < read_percent_;
  (read ? *reads_ : *writes_).Prepare(request);
  request->operation = read ? 0 : 1;
}

}  // namespace stele::load
