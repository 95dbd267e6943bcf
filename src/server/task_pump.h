// Runs tasks one after another on a thread of its own: work that waits for the disk and must not
// hold up whoever asks for it.
//
// Any thread posts. What was not run when the thread stops is destroyed with the pump.
#pragma once

#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "src/server/mailbox.h"
#include "src/server/pump.h"

namespace stele::server {

class TaskPump final : public Pump {
 public:
  using Task = absl::AnyInvocable<void()>;

  void set_wake(Wake wake) { tasks_.set_wake(std::move(wake)); }
  void Post(Task task) { tasks_.Post(std::move(task)); }

  bool RunOnce() override {
    tasks_.TakeAll(&batch_);
    const bool worked = !batch_.empty();
    for (Task& task : batch_) task();
    batch_.clear();
    return worked;
  }

 private:
  Mailbox<Task> tasks_;
  std::vector<Task> batch_;
};

}  // namespace stele::server
