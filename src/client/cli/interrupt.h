// Ctrl-C and SIGTERM as a call instead of a sudden end, for commands that hold something they must
// give back.
#pragma once

#include <atomic>
#include <functional>
#include <thread>

namespace stele::cli {

class Interrupt {
 public:
  // Keeps the signals from this thread and those it will start. Call it before anything that
  // starts threads, making a client for instance.
  static void Block();

  // `on_interrupt` is called once, with the signal and from a thread of its own; a second signal
  // ends the process.
  explicit Interrupt(std::function<void(int)> on_interrupt);
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;
  ~Interrupt();

  bool raised() const { return raised_; }

 private:
  void Run(const std::function<void(int)>& on_interrupt);

  int signals_ = -1;  // readable when a signal has come
  int stop_ = -1;     // readable when the object goes
  std::atomic<bool> raised_ = false;
  std::thread thread_;
};

}  // namespace stele::cli
