#include "src/client/retry.h"

#include <gtest/gtest.h>

namespace stele::client {
namespace {

const absl::Status kNoConnection =
    absl::UnavailableError("there is no connection available: no answer from a:1");

TEST(Retry, ReadsAreRepeatedWhileServersAreUnavailable) {
  EXPECT_TRUE(MayRetry(CallKind::kRead, absl::UnavailableError("etcdserver: no leader")));
  EXPECT_TRUE(MayRetry(CallKind::kRead, kNoConnection));
}

TEST(Retry, ReadsAreNotRepeatedAfterAnAnswer) {
  EXPECT_FALSE(MayRetry(CallKind::kRead, absl::OutOfRangeError("compacted")));
  EXPECT_FALSE(MayRetry(CallKind::kRead, absl::DeadlineExceededError("")));
  EXPECT_FALSE(MayRetry(CallKind::kRead, absl::InternalError("")));
}

TEST(Retry, WritesAreRepeatedOnlyWhenNothingWasSent) {
  EXPECT_TRUE(MayRetry(CallKind::kWrite, kNoConnection));
  EXPECT_FALSE(MayRetry(CallKind::kWrite, absl::UnavailableError("Socket closed")));
  EXPECT_FALSE(MayRetry(CallKind::kWrite, absl::UnavailableError("etcdserver: request timed out")));
  EXPECT_FALSE(MayRetry(CallKind::kWrite, absl::DeadlineExceededError("")));
  // The text alone proves nothing under another code.
  EXPECT_FALSE(MayRetry(CallKind::kWrite, absl::UnknownError("there is no connection available")));
}

TEST(Retry, StreamsAreReopenedAfterTheLossOfTheirServer) {
  EXPECT_TRUE(MayReopenStream(absl::UnavailableError("")));
  EXPECT_TRUE(MayReopenStream(absl::InternalError("")));
  EXPECT_FALSE(MayReopenStream(absl::PermissionDeniedError("")));
  EXPECT_FALSE(MayReopenStream(absl::UnimplementedError("")));
}

TEST(Retry, PausesDoubleUpToABound) {
  EXPECT_EQ(RetryPause(2), 2 * RetryPause(1));
  EXPECT_EQ(RetryPause(100), RetryPause(1000));
  EXPECT_LE(RetryPause(1000), absl::Seconds(1));
  EXPECT_GT(RetryPause(1), absl::ZeroDuration());
}

}  // namespace
}  // namespace stele::client
