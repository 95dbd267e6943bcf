#include "bench/load/latency_histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace stele::load {
namespace {

// Each power of two is cut into this many buckets: an error of at most 1/128 of the value.
constexpr int kPrecisionBits = 7;
constexpr std::uint64_t kBucketsPerOctave = 1U << kPrecisionBits;
constexpr std::size_t kBucketCount = (64 - kPrecisionBits) * kBucketsPerOctave;

// Values below kBucketsPerOctave have a bucket each; above, the bucket is the value's octave and
// its kPrecisionBits highest bits below the leading one.
std::size_t BucketOf(std::uint64_t value) {
  if (value < kBucketsPerOctave) return value;
  const int shift = static_cast<int>(std::bit_width(value)) - 1 - kPrecisionBits;
  return (static_cast<std::size_t>(shift) << kPrecisionBits) + (value >> shift);
}

std::uint64_t LastValueOf(std::size_t bucket) {
  if (bucket < kBucketsPerOctave) return bucket;
  const std::size_t shift = (bucket >> kPrecisionBits) - 1;
  const std::uint64_t lead = (bucket & (kBucketsPerOctave - 1)) + kBucketsPerOctave;
  return ((lead + 1) << shift) - 1;
}

}  // namespace

LatencyHistogram::LatencyHistogram() : buckets_(kBucketCount) {}

void LatencyHistogram::Record(std::int64_t latency_ns) {
  latency_ns = std::max<std::int64_t>(latency_ns, 0);
  ++buckets_[BucketOf(static_cast<std::uint64_t>(latency_ns))];
  ++count_;
  max_ns_ = std::max(max_ns_, latency_ns);
  sum_ns_ += static_cast<double>(latency_ns);
}

void LatencyHistogram::Add(const LatencyHistogram& other) {
  for (std::size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  max_ns_ = std::max(max_ns_, other.max_ns_);
  sum_ns_ += other.sum_ns_;
}

double LatencyHistogram::mean_ns() const {
  return count_ == 0 ? 0 : sum_ns_ / static_cast<double>(count_);
}

std::int64_t LatencyHistogram::QuantileNs(double quantile) const {
  if (count_ == 0) return 0;
  const auto wanted = static_cast<std::uint64_t>(std::ceil(quantile * static_cast<double>(count_)));
  const std::uint64_t rank = std::clamp<std::uint64_t>(wanted, 1, count_);
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    seen += buckets_[i];
    if (seen >= rank) return std::min(static_cast<std::int64_t>(LastValueOf(i)), max_ns_);
  }
  return max_ns_;
}

}  // namespace stele::load
