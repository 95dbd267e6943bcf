// A Call whose peer reads as slowly as the test wants, and which decodes what was written.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "proto/rpc.pb.h"
#include "src/server/api/call.h"

namespace stele::server {

class FakeCall : public Call {
 public:
  explicit FakeCall(std::map<std::string, std::string> metadata = {})
      : metadata_(std::move(metadata)) {}

  // The peer stops, or goes on, taking what is written. Going on takes all that is queued.
  void SetReading(bool reading) {
    std::vector<std::function<void()>> due;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      reading_ = reading;
      if (reading_) queued_ = 0;
      due = TakeDue();
    }
    for (const auto& drained : due) drained();
  }

  // All responses since the last call.
  std::vector<etcdserverpb::WatchResponse> Take() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return std::exchange(responses_, {});
  }
  std::optional<absl::Status> finished() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return finished_;
  }
  std::size_t largest_queue() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return largest_queue_;
  }

  std::optional<std::string> Metadata(std::string_view name) const override {
    const auto found = metadata_.find(std::string(name));
    if (found == metadata_.end()) return std::nullopt;
    return found->second;
  }
  absl::Time deadline() const override { return absl::InfiniteFuture(); }
  std::string peer() const override { return "test"; }
  bool ended() const override { return finished().has_value(); }

  void Write(std::span<const Bytes> parts) override {
    std::string message;
    for (const Bytes& part : parts) message += *part;
    etcdserverpb::WatchResponse response;
    ASSERT_TRUE(response.ParseFromString(message));
    // What we write piecewise must be what protobuf would write at once.
    EXPECT_EQ(message, response.SerializeAsString());
    const std::lock_guard<std::mutex> lock(mutex_);
    if (finished_.has_value()) return;
    responses_.push_back(std::move(response));
    if (!reading_) queued_ += message.size();
    largest_queue_ = std::max(largest_queue_, queued_);
  }
  void Finish(const absl::Status& status) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!finished_.has_value()) finished_ = status;
  }
  void Reply(std::string /*message*/) override { FAIL() << "a watch is a stream"; }

  std::size_t queued_bytes() const override {
    const std::lock_guard<std::mutex> lock(mutex_);
    return queued_;
  }
  void NotifyDrained(std::size_t threshold, std::function<void()> drained) override {
    std::vector<std::function<void()>> due;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (finished_.has_value()) return;
      waiting_.emplace_back(threshold, std::move(drained));
      due = TakeDue();
    }
    for (const auto& callback : due) callback();
  }

 private:
  std::vector<std::function<void()>> TakeDue() {
    std::vector<std::function<void()>> due;
    std::vector<std::pair<std::size_t, std::function<void()>>> later;
    for (auto& [threshold, drained] : waiting_) {
      if (queued_ <= threshold) {
        due.push_back(std::move(drained));
      } else {
        later.emplace_back(threshold, std::move(drained));
      }
    }
    waiting_ = std::move(later);
    return due;
  }

  const std::map<std::string, std::string> metadata_;
  mutable std::mutex mutex_;
  bool reading_ = true;
  std::size_t queued_ = 0;
  std::size_t largest_queue_ = 0;
  std::vector<etcdserverpb::WatchResponse> responses_;
  std::optional<absl::Status> finished_;
  std::vector<std::pair<std::size_t, std::function<void()>>> waiting_;
};

}  // namespace stele::server
